"""Between reading and training: notes that the base cannot read are passed over, and it is said."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from ringsight.encoders.settings import NotesConfig
from ringsight.progress import say
from ringsight.records.bank import Bank
from ringsight.records.passed_over import counted

NOTES = "notes"


def heard(bank: Bank, model: Path | None, config: NotesConfig) -> Bank:
    """The bank with the notes that its base cannot read among the records passed over.

    Args:
        bank: that was read.
        model: folder of the model; where it has no part for notes, the base is meant that one would be trained from.
        config: of the note encoder.
    """
    if bank.notes.is_empty() or NOTES in bank.passed_over["modality"]:
        return bank
    from ringsight.encoders.unread_notes import NoteReader, unread_notes

    reader = NoteReader.of(config, (model or Path()) / NOTES)
    if reader is None:
        return bank
    unread, longer = unread_notes(bank.notes, reader)
    if longer:
        say(f"  {longer:,} notes have more than {reader.reach:,} tokens, and are read up to there: notes.windows")
    for reason, notes in counted(unread).get(NOTES, {}).items():
        say(
            f"  passed over of notes, as if absent: {notes:,} ({reason}). They take a multilingual BERT: name the "
            "folder of one on this machine with notes.base=FOLDER"
        )
    return replace(bank, passed_over=pl.concat([bank.passed_over, unread]))

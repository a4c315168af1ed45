"""Between reading and training: what there is to learn from. Notes that the base cannot read are passed over."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from ringsight.encoders.settings import FEWEST_CUSTOMERS, NotesConfig
from ringsight.progress import say
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import modalities
from ringsight.records.passed_over import counted

NOTES = "notes"


def entities_alone(bank: Bank) -> bool:
    """Whether a bank has evidence columns, and of no modality enough to be learned from."""
    told = bank.telling()
    few = all(told.table(name)["customer_id"].n_unique() < FEWEST_CUSTOMERS for name in modalities())
    return few and bool(bank.columns_with(ColumnRole.evidence))


def say_if_uncorroborated(bank: Bank) -> None:
    """Say that one evidence column alone flags nobody."""
    columns = bank.columns_with(ColumnRole.evidence)
    if entities_alone(bank) and len(columns) == 1:
        say(
            f"  {columns[0]} is all that is compared, and nothing corroborates it: groups that share a value are in "
            "rings.csv, and none is flagged. Give a second evidence column, or records"
        )


def heard(bank: Bank, model: Path | None, config: NotesConfig) -> Bank:
    """The bank with the notes that its base cannot read among the records passed over.

    Args:
        bank: that was read.
        model: folder of the model; where it has no part for notes, the base is meant that one would be trained from.
        config: of the note encoder.
    """
    if bank.notes_heard or bank.notes.is_empty():
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
    return replace(bank, passed_over=pl.concat([bank.passed_over, unread]), notes_heard=True)

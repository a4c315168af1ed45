"""The most telling pairs of a ring, side by side: two notes, two images, two rhythms."""

from dataclasses import dataclass

from ringsight.explain.matching import MatchingImages, MatchingNotes, MatchingRecords, MatchingTransactions
from ringsight.explain.statements import images_in_words, notes_in_words, transactions_in_words
from ringsight.report.marked_notes import Note, note, spans_of
from ringsight.report.members import Records, date_of
from ringsight.report.photographs import Photograph, photograph
from ringsight.report.rhythm import Overlay, overlay

PAIRS_SHOWN = 2
"""Pairs in each modality."""
BOX = (320, 220)
"""Largest size of an image."""


@dataclass(frozen=True, slots=True)
class NotesComparison:
    """Two notes, what they have alike marked."""

    sentence: str
    alike: MatchingNotes
    one: Note
    other: Note


@dataclass(frozen=True, slots=True)
class ImagesComparison:
    """Two images, to be outlined where they look alike."""

    sentence: str
    alike: MatchingImages
    one: Photograph
    other: Photograph


@dataclass(frozen=True, slots=True)
class RhythmsComparison:
    """Two rhythms laid over each other, and what else the transactions have alike."""

    sentence: str
    alike: MatchingTransactions
    overlay: Overlay


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it, the most telling first."""

    notes: tuple[NotesComparison, ...]
    images: tuple[ImagesComparison, ...]
    rhythms: tuple[RhythmsComparison, ...]


def comparison(matching_records: MatchingRecords, records: Records) -> Comparison:
    """Set the most telling pairs of a ring side by side.

    Args:
        matching_records: of the ring's ledger.
        records: of its members.
    """
    return Comparison(
        notes=tuple(_notes(alike, records) for alike in matching_records.notes[:PAIRS_SHOWN]),
        images=tuple(_images(alike, records) for alike in matching_records.id_images[:PAIRS_SHOWN]),
        rhythms=tuple(
            RhythmsComparison(
                transactions_in_words(alike),
                alike,
                overlay(records.transactions[alike.customer_a], records.transactions[alike.customer_b]),
            )
            for alike in matching_records.transactions[:PAIRS_SHOWN]
        ),
    )


def _notes(alike: MatchingNotes, records: Records) -> NotesComparison:
    spans = spans_of([alike])
    one, other = (
        note(name, date_of(row["timestamp"]), row["text"], spans[name])
        for customer, name in ((alike.customer_a, alike.note_a), (alike.customer_b, alike.note_b))
        for row in records.notes[customer].iter_rows(named=True)
        if row["note_id"] == name
    )
    return NotesComparison(notes_in_words(alike), alike, one, other)


def _images(alike: MatchingImages, records: Records) -> ImagesComparison:
    one, other = (
        photograph(records.bank.path, name, row["path"], BOX)
        for customer, name in ((alike.customer_a, alike.image_a), (alike.customer_b, alike.image_b))
        for row in records.images[customer].iter_rows(named=True)
        if row["image_id"] == name
    )
    return ImagesComparison(images_in_words(alike), alike, one, other)

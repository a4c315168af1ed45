"""The most telling pairs of a ring, side by side: two notes, two images, two rhythms."""

from dataclasses import dataclass, field

from ringsight.explain.matching import MatchingImages, MatchingNotes, MatchingRecords, MatchingTransactions
from ringsight.report.marked_notes import Note, note, spans_of
from ringsight.report.members import Records, date_of
from ringsight.report.photographs import Photograph, photograph
from ringsight.report.rhythm import Overlay, overlay

PAIRS_SHOWN = 2
"""Pairs in each modality."""
BOX = (320, 220)
"""Largest size of an image, in pixels."""


@dataclass(frozen=True, slots=True)
class NotesComparison:
    """Two notes, with the passages marked that both have."""

    sentence: str
    alike: MatchingNotes
    one: Note
    other: Note


@dataclass(frozen=True, slots=True)
class ImagesComparison:
    """Two images, with outlines where they look alike."""

    sentence: str
    alike: MatchingImages
    one: Photograph
    other: Photograph


@dataclass(frozen=True, slots=True)
class RhythmsComparison:
    """Two rhythms in one picture, and what else the transactions have alike."""

    sentence: str
    alike: MatchingTransactions
    overlay: Overlay


@dataclass(slots=True)
class Comparison:
    """The pairs of each modality, the most telling first."""

    notes: list[NotesComparison] = field(default_factory=list)
    images: list[ImagesComparison] = field(default_factory=list)
    rhythms: list[RhythmsComparison] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Pairs of other modalities: what they have alike, in words."""

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.notes or self.images or self.rhythms or self.others)


def comparison(matching_records: MatchingRecords, records: Records) -> Comparison:
    """Set the most telling pairs of a ring side by side.

    Args:
        matching_records: of the ring's ledger.
        records: of its members.
    """
    shown = Comparison()
    for pair in (pair for pairs in matching_records.values() for pair in pairs[:PAIRS_SHOWN]):
        match pair:
            case MatchingNotes():
                shown.notes.append(_notes(pair, records))
            case MatchingImages():
                shown.images.append(_images(pair, records))
            case MatchingTransactions():
                one, other = (records.transactions[customer] for customer in (pair.customer_a, pair.customer_b))
                shown.rhythms.append(RhythmsComparison(pair.sentence, pair, overlay(one, other)))
            case _:
                shown.others.append(pair.sentence)
    return shown


def _notes(alike: MatchingNotes, records: Records) -> NotesComparison:
    spans = spans_of([alike])
    one, other = (
        note(name, date_of(row["timestamp"]), row["text"], spans[name])
        for customer, name in ((alike.customer_a, alike.note_a), (alike.customer_b, alike.note_b))
        for row in records.notes[customer].iter_rows(named=True)
        if row["note_id"] == name
    )
    return NotesComparison(alike.sentence, alike, one, other)


def _images(alike: MatchingImages, records: Records) -> ImagesComparison:
    one, other = (
        photograph(records.bank.pictures, name, row["path"], BOX)
        for customer, name in ((alike.customer_a, alike.image_a), (alike.customer_b, alike.image_b))
        for row in records.images[customer].iter_rows(named=True)
        if row["image_id"] == name
    )
    return ImagesComparison(alike.sentence, alike, one, other)

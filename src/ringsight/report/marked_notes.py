"""Call notes for readers: cut short, with the passages marked that another member's note has too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ringsight.explain.matching import MatchingNotes, MatchingPair

LONGEST = 600
"""Characters of a note that are shown."""
STOCK = 0.1
"""A passage that a larger share of customers' notes have is a stock phrase; so is one of a single agent."""


@dataclass(frozen=True, slots=True)
class Span:
    """A passage of one note, in characters, the end exclusive."""

    start: int
    end: int
    mark: str
    """`rare`, or `stock` for a phrase that many customers' notes have, or one agent's."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note, cut at `LONGEST` characters."""

    note_id: str
    date: str
    pieces: tuple[tuple[str, str], ...]
    """The text in pieces: (text, mark of its span or "")."""
    left_out: int
    """Characters cut off."""


def spans_of(pairs: Iterable[MatchingPair]) -> Mapping[str, Sequence[Span]]:
    """For each note the passages that it has alike with others; pairs of other records are passed over."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for pair in (pair for pair in pairs if isinstance(pair, MatchingNotes)):
        for passage in pair.passages:
            stock = passage.only_agent or passage.customers > max(2, STOCK * pair.of)
            mark = "stock" if stock else "rare"
            spans[pair.note_a].append(Span(passage.start_a, passage.end_a, mark))
            spans[pair.note_b].append(Span(passage.start_b, passage.end_b, mark))
    return spans


def note(note_id: str, date: str, text: str, spans: Iterable[Span]) -> Note:
    """Cut a note and mark its spans; where two overlap, the rare one is shown."""
    shown = text[:LONGEST]
    marks = [""] * len(shown)
    for span in sorted(spans, key=lambda span: span.mark == "rare"):
        end = min(span.end, len(shown))
        marks[span.start : end] = [span.mark] * max(end - span.start, 0)
    return Note(note_id=note_id, date=date, pieces=_pieces(shown, marks), left_out=len(text) - len(shown))


def _pieces(text: str, marks: Sequence[str]) -> tuple[tuple[str, str], ...]:
    edges = [at for at in range(1, len(text)) if marks[at] != marks[at - 1]]
    return tuple(
        (text[start:end], marks[start])
        for start, end in zip([0, *edges], [*edges, len(text)], strict=True)
        if end > start
    )

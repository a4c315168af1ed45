"""The common script of a ring's notes for readers: for each member its own words, phrase by phrase."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ringsight.explain.script import Phrase, Script

LONGEST = 220
"""Characters of a phrase that are shown."""


@dataclass(frozen=True, slots=True)
class SpeltLine:
    """What one member's note says."""

    customer_id: str
    note_id: str
    phrases: tuple[str, ...]
    """The note's words for each phrase; empty where it has none."""


@dataclass(frozen=True, slots=True)
class SpeltScript:
    """The script, aligned."""

    phrases: tuple[Phrase, ...]
    lines: tuple[SpeltLine, ...]


def spelt_script(script: Script, notes: pl.DataFrame) -> SpeltScript:
    """Fill a script with the notes' own words.

    Args:
        script: of a ring.
        notes: those that it names at least.
    """
    named = [line.note_id for line in script.lines]
    wanted = notes.with_columns(pl.col("note_id").cast(pl.String)).filter(pl.col("note_id").is_in(named))
    texts = dict(wanted.select("note_id", "text").iter_rows())
    return SpeltScript(
        script.phrases,
        tuple(_filled(line.customer_id, line.note_id, line.places, texts[line.note_id]) for line in script.lines),
    )


def _filled(customer: str, note_id: str, places: Sequence[tuple[int, int] | None], text: str) -> SpeltLine:
    said = tuple(_short(text[place[0] : place[1]]) if place else "" for place in places)
    return SpeltLine(customer, note_id, said)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

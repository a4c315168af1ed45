"""The script behind a ring's notes: words in a row that several members' notes have and others' hardly do, aligned.

It illustrates a ring and is no part of its score. It names passages by their offsets, and quotes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from ringsight.explain.base_rates import BY_CHANCE, RUN, BaseRates, share_outside, surprise
from ringsight.explain.matching import NOTES_EACH, Word, words_of
from ringsight.explain.matching.sampling import latest_each, records_by_customer

PHRASES = 4
"""Phrases of a script, the most surprising ones."""
APART = 3
"""Words between two runs of one phrase, at most."""

Place = tuple[int, int]
"""Characters of a note, the end exclusive."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part of the script."""

    members: int
    """Members whose notes have it,"""
    of: int
    """of those who have notes."""
    others: int
    """Other customers whose notes have any of its words in a row,"""
    sampled: int
    """of those whose notes were read for that."""
    bits: float
    """How rarely chance gives it to so many members, however many words were looked at."""
    only_agent: str
    """The agent who wrote all of it, as with a template; empty where several did, or where the bank names none."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One member's note, laid against the script."""

    customer_id: str
    note_id: str
    places: tuple[Place | None, ...]
    """Where each phrase stands in the note; None where it does not."""


@dataclass(frozen=True, slots=True)
class Script:
    """What several members' notes say."""

    phrases: tuple[Phrase, ...]
    """In the order of the note that has most of it."""
    lines: tuple[ScriptLine, ...]
    """For each member who has any of it, in the order given."""

    @property
    def members(self) -> int:
        """Members who have any of it."""
        return len(self.lines)

    @property
    def template(self) -> bool:
        """Whether one agent wrote all of it."""
        return all(phrase.only_agent for phrase in self.phrases)

    @property
    def bits(self) -> float:
        """Those of its most surprising phrase."""
        return max(phrase.bits for phrase in self.phrases)


@dataclass(frozen=True, slots=True)
class _Note:
    customer: str
    note_id: str
    agent: str
    words: tuple[Word, ...]
    runs: tuple[str, ...]
    """The run that begins at each word."""


def script(members: Sequence[str], notes: pl.DataFrame, rates: BaseRates) -> Script | None:
    """Align what members' notes have in common; None where chance explains it.

    Args:
        members: customer ids.
        notes: of these members at least; the latest `NOTES_EACH` of each are read.
        rates: of the bank.
    """
    read = _read(members, notes)
    bits = _telling(read, rates)
    if not bits:
        return None
    best = {customer: max(each, key=lambda note: _worth(note, bits)) for customer, each in read.items()}
    spine = max(best.values(), key=lambda note: (_worth(note, bits), note.note_id))
    parts = sorted(_parts(spine, bits), key=lambda part: -max(bits[spine.runs[at]] for at in part))
    named = [frozenset(spine.runs[at] for at in part) for part in sorted(parts[:PHRASES])]
    lines = [
        ScriptLine(customer, note.note_id, tuple(_place(note, runs) for runs in named))
        for customer, note in best.items()
    ]
    several = "agent_id" in notes.columns and rates.bank.notes["agent_id"].drop_nulls().n_unique() > 1
    agents = {note.note_id: note.agent for note in best.values()} if several else {}
    return Script(
        phrases=tuple(
            _phrase(runs, [line for line in lines if line.places[at]], len(read), (bits, rates, members, agents))
            for at, runs in enumerate(named)
        ),
        lines=tuple(line for line in lines if any(line.places)),
    )


def _read(members: Sequence[str], notes: pl.DataFrame) -> dict[str, list[_Note]]:
    """The latest notes of each member who has any, in the order of the members."""
    by_customer = records_by_customer(notes, members)
    return {
        customer: [
            _note(customer, row)
            for row in latest_each(by_customer[customer], ("timestamp", "note_id"), NOTES_EACH).iter_rows(named=True)
        ]
        for customer in members
        if customer in by_customer
    }


def _note(customer: str, row: Mapping[str, object]) -> _Note:
    words = tuple(words_of(str(row["text"])))
    runs = tuple(" ".join(word.text for word in words[at : at + RUN]) for at in range(len(words) - RUN + 1))
    return _Note(customer, str(row["note_id"]), str(row.get("agent_id") or ""), words, runs)


def _telling(read: Mapping[str, Sequence[_Note]], rates: BaseRates) -> dict[str, float]:
    """Runs that chance does not explain -> bits."""
    having = Counter(run for notes in read.values() for run in {run for note in notes for run in note.runs})
    shared = sorted(run for run, members in having.items() if members > 1)
    if not shared:
        return {}
    outside = set(rates.sampled).difference(read)
    others = np.array([len(outside.intersection(rates.runs.get(run, ()))) for run in shared])
    members = np.array([having[run] for run in shared])
    shares = share_outside(0, 0, others, len(outside))
    bits = surprise(members, len(read), shares, len(having))
    return {run: float(worth) for run, worth in zip(shared, bits, strict=True) if worth >= BY_CHANCE}


def _worth(note: _Note, bits: Mapping[str, float]) -> float:
    return sum(bits.get(run, 0.0) for run in set(note.runs))


def _parts(note: _Note, bits: Mapping[str, float]) -> list[list[int]]:
    """The words where telling runs begin, in parts that stand close together."""
    found = [at for at, run in enumerate(note.runs) if run in bits]
    parts = [[found[0]]]
    for before, at in pairwise(found):
        if at - before > RUN + APART:
            parts.append([])
        parts[-1].append(at)
    return parts


def _place(note: _Note, runs: frozenset[str]) -> Place | None:
    """Where most of a phrase's runs stand close together in a note."""
    found = {run: 1.0 for run in runs.intersection(note.runs)}
    if not found:
        return None
    part = max(_parts(note, found), key=len)
    return note.words[part[0]].start, note.words[part[-1] + RUN - 1].end


def _phrase(
    runs: frozenset[str],
    lines: Sequence[ScriptLine],
    of: int,
    known: tuple[Mapping[str, float], BaseRates, Sequence[str], Mapping[str, str]],
) -> Phrase:
    bits, rates, members, agents = known
    outside = set(rates.sampled).difference(members)
    others = {customer for run in runs for customer in rates.runs.get(run, ())} & outside
    wrote = {agents.get(line.note_id, "") for line in lines}
    return Phrase(
        members=len(lines),
        of=of,
        others=len(others),
        sampled=len(outside),
        bits=max(bits[run] for run in runs if run in bits),
        only_agent=wrote.pop() if len(wrote) == 1 else "",
    )

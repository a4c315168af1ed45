"""Call notes of two customers: the passages that both have, and how many other customers' notes have them too.

Words are compared without case and punctuation. The longest run of equal words is taken first, then the longest of what
is left (greedy string tiling: Wise 1993, "String similarity via greedy string tiling and running Karp-Rabin matching").
Runs that only one differing word separates, in both notes, make one passage.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import product
from typing import Any, ClassVar

import numpy as np
import polars as pl

from ringsight.explain.matching.sampling import Pair, customers_of, latest_each, records_by_customer
from ringsight.explain.words import count
from ringsight.records.bank import Bank

NOTES_EACH = 4
"""How many notes of a customer are compared, the latest ones."""
LONGEST = 2_000
"""Characters of a note that are compared."""
SHORTEST_RUN = 2
"""Fewest words of a run."""
FEWEST_WORDS = 4
"""Fewest equal words of a passage."""
SLICE = 100_000
"""Notes searched at a time."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that two notes have alike, in characters of each text, the end exclusive."""

    start_a: int
    end_a: int
    start_b: int
    end_b: int
    words: int
    """Equal words."""
    differing: int
    """Words inside it that differ."""
    customers: int
    """Customers of the bank whose notes have its longest run."""
    only_agent: str
    """The agent who wrote all of those notes, as with a template; empty where several did, or where the bank names
    fewer than two agents."""


@dataclass(frozen=True, slots=True)
class MatchingNotes:
    """The two notes of two customers that agree most."""

    modality: ClassVar[str] = "notes"
    customer_a: str
    customer_b: str
    note_a: str
    note_b: str
    agent_a: str
    agent_b: str
    """Who wrote the notes; empty where the bank does not say."""
    passages: tuple[Passage, ...]
    """In the order of the first note."""
    of: int
    """Customers of the bank who have notes."""

    @property
    def weight(self) -> float:
        """How rare its passages are, in bits, but for those of a single agent. It decides what is shown only."""
        return sum(float(np.log2(self.of / each.customers)) for each in self.passages if not each.only_agent)

    @property
    def cites(self) -> tuple[str, ...]:
        """The two notes."""
        return self.note_a, self.note_b

    @property
    def sentence(self) -> str:
        """What the two notes have alike."""
        longest = max(self.passages, key=lambda passage: passage.words)
        rarest = min(self.passages, key=lambda passage: passage.customers)
        agents = sorted({passage.only_agent for passage in self.passages} - {""})
        template = (
            f" Some of it is only in notes of agent {' and '.join(agents)}, as a template would be." if agents else ""
        )
        by = f", both by agent {self.agent_a}" if self.agent_a and self.agent_a == self.agent_b else ""
        return (
            f"Notes {self.note_a} and {self.note_b}{by}: {count(len(self.passages), 'passage')} alike, the longest "
            f"of {longest.words} words; the rarest is in the notes of {rarest.customers} of {self.of} customers."
            f"{template}"
        )


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a note, in small letters."""

    text: str
    start: int
    end: int
    """Where it stands in the note, in characters, the end exclusive."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A passage, before the bank has been searched for it."""

    runs: tuple[Match, ...]
    phrase: str
    """Its longest run."""
    span: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Carriers:
    customers: int
    only_agent: str


def matching_notes(bank: Bank, pairs: Collection[Pair]) -> dict[Pair, MatchingNotes]:
    """For each pair the two notes that agree most; a pair without a passage in common is left out.

    Args:
        bank: the notes, and who else's have the same words.
        pairs: customers to compare.
    """
    notes = {
        customer: latest_each(rows, ("timestamp", "note_id"), NOTES_EACH).to_dicts()
        for customer, rows in records_by_customer(bank.notes, customers_of(pairs)).items()
    }
    found = {
        pair: [
            (one, other, _stretches(one["text"], other["text"]))
            for one, other in product(notes.get(pair[0], []), notes.get(pair[1], []))
        ]
        for pair in pairs
    }
    phrases = {stretch.phrase for matches in found.values() for *_, stretches in matches for stretch in stretches}
    carriers = _carriers(bank.notes, sorted(phrases))
    of = bank.notes["customer_id"].n_unique()
    best = {}
    for pair, matches in found.items():
        alike = [
            _alike(pair, one, other, _passages(stretches, carriers), of)
            for one, other, stretches in matches
            if stretches
        ]
        if alike:
            best[pair] = max(alike, key=lambda each: (round(each.weight, 6), each.note_a, each.note_b))
    return best


def _alike(
    pair: Pair, one: dict[str, Any], other: dict[str, Any], passages: tuple[Passage, ...], of: int
) -> MatchingNotes:
    return MatchingNotes(
        customer_a=pair[0],
        customer_b=pair[1],
        note_a=str(one["note_id"]),
        note_b=str(other["note_id"]),
        agent_a=str(one.get("agent_id") or ""),
        agent_b=str(other.get("agent_id") or ""),
        passages=passages,
        of=of,
    )


def _passages(stretches: Sequence[_Stretch], carriers: dict[str, _Carriers]) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            *stretch.span,
            words=sum(run.size for run in stretch.runs),
            differing=len(stretch.runs) - 1,
            customers=carriers[stretch.phrase].customers,
            only_agent=carriers[stretch.phrase].only_agent,
        )
        for stretch in stretches
    )


def _stretches(one: str, other: str) -> list[_Stretch]:
    a, b = words_of(one), words_of(other)
    joined: list[list[Match]] = []
    for run in _runs([word.text for word in a], [word.text for word in b]):
        last = joined[-1][-1] if joined else None
        if last and (run.a, run.b) == (last.a + last.size + 1, last.b + last.size + 1):
            joined[-1].append(run)
        else:
            joined.append([run])
    return [_stretch(runs, a, b) for runs in joined if sum(run.size for run in runs) >= FEWEST_WORDS]


def _stretch(runs: Sequence[Match], a: Sequence[Word], b: Sequence[Word]) -> _Stretch:
    first, last = runs[0], runs[-1]
    longest = max(runs, key=lambda run: run.size)
    return _Stretch(
        runs=tuple(runs),
        phrase=" ".join(word.text for word in a[longest.a : longest.a + longest.size]),
        span=(a[first.a].start, a[last.a + last.size - 1].end, b[first.b].start, b[last.b + last.size - 1].end),
    )


def words_of(text: str) -> list[Word]:
    """The words of a note in small letters, of its first `LONGEST` characters."""
    return [Word(word.group().lower(), *word.span()) for word in re.finditer(r"\w+", text[:LONGEST])]


def _runs(one: Sequence[str], other: Sequence[str]) -> list[Match]:
    """Runs of equal words that do not overlap, in the order of the first text."""
    a, b = list(one), list(other)
    runs: list[Match] = []
    while (run := SequenceMatcher(None, a, b, autojunk=False).find_longest_match()).size >= SHORTEST_RUN:
        runs.append(run)
        a[run.a : run.a + run.size] = ["\0a"] * run.size  # taken: no word reads like this
        b[run.b : run.b + run.size] = ["\0b"] * run.size
    return sorted(runs)


def _carriers(notes: pl.DataFrame, phrases: Sequence[str]) -> dict[str, _Carriers]:
    """Search all notes for each phrase, in one pass."""
    agent = pl.col("agent_id").cast(pl.String) if "agent_id" in notes.columns else pl.lit(None, pl.String)
    hits = pl.col("plain").str.extract_many([f" {phrase} " for phrase in phrases], overlapping=True)
    parts = [
        part.with_columns(plain=pl.Series([_plain(text) for text in part["text"]], dtype=pl.String))
        .select(pl.col("customer_id").cast(pl.String), agent=agent, phrase=hits)
        .explode("phrase")
        .drop_nulls("phrase")
        for part in notes.iter_slices(SLICE)
        if phrases
    ]
    if not parts:
        return {}
    customers, agents = (pl.col(column).n_unique() for column in ("customer_id", "agent"))
    agent = pl.col("agent").first().fill_null("")
    counted = pl.concat(parts).group_by("phrase").agg(customers=customers, agents=agents, agent=agent)
    several = "agent_id" in notes.columns and notes["agent_id"].drop_nulls().n_unique() > 1
    return {
        row["phrase"].strip(): _Carriers(row["customers"], row["agent"] if several and row["agents"] == 1 else "")
        for row in counted.iter_rows(named=True)
    }


def _plain(text: str) -> str:
    """The words alone, with a space before and after each."""
    return f" {' '.join(word.text for word in words_of(text))} "

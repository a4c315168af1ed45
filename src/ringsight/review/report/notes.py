"""Call notes as a reader needs them: short, with the phrases that several members' notes share marked."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 600
"""Characters of a note that are shown."""
PHRASE = 4
"""Words in a row that make a phrase."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note, cut at `LONGEST` characters."""

    note_id: str
    date: str
    pieces: tuple[tuple[str, bool], ...]
    """The text in pieces: (text, whether it is shared with another member's notes)."""
    left_out: int
    """Characters cut off."""


def shared_phrases(texts: Iterable[tuple[str, str]]) -> frozenset[tuple[str, ...]]:
    """Every phrase in the shown notes of two members or more, from pairs (customer id, text)."""
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for customer, text in texts:
        words = [word.group().lower() for word in _words(text[:LONGEST])]
        for at in range(len(words) - PHRASE + 1):
            owners[tuple(words[at : at + PHRASE])].add(customer)
    return frozenset(phrase for phrase, customers in owners.items() if len(customers) > 1)


def note(note_id: str, date: str, text: str, phrases: frozenset[tuple[str, ...]]) -> Note:
    """Cut a note and mark what it shares."""
    shown = text[:LONGEST]
    return Note(note_id=note_id, date=date, pieces=_marked(shown, phrases), left_out=len(text) - len(shown))


def _words(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"\w+", text))


def _marked(text: str, phrases: frozenset[tuple[str, ...]]) -> tuple[tuple[str, bool], ...]:
    words = _words(text)
    lower = [word.group().lower() for word in words]
    spans: list[tuple[int, int]] = []
    for at in range(len(words) - PHRASE + 1):
        if tuple(lower[at : at + PHRASE]) in phrases:
            start, end = words[at].start(), words[at + PHRASE - 1].end()
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
    pieces: list[tuple[str, bool]] = []
    done = 0
    for start, end in spans:
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    return tuple(piece for piece in [*pieces, (text[done:], False)] if piece[0])

"""A ranked list of groups held against the truth, by the rule of `ringsight.evaluation.measures`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ringsight.evaluation.measures import half_each_way, mostly_benign, tied
from ringsight.evaluation.truth import Truth

RATE = 0.05
"""Realised false share up to which a list is read."""


@dataclass(frozen=True, slots=True)
class Case:
    """One group of a ranked list."""

    members: frozenset[str]
    rings: tuple[str, ...]
    """True rings that it finds: at least half of each is inside, and it is at least half of the group."""
    benign: bool
    """Whether it is false, and at least half of it are one benign group."""
    false: bool
    """Whether no one hand ties three of its members."""


def held_against(groups: Iterable[frozenset[str]], truth: Truth, known: Iterable[str] = ()) -> list[Case]:
    """Judge groups in their order.

    Args:
        groups: members of each.
        truth: of the bank that was searched.
        known: rings whose members the method was told; groups that find one of them are left out, as are they.
    """
    told, cases = set(known), []
    for members in groups:
        rings = tuple(ring for ring, true in truth.rings.items() if half_each_way(members, true))
        false = not tied(members, truth)
        if not told.intersection(rings):
            cases.append(Case(members, rings, false and mostly_benign(members, truth), false))
    return cases


def found(cases: Iterable[Case]) -> set[str]:
    """True rings that the cases find."""
    return {ring for case in cases for ring in case.rings}


def found_members(cases: Iterable[Case], truth: Truth) -> int:
    """Members of true rings inside a case that found their ring."""
    return len({customer for case in cases for ring in case.rings for customer in case.members & truth.rings[ring]})


def false_share(cases: Sequence[Case], *, benign_false: bool) -> float:
    """False cases over all; benign ones are false, or set aside above and below the line. 0 of none."""
    counted = [case for case in cases if benign_false or not case.benign]
    return sum(case.false for case in counted) / max(len(counted), 1)


def readable(cases: Sequence[Case], *, benign_false: bool) -> int:
    """Length of the longest prefix whose false share is at most `RATE`: how far a reader who knew would go."""
    length, false, counted = 0, 0, 0
    for number, case in enumerate(cases, start=1):
        if benign_false or not case.benign:
            counted += 1
            false += case.false
        if false <= RATE * counted:
            length = number
    return length

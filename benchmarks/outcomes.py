"""What a ranked list found, and the tables of what several lists found in several banks."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verdicts import false_share, found, found_members, held_against, readable

from ringsight.evaluation.truth import Truth
from ringsight.records.synthetic.settings import Strength

CASES = (20, 10, 5)
FALLING = {strength.value: place for place, strength in enumerate(Strength)}
"""Strengths are told from blatant to hopeless; other traits in order of their names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One list, held against the truth of one bank."""

    scored: frozenset[str]
    """True rings that could be found."""
    at_cases: dict[int, int]
    """Cases read, benign ones included -> rings found."""
    found: frozenset[str]
    """Rings found in the list, read as far as its false share allows with benign groups set aside."""
    found_strict: frozenset[str]
    """The same with benign groups counted as false."""
    recall: float
    """Share of the members of true rings inside a case that found their ring, read as for `found`."""
    shares: tuple[float, float]
    """Realised false share of what was read as for `found`: benign groups set aside, and counted as false."""
    traits: dict[str, dict[str, str]]
    """Ring -> its typology, strength, and the traces that tie it."""

    @property
    def merit(self) -> tuple[int, ...]:
        """What a knob is chosen by: rings found, then those at 20, 10 and 5 cases."""
        return len(self.found), *(self.at_cases[cases] for cases in CASES)


def outcome_of(
    groups: Iterable[frozenset[str]], truth: Truth, *, known: Iterable[str] = (), whole: bool = False
) -> Outcome:
    """Hold a ranked list against the truth.

    Args:
        groups: members of each, best first.
        truth: of the bank that was searched.
        known: rings that the method was told; they are not scored.
        whole: whether the list is read to its end, as flags are.
    """
    known = set(known)
    cases = held_against(groups, truth, known)
    scored = frozenset(truth.rings) - known
    read = cases if whole else cases[: readable(cases, benign_false=False)]
    strict = cases if whole else cases[: readable(cases, benign_false=True)]
    members = sum(len(truth.rings[ring]) for ring in scored)
    return Outcome(
        scored=scored,
        at_cases={count: len(found(cases[:count])) for count in CASES},
        found=frozenset(found(read)),
        found_strict=frozenset(found(strict)),
        recall=found_members(read, truth) / max(members, 1),
        shares=(false_share(read, benign_false=False), false_share(read, benign_false=True)),
        traits={ring: truth.traits.get(ring, {}) for ring in scored},
    )


def outcome_table(outcomes: dict[str, list[Outcome]]) -> str:
    """Rings found by every method, best first: mean, and smallest to largest over banks."""
    lines = [
        "| method | rings | at 5 cases | at 10 | at 20 | at false share ≤ 0.05, benign set aside | the same, benign "
        "false | share of members | false share, benign set aside / false |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in best_first(outcomes):
        banks = outcomes[name]
        columns: list[list[float]] = [[bank.at_cases[cases] for bank in banks] for cases in reversed(CASES)]
        columns += [[len(bank.found) for bank in banks], [len(bank.found_strict) for bank in banks]]
        columns.append([bank.recall for bank in banks])
        shares = [statistics.mean(bank.shares[column] for bank in banks) for column in range(2)]
        cells = [f"{statistics.mean(len(bank.scored) for bank in banks):.3g}", *map(mean_and_spread, columns)]
        lines.append(f"| {name} | " + " | ".join([*cells, f"{shares[0]:.2f} / {shares[1]:.2f}"]) + " |")
    return "\n".join([*lines, ""])


def trait_table(outcomes: dict[str, list[Outcome]], trait: str) -> str:
    """Rings found at false share 0.05, benign set aside (and counted as false), by a trait; empty where none has it."""
    rings = [traits for banks in outcomes.values() for bank in banks for traits in bank.traits.values()]
    values = sorted(
        {traits[trait] for traits in rings if trait in traits}, key=lambda value: (FALLING.get(value, 0), value)
    )
    if not values:
        return ""
    lines = [f"| found, by {trait} | " + " | ".join(values) + " |", "|---" * (len(values) + 1) + "|"]
    for name in best_first(outcomes):
        cells = [hits(outcomes[name], trait, value) for value in values]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def hits(banks: Sequence[Outcome], trait: str, value: str) -> str:
    """Rings of one trait found with benign groups set aside, in brackets with them counted as false, of all such."""
    asked = [(ring, bank) for bank in banks for ring in bank.scored if bank.traits[ring].get(trait) == value]
    aside = sum(ring in bank.found for ring, bank in asked)
    strict = sum(ring in bank.found_strict for ring, bank in asked)
    return f"{aside} ({strict}) of {len(asked)}" if asked else ""


def best_first(outcomes: dict[str, list[Outcome]]) -> list[str]:
    """Methods by the share of rings that they find."""
    return sorted(outcomes, key=lambda name: -statistics.mean(found_share(bank) for bank in outcomes[name]))


def found_share(outcome: Outcome) -> float:
    """Rings found, of those that could be."""
    return len(outcome.found) / max(len(outcome.scored), 1)


def mean_and_spread(values: Sequence[float]) -> str:
    """The mean, and smallest to largest where they differ."""
    mean = f"{statistics.mean(values):.3g}"
    return mean if min(values) == max(values) else f"{mean} ({min(values):.3g} to {max(values):.3g})"

"""What a list of flags assures, in words for everybody: what counts as false, how many flags are, and on what it rests.

Where ordinary customers agree more than chance explains, no rate is stated: the list is ranked, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringsight.detection.guard import MEDIAN, Check, Unrated
from ringsight.explain.words import listed, percent, spoken

ASSUMPTION = (
    "This rests on one assumption: what honest customers have in common, such as a town, a trade or an age, shows in "
    "the records of many of them. A small circle with habits of its own, such as ten colleagues with one lunch place, "
    "looks like a ring."
)
HALVES = 0.5
"""Fewer expected false flags than this are fewer than one."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a list of flags says of itself."""

    fdr: float
    """The share of false flags that was asked for."""
    expected: float | None
    """Flags expected to be false; None where no rate can be stated."""
    guard: tuple[Check, ...]
    """None where an earlier version detected, or too few groups touch no flag."""
    shared: tuple[str, ...]
    """Customer columns that go with what modalities share, in words."""
    unrated: Unrated | None = None
    """Why no rate is stated; None where one is, and where an earlier version did not say."""

    @property
    def stated(self) -> bool:
        """Whether a rate is stated."""
        return self.expected is not None

    @property
    def expected_words(self) -> str:
        """How many flags are expected to be false, in words."""
        if self.expected is None:
            return "an unknown number"
        return "fewer than one" if self.expected < HALVES else f"about {self.expected:.0f}"

    @property
    def unit(self) -> str:
        """What counts as false, and how many flags are."""
        false = "A flag is false if no one hand ties at least three of its members"
        if not self.stated:
            return f"{false}."
        return f"{false}; on lists drawn up like this one at most {self.fdr * 100:g} % of the flags are, on average."

    @property
    def assumption(self) -> str:
        """What the rate rests on."""
        return ASSUMPTION

    @property
    def warning(self) -> str:
        """That no rate is stated; empty where one is."""
        return "" if self.stated else "No error rate can be stated of this list."

    @property
    def reason(self) -> str:
        """Why no rate is stated; empty where one is."""
        if self.stated:
            return ""
        if self.unrated is Unrated.entities_alone:
            return (
                "Nothing but entity columns was compared, and nothing shows how often honest people share several of "
                "them. The rings are ranked by score, and an unknown share of them is false."
            )
        if self.unrated is Unrated.one_kind:
            return (
                "One kind of record is all that can tie this bank's customers, so that no other bears a ring out: "
                "scores rest on agreement inside that kind alone, which nothing can be held against. "
                "The rings are ranked by score, and an unknown share of them is false."
            )
        beyond = [check for check in self.guard if check.shift > check.bound]
        excess = [f" by {check.shift:.2f} bits {_where(check)}, where {check.bound:.2f} is allowed" for check in beyond]
        return (
            "Different kinds of records of this bank's ordinary customers agree more than chance explains"
            f"{' and'.join(excess)}. "
            "The rings are ranked by score, and an unknown share of them is false."
        )

    @property
    def guard_words(self) -> str:
        """How far ordinary customers agree, against chance; empty where there is no guard."""
        if not self.guard:
            return ""
        agree = listed([_against_chance(check) for check in self.guard])
        bounds = listed([f"{check.bound:.2f}" for check in self.guard])
        return f"Groups of customers that touch no flag agree {agree}; beyond {bounds} no rate is stated."

    @property
    def remedy(self) -> str:
        """Which columns go with what modalities share; empty where none does."""
        if not self.shared:
            return ""
        advice = "" if self.stated else " A column that stands for segments belongs in bank.strata: detect again."
        return f"What different kinds of records share goes with {listed(self.shared)}.{advice}"


def assurance_of(summary: Mapping[str, Any]) -> Assurance:
    """What a list assures.

    Args:
        summary: of `Results`, or what a case book kept of it; in earlier versions each reason was a key of its own.
    """
    told = summary.get("guard")
    best: dict[str, float] = {}
    for direction in summary.get("shared_directions") or ():
        column = direction["column"]
        best[column] = max(best.get(column, 0.0), direction["explained"])
    best.pop("", None)
    return Assurance(
        fdr=summary["fdr"],
        expected=summary["expected_false_flags"],
        guard=tuple(Check(**check) for check in told) if isinstance(told, list) else (),
        shared=tuple(f"{spoken(column)} ({percent(share)} of it)" for column, share in sorted(best.items())),
        unrated=next((reason for reason in Unrated if reason == summary.get("unrated") or summary.get(reason)), None),
    )


def _where(check: Check) -> str:
    """A quantile of ordinary groups, in words."""
    return "at their median" if check.quantile == MEDIAN else f"where the upper {1 - check.quantile:.0%} begin"


def _against_chance(check: Check) -> str:
    more = "more" if check.shift >= 0 else "less"
    return (
        f"by {abs(check.shift):.2f} bits {more} than chance does {_where(check)} "
        f"(by chance this figure varies by {check.spread:.2f})"
    )

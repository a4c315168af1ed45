"""Held against the truth: which rings were found, how many flags are false, and who is named in them.

A flag is false if no one hand ties at least three of its members. A false flag at least half of whose members form one
benign group (a household, a dormitory) is a *benign* flag. Every figure that it touches is given twice: counted as
false, and set aside as neither true nor false.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from ringsight.detection.results import Fit, Results
from ringsight.errors import DataError
from ringsight.evaluation.truth import PEOPLE, Truth, read_truth

__all__ = ["Evaluation", "PrecisionAt", "Share", "Truth", "evaluate", "read_truth"]

HALF_EACH_WAY = "a flag finds a true ring if it holds at least half of the ring and the ring is at least half of it"
"""The rule by which a ring counts as found."""
FALSE_UNLESS_TIED = "a flag is false if no one hand ties at least three of its members"
"""The rule by which a flag counts as false."""
TIED = 3
"""Members whom one hand must tie."""
CASES_READ = (5, 10, 20)


class _Verdict(StrEnum):
    true = "true"
    benign = "benign"
    false = "false"


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share, or None where there is no whole."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class PrecisionAt:
    """The share of true rings among the first cases, flagged or not, in the order of the results."""

    cases: int
    """How many cases are read; where there are fewer rings, all of them are."""
    benign_false: Share
    """Benign rings stay in the list, as false."""
    benign_aside: Share
    """Benign rings leave the list, and the next ones move up."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whether the right people are named. Right is who belongs to the true ring that ties most members of the flag."""

    precision: Share
    """Of those named in flags, in false ones too."""
    recall: Share
    """Of the members of all true rings."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A detection held against the truth, by the rules `HALF_EACH_WAY` and `FALSE_UNLESS_TIED`."""

    rate_asked: float | None
    """The false-discovery rate that was asked for (`fdr` in the results' summary); None where no rate is stated."""
    rings: Share
    """True rings found, of all."""
    named: dict[str, Named]
    """Who is named: `flagged`, all members of flags; `left_out`, without those whom detection would leave out or
    doubts; `with_perhaps`, with the outsiders who fit; `both`."""
    false_flags: Share
    """False flags, benign ones among them."""
    false_flags_benign_aside: Share
    """The same with the benign flags left out, above and below the line."""
    explained: dict[str, int]
    """Rings set aside because an innocent column explains them: how many are `benign`, `true` and `false`."""
    precision: tuple[PrecisionAt, ...]
    """After 5, 10 and 20 cases."""
    found_by: dict[str, dict[str, Share]]
    """Trait (`typology`, `strength`, `tied`) -> its value -> rings found; empty without rings.json."""

    @property
    def false_share(self) -> float:
        """False flags over flags: the figure to hold against `rate_asked`; 0 by convention without a flag."""
        return self.false_flags.value or 0.0

    @property
    def false_share_benign_aside(self) -> float:
        """False flags over flags with the benign set aside; 0 by convention without a flag."""
        return self.false_flags_benign_aside.value or 0.0

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values, counts beside shares; a share of nothing is null, or 0 for false flags."""
        return {
            "rule": HALF_EACH_WAY,
            "rule_of_false_flags": FALSE_UNLESS_TIED,
            "rate_asked": self.rate_asked,
            "false_share": self.false_share,
            "false_share_benign_aside": self.false_share_benign_aside,
            "rings": _plain(self.rings),
            "named": {
                who: {"precision": _plain(named.precision), "recall": _plain(named.recall)}
                for who, named in self.named.items()
            },
            "false_flags": asdict(self.false_flags),
            "false_flags_benign_aside": asdict(self.false_flags_benign_aside),
            "explained": self.explained,
            "precision": {
                str(at.cases): {"benign_false": _plain(at.benign_false), "benign_aside": _plain(at.benign_aside)}
                for at in self.precision
            },
            "found_by": {
                trait: {value: _plain(share) for value, share in shares.items()}
                for trait, shares in self.found_by.items()
            },
        }


def evaluate(results: Results, truth: Truth) -> Evaluation:
    """Hold a detection against the truth.

    Raises:
        DataError: if a member of a ring has no row in the truth: it is the truth of another bank, or incomplete.
    """
    members = _members_by_ring(results, truth)
    verdicts = {ring: _verdict(customers, truth) for ring, customers in members.items()}
    flags = {ring: members[ring] for ring in results.rings.filter(results.rings["flagged"])["ring_id"]}
    found = {true for customers in flags.values() for true in _found(customers, truth)}
    judged = [verdicts[ring] for ring in flags]
    explained = [verdicts[ring] for ring in results.rings.filter(results.rings["explanation"] != "")["ring_id"]]
    ranked = [verdicts[ring] for ring in results.rings["ring_id"]]
    return Evaluation(
        rate_asked=results.summary.get("fdr") if results.summary.get("rate_stated", True) else None,
        rings=Share(len(found), len(truth.rings)),
        named=_named(results, flags, truth),
        false_flags=Share(sum(verdict is not _Verdict.true for verdict in judged), len(judged)),
        false_flags_benign_aside=_share_of(_Verdict.false, _without_benign(judged)),
        explained={verdict.value: explained.count(verdict) for verdict in _Verdict},
        precision=tuple(
            PrecisionAt(
                cases=cases,
                benign_false=_share_of(_Verdict.true, ranked[:cases]),
                benign_aside=_share_of(_Verdict.true, _without_benign(ranked)[:cases]),
            )
            for cases in CASES_READ
        ),
        found_by=_found_by_trait(found, truth),
    )


def _named(results: Results, flags: Mapping[str, frozenset[str]], truth: Truth) -> dict[str, Named]:
    """Who is named in flags, with and without the two steps that detection offers."""
    unsure = _by_ring(results.members.filter(pl.col("fit").is_in([Fit.leave_out, Fit.doubtful])))
    perhaps = _by_ring(results.perhaps)
    nobody: frozenset[str] = frozenset()
    left_out = {ring: members - unsure.get(ring, nobody) for ring, members in flags.items()}
    added = {ring: perhaps.get(ring, nobody) for ring in flags}
    ways = {
        "flagged": flags,
        "left_out": left_out,
        "with_perhaps": {ring: members | added[ring] for ring, members in flags.items()},
        "both": {ring: members | added[ring] for ring, members in left_out.items()},
    }
    hands = {ring: _hand(members, truth) for ring, members in flags.items()}
    everyone = len(set().union(*truth.rings.values()))
    found = {}
    for way, named in ways.items():
        right = [members & hands[ring] for ring, members in named.items()]
        found[way] = Named(
            precision=Share(sum(map(len, right)), sum(map(len, named.values()))),
            recall=Share(len(set().union(*right)), everyone),
        )
    return found


def _hand(members: frozenset[str], truth: Truth) -> frozenset[str]:
    """The true ring that ties most of a group's members, if it ties `TIED`; else nobody."""
    most = max(truth.rings.values(), key=lambda ring: len(members & ring), default=frozenset())
    return most if len(members & most) >= TIED else frozenset()


def _by_ring(table: pl.DataFrame) -> dict[str, frozenset[str]]:
    members: dict[str, set[str]] = defaultdict(set)
    for ring, customer in table.select("ring_id", "customer_id").iter_rows():
        members[ring].add(customer)
    return {ring: frozenset(customers) for ring, customers in members.items()}


def _members_by_ring(results: Results, truth: Truth) -> dict[str, frozenset[str]]:
    for ring, customer in results.members.select("ring_id", "customer_id").iter_rows():
        if customer not in truth.customer_ids:
            raise DataError(
                f"customer {customer!r}, a member of ring {ring!r}, has no row",
                where=f"{truth.path}, column customer_id",
                remedy=f"give the truth of the bank that was searched; {PEOPLE}",
            )
    members = _by_ring(results.members)
    return {ring: members.get(ring, frozenset()) for ring in results.rings["ring_id"]}


def half_each_way(members: frozenset[str], ring: frozenset[str]) -> bool:
    """Whether a group finds a true ring: the rule `HALF_EACH_WAY`."""
    return 2 * len(members & ring) >= max(len(ring), len(members))


def mostly_benign(members: frozenset[str], truth: Truth) -> bool:
    """Whether at least half of a group are one benign group."""
    return any(2 * len(members & group) >= len(members) for group in truth.benign.values())


def tied(members: frozenset[str], truth: Truth) -> bool:
    """Whether a group is no false flag: the rule `FALSE_UNLESS_TIED`."""
    return bool(_hand(members, truth))


def _verdict(customers: frozenset[str], truth: Truth) -> _Verdict:
    if tied(customers, truth):
        return _Verdict.true
    return _Verdict.benign if mostly_benign(customers, truth) else _Verdict.false


def _found(customers: frozenset[str], truth: Truth) -> list[str]:
    """List the true rings that a ring of these customers finds."""
    return [ring for ring, members in truth.rings.items() if half_each_way(customers, members)]


def _without_benign(verdicts: Iterable[_Verdict]) -> list[_Verdict]:
    return [verdict for verdict in verdicts if verdict is not _Verdict.benign]


def _share_of(wanted: _Verdict, verdicts: list[_Verdict]) -> Share:
    return Share(sum(verdict is wanted for verdict in verdicts), len(verdicts))


def _found_by_trait(found: set[str], truth: Truth) -> dict[str, dict[str, Share]]:
    rings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for ring, traits in truth.traits.items():
        for trait, value in traits.items():
            rings[trait][value].add(ring)
    return {
        trait: {value: Share(len(found & by_value[value]), len(by_value[value])) for value in sorted(by_value)}
        for trait, by_value in sorted(rings.items())
    }


def _plain(share: Share) -> dict[str, float | None]:
    return {"part": share.part, "whole": share.whole, "share": share.value}

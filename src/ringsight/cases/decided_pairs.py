"""What decisions say about pairs of customers, and where they contradict each other.

Within a case the more specific decision counts: on a link before on a member, on a member before on the ring; of two on
the same subject, the later. A decision on the ring or on a member is about those who were members at that moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise

import networkx as nx
import polars as pl

from ringsight.cases import clock
from ringsight.cases.case import Case, Judgement, Scope, StandingDecision
from ringsight.runs.erasure import ERASED

PAIRS = {
    "customer_a": pl.String,
    "customer_b": pl.String,
    "decision": pl.String,
    "decided_at": pl.String,
    "source": pl.String,
    "case_id": pl.String,
}
"""What `detect.decisions` and `fusion.pairs` read, and where it comes from: `source` is the decision's scope."""
CONTRADICTIONS = PAIRS | {"kind": pl.String, "tied_by": pl.String}
"""`kind` is `direct` if cases decide a pair both ways, and `implied` if a pair is decided `different` though decisions
on other pairs tie its two customers together; `tied_by` names the cases of those decisions."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What one case says about two customers; customer_a < customer_b."""

    customer_a: str
    customer_b: str
    judgement: Judgement
    decided_at: datetime
    source: Scope
    case_id: str

    @property
    def ends(self) -> tuple[str, str]:
        """Both customers."""
        return self.customer_a, self.customer_b

    def row(self) -> tuple[str, ...]:
        """In the columns of `PAIRS`."""
        moment = clock.written(self.decided_at)
        return (*self.ends, self.judgement.value, moment, self.source.value, self.case_id)


def decided_pairs(cases: Sequence[Case]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The decided pairs, and the contradictory ones; columns of `PAIRS` and of `CONTRADICTIONS`.

    A decided pair is there once: by its latest firm decision, or as `unsure` if it has no other. No contradictory pair
    is among them.
    """
    said: dict[tuple[str, str], list[Pair]] = {}
    for case in cases:
        for pair in pairs_of(case):
            said.setdefault(pair.ends, []).append(pair)
    direct = {ends for ends, pairs in said.items() if len({pair.judgement for pair in _firm(pairs)}) > 1}
    settled = {ends: _latest(pairs) for ends, pairs in said.items() if ends not in direct}
    implied = _implied(settled)
    contradictions = [(*pair.row(), "direct", "") for ends in sorted(direct) for pair in _firm(said[ends])]
    contradictions += [(*settled[ends].row(), "implied", ties) for ends, ties in sorted(implied.items())]
    pairs = [pair.row() for ends, pair in sorted(settled.items()) if ends not in implied]
    return (
        pl.DataFrame(pairs, schema=PAIRS, orient="row"),
        pl.DataFrame(contradictions, schema=CONTRADICTIONS, orient="row"),
    )


def pairs_of(case: Case) -> list[Pair]:
    """What one case says about pairs, each pair once, without erased customers."""
    said: dict[tuple[str, str], Pair] = {}
    for scope in (Scope.ring, Scope.member, Scope.link):
        for standing in case.decisions:
            if standing.final and standing.decision.scope is scope:
                said |= {pair.ends: pair for pair in _said(standing, case)}
    return [pair for pair in said.values() if not any(end.startswith(ERASED) for end in pair.ends)]


def _said(standing: StandingDecision, case: Case) -> Iterator[Pair]:
    decision = standing.decision
    match decision.scope:
        case Scope.ring:
            ends = list(combinations(standing.members, 2))
        case Scope.member:
            member = decision.subjects[0]
            others = [other for other in standing.members if other != member]
            ends = [(min(member, other), max(member, other)) for other in others]
            ends = [pair for pair in ends if not _outweighed(pair, standing, case)]
        case Scope.link:
            ends = [(decision.subjects[0], decision.subjects[1])]
    for a, b in ends:
        yield Pair(a, b, decision.judgement, standing.at, decision.scope, case.case_id)


def _outweighed(ends: tuple[str, str], standing: StandingDecision, case: Case) -> bool:
    """Whether a decision on the other customer sets them further apart, and so counts for the pair."""
    weight = (Judgement.same_hand, Judgement.unsure, Judgement.different)
    other = next(end for end in ends if end != standing.decision.subjects[0])
    latest = [each.decision.judgement for each in case.decisions if each.decision.subjects == (other,)][-1:]
    return any(weight.index(each) > weight.index(standing.decision.judgement) for each in latest)


def _firm(pairs: list[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.judgement is not Judgement.unsure]


def _latest(pairs: list[Pair]) -> Pair:
    return max(_firm(pairs) or pairs, key=lambda pair: (pair.decided_at, pair.case_id))


def _implied(settled: dict[tuple[str, str], Pair]) -> dict[tuple[str, str], str]:
    """Pairs decided `different` that other pairs tie together: pair -> the cases along the shortest path."""
    ties: nx.Graph[str] = nx.Graph()
    ties.add_edges_from(ends for ends, pair in settled.items() if pair.judgement is Judgement.same_hand)
    found = {}
    for (a, b), pair in settled.items():
        if pair.judgement is Judgement.different and a in ties and b in ties and nx.has_path(ties, a, b):
            path = nx.shortest_path(ties, a, b)
            cases = {settled[min(x, y), max(x, y)].case_id for x, y in pairwise(path)}
            found[a, b] = ", ".join(sorted(cases))
    return found

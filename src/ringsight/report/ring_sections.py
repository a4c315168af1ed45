"""The rings that a person should look at: each one's account, and of those that are cases everything that is shown."""

from dataclasses import dataclass

from ringsight.detection.results import Results
from ringsight.explain.ledger import Ledger
from ringsight.explain.statements import condition_in_words, innocent_explanation, tells
from ringsight.report.comparison import Comparison, comparison
from ringsight.report.evidence_bars import EvidenceBar, evidence_bars
from ringsight.report.linkgraph import LinkGraph, link_graph
from ringsight.report.marked_notes import spans_of
from ringsight.report.members import (
    CarriedValue,
    MemberProfile,
    Records,
    evidence_columns,
    members,
    shared_values,
)
from ringsight.report.waterfall import Waterfall, waterfall

MEMBERS_SHOWN = 30
"""Members of a ring in its drawing and its table, the best linked first."""
MEMBERS_IN_FULL = 12
"""Members of a ring with images and notes."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A row of the lists of rings: its place among all rings, its row of `Results.rings`, and its evidence."""

    number: int
    ring_id: str
    size: int
    score: float
    p_value: float
    q_value: float
    adjusted_score: float
    adjusted_q_value: float
    flagged: bool
    null: str
    explanation: str
    held: str
    bar: EvidenceBar


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of the table of conditions."""

    premise: str
    verdict: str
    decisive: bool
    score: float
    """What is left of the ring's."""
    q_value: float


@dataclass(frozen=True, slots=True)
class Account:
    """What a ring's score is made of, and what is left of it given what."""

    ring: Ring
    ledger: Ledger
    waterfall: Waterfall
    conditions: tuple[Condition, ...]
    innocent: str
    """The best innocent explanation, in words."""


@dataclass(frozen=True, slots=True)
class Case:
    """A flagged or held ring and everything shown of it."""

    account: Account
    graph: LinkGraph
    columns: tuple[str, ...]
    """Evidence columns in which members share a value."""
    shared: tuple[CarriedValue, ...]
    comparison: Comparison
    members: tuple[MemberProfile, ...]
    in_full: int

    @property
    def ring(self) -> Ring:
        """The ring that it is about."""
        return self.account.ring


def rings_of(results: Results) -> list[Ring]:
    """All rings, in their order."""
    bars = evidence_bars(results)
    names = Ring.__slots__[1:-1]
    return [
        Ring(number=number, bar=bars[row["ring_id"]], **{name: row[name] for name in names})
        for number, row in enumerate(results.rings.iter_rows(named=True), start=1)
    ]


def account(ring: Ring, ledger: Ledger, cut: float | None) -> Account:
    """Account for a ring's score.

    Args:
        ring: the ring.
        ledger: its ledger.
        cut: the lowest score that is flagged.
    """
    return Account(
        ring=ring,
        ledger=ledger,
        waterfall=waterfall(ledger, cut),
        conditions=tuple(
            Condition(*condition_in_words(row), row["decisive"], row["score"], row["q_value"])
            for row in ledger.conditions
            if tells(row)
        ),
        innocent=innocent_explanation(ledger.ring, ledger.conditions),
    )


def case(results: Results, records: Records, accounted: Account) -> Case:
    """Show a ring with its members and their records.

    Args:
        results: the detection.
        records: of the ring's members at least.
        accounted: of `account`.
    """
    ledger = accounted.ledger
    graph = results.graph(accounted.ring.ring_id)
    strength = dict(graph.degree(weight="bits"))
    shown = sorted(ledger.members, key=lambda customer: (-round(strength[customer], 6), customer))[:MEMBERS_SHOWN]
    shared = shared_values(records, list(ledger.members))
    return Case(
        account=accounted,
        graph=link_graph(graph, shown, {bridge.customer_id for bridge in ledger.fragility.bridges}),
        columns=tuple(evidence_columns(shared)),
        shared=tuple(shared),
        comparison=comparison(ledger.matching_records, records),
        members=tuple(members(records, shown, shared, spans_of(ledger.matching_records.notes), MEMBERS_IN_FULL)),
        in_full=min(len(shown), MEMBERS_IN_FULL),
    )

"""Everything that the page of a case shows of the evidence, before anything personal or any score is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx

from ringsight.cases.case import Case
from ringsight.detection.lineage import RingEvent
from ringsight.detection.results import BITS
from ringsight.explain.ledger import Ledger
from ringsight.explain.statements import Statement, condition_in_words, tells
from ringsight.report.members import (
    CarriedValue,
    MemberProfile,
    Records,
    evidence_columns,
    members,
    shared_values,
)
from ringsight.report.waterfall import ROW, Waterfall, cut_score, waterfall
from ringsight.web.drawing import Carried, Drawing, drawing
from ringsight.web.run import Run

LISTED = 100
"""Members who are listed before all are asked for."""
SCORED = ("searched", "score")
"""Bars of the waterfall that tell the score."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is given or left out, what follows, and whether the flag hangs on it."""

    kind: str
    premise: str
    verdict: str
    decisive: bool


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """What the page shows of the evidence."""

    drawing: Drawing
    waterfall: Waterfall | None
    """Without the score; None where the run no longer holds the ring."""
    statements: tuple[Statement, ...]
    """In words, without the score; each cites its records."""
    conditions: tuple[Condition, ...]
    shared: tuple[CarriedValue, ...]
    columns: tuple[str, ...]
    members: tuple[MemberProfile, ...]
    lineage: tuple[str, ...]
    """What became of the ring since the run before, in words."""
    of_ring: str
    """Whose evidence it is, where the case has other members than its ring: after a split or a merge."""

    @property
    def foremost(self) -> tuple[MemberProfile, ...]:
        """The members with the strongest links, as many as are listed at first."""
        return self.members[:LISTED]


@dataclass(frozen=True, slots=True)
class Score:
    """What is shown of a case on request."""

    ledger: Ledger
    waterfall: Waterfall


def gathered(
    run: Run, records: Records, ring_id: str, customer_ids: tuple[str, ...], news: tuple[str, ...]
) -> CaseEvidence:
    """Gather the evidence of a case.

    Args:
        run: that the case was last seen in.
        records: of the members whom the bank still has.
        ring_id: of the case's ring.
        customer_ids: of all members.
        news: members who joined since the case was last decided.
    """
    ledger = run.ledger(ring_id)
    graph = links_of(run, customer_ids)
    strength = dict(graph.degree(weight="bits"))
    by_strength = sorted(customer_ids, key=lambda customer: (-round(strength[customer], 6), customer))
    known = [customer for customer in by_strength if customer in records.customers]
    order = [*known, *(customer for customer in by_strength if customer not in records.customers)]
    shared = shared_values(records, known)
    bridges = {bridge.customer_id for bridge in ledger.fragility.bridges} if ledger else set()
    return CaseEvidence(
        drawing=drawing(graph, order, _carried(records, shared, ledger, known), bridges, news),
        waterfall=_unscored(waterfall(ledger, None)) if ledger else None,
        statements=_unscored_statements(ledger) if ledger else (),
        conditions=conditions_of(ledger) if ledger else (),
        shared=tuple(shared),
        columns=tuple(evidence_columns(shared)),
        members=tuple(members(records, known, shared, {}, 0)),
        lineage=_lineage(run, ring_id),
        of_ring=_of_ring(ledger, customer_ids) if ledger else "",
    )


def score(run: Run, case: Case) -> Score | None:
    """The score of a case's ring; None where the run no longer holds it."""
    ledger = run.ledger(case.ring_id)
    return Score(ledger, waterfall(ledger, cut_score(run.results))) if ledger else None


def links_of(run: Run, customer_ids: Sequence[str]) -> "nx.Graph[str]":
    """The members of a case and the links among them, whichever ring they were found in."""
    names = list(customer_ids)
    found = run.results.links.filter(
        run.results.links["customer_a"].is_in(names) & run.results.links["customer_b"].is_in(names)
    )
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(names)
    for link in found.iter_rows(named=True):
        bits = {name: float(link[name]) for name in BITS}
        graph.add_edge(link["customer_a"], link["customer_b"], bits=sum(bits.values()), **bits)
    return graph


def conditions_of(ledger: Ledger) -> tuple[Condition, ...]:
    """Innocent explanations, the proxy audit and counterfactuals, in words."""
    return tuple(
        Condition(row["kind"], *condition_in_words(row), row["decisive"]) for row in ledger.conditions if tells(row)
    )


def _carried(
    records: Records, shared: Sequence[CarriedValue], ledger: Ledger | None, order: Sequence[str]
) -> list[Carried]:
    links = ledger.links if ledger else ()
    hubs = {(value.column, value.value) for link in links for value in link.shared if value.hub}
    customers: Mapping[str, Mapping[str, object]] = records.customers
    return [
        Carried(
            value,
            tuple(name for name in order if str(customers[name].get(value.column)) == value.value),
            (value.column, value.value) in hubs,
        )
        for value in shared
    ]


def _unscored_statements(ledger: Ledger) -> tuple[Statement, ...]:
    """What corroborates, which comes after the verdict, and what cites records."""
    return ledger.statements[1], *(each for each in ledger.statements if each.records)


def _unscored(whole: Waterfall) -> Waterfall:
    bars = tuple(bar for bar in whole.bars if bar.step.css not in SCORED)
    return replace(whole, bars=bars, height=whole.height - ROW * (len(whole.bars) - len(bars)))


def _of_ring(ledger: Ledger, customer_ids: Sequence[str]) -> str:
    present = set(customer_ids).intersection(ledger.members)
    if len(present) == len(customer_ids) == len(ledger.members):
        return ""
    return (
        f"Statements, bits and explanations are those of the ring {ledger.ring['ring_id']} as it was found: "
        f"{len(ledger.members)} members, {len(present)} of them in this case of {len(customer_ids)}."
    )


def _lineage(run: Run, ring_id: str) -> tuple[str, ...]:
    if run.lineage is None or run.lineage.run == 0:
        return ()
    events = run.lineage.events.filter(run.lineage.events["ring_id"] == ring_id)
    return tuple(_event_in_words(row) for row in events.iter_rows(named=True))


def _event_in_words(row: Mapping[str, Any]) -> str:
    match RingEvent(row["event"]):
        case RingEvent.born:
            return "This run found it first."
        case RingEvent.returned:
            return "It was gone in the run before, and is there again."
        case RingEvent.gone:
            return "It was there in the run before, and is gone."
        case RingEvent.merged:
            what = f"it has come of several: {row['from_ids']}"
        case RingEvent.split:
            what = f"it has fallen into several: {row['to_ids']}"
        case RingEvent.grew | RingEvent.shrank | RingEvent.moved:
            what = "its members have changed"
    return f"Since the run before {what}; {row['joined']} joined, {row['left']} left."

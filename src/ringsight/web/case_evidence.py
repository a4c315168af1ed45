"""Everything that the page of a case shows of the evidence, before anything personal or any score is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringsight.cases.case import Case, Reason
from ringsight.detection.lineage import RingEvent
from ringsight.explain.assurance import Assurance, assurance_of
from ringsight.explain.blinding import blind
from ringsight.explain.glance import Glance
from ringsight.explain.headline import numbered
from ringsight.explain.ledger import Ledger
from ringsight.explain.score_steps import score_steps
from ringsight.explain.statements import Statement, StatementKind, proposing_modality, rests_on
from ringsight.report.members import (
    CarriedValue,
    MemberProfile,
    Records,
    carried_columns,
    carried_values,
    members,
    values_of,
)
from ringsight.report.ring_sections import ConditionLine, condition_lines
from ringsight.report.timeline_chart import TimelineChart, timeline_chart
from ringsight.report.waterfall import Waterfall, cut_score, waterfall
from ringsight.web.drawing import Carried, Drawing, drawing
from ringsight.web.matrix_lines import MatrixTable, matrix_table
from ringsight.web.proposed_reasons import proposed_reasons
from ringsight.web.reviewed_run import ReviewedRun

LISTED = 100
"""How many members are listed until all are asked for."""
WITH_SCORE = (StatementKind.verdict, StatementKind.explanation)
"""Statements that are shown beside the score."""


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """What the page shows of the evidence: nothing that is `blind`."""

    glance: Glance | None
    """None, as the next three, where the run no longer holds the ring."""
    table: MatrixTable | None
    timeline: TimelineChart | None
    waterfall: Waterfall | None
    pictured: int
    """Members who have an ID image."""
    reasons: tuple[Reason, ...]
    """That the evidence proposes, the most telling first."""
    drawing: Drawing
    statements: tuple[Statement, ...]
    shared: tuple[CarriedValue, ...]
    columns: tuple[str, ...]
    members: tuple[MemberProfile, ...]
    lineage: tuple[str, ...]
    """What became of the ring since the run before, in words."""
    of_ring: str
    """Whose evidence it is, where the case has other members than its ring: after a split or a merge."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Members who stand apart, whom a decision may leave out."""
        return self.glance.headline.apart if self.glance else ()

    @property
    def left_out_words(self) -> str:
        """Who they are, by their numbers."""
        return numbered(self.left_out, self.glance.members) if self.glance and self.left_out else ""

    @property
    def foremost(self) -> tuple[MemberProfile, ...]:
        """The members with the strongest links, as many as are listed at first."""
        return self.members[:LISTED]


@dataclass(frozen=True, slots=True)
class Score:
    """What is shown of a case on request."""

    ledger: Ledger
    waterfall: Waterfall
    statements: tuple[Statement, ...]
    """Those of `WITH_SCORE`."""
    conditions: tuple[ConditionLine, ...]
    """None where the ring is far from a flag: nothing was tried on it."""
    rests_on: str
    """What the score rests on, in words."""
    assurance: Assurance
    """What the list says of itself that the ring is on."""


def gathered(
    run: ReviewedRun, records: Records, ring_id: str, customer_ids: tuple[str, ...], news: tuple[str, ...]
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
    graph = run.results.graph_of(customer_ids)
    foremost = run.in_order(customer_ids)
    known = [customer for customer in foremost if customer in records.customers]
    order = [*known, *(customer for customer in foremost if customer not in records.customers)]
    shared = carried_values(records, known)
    bridges = {bridge.customer_id for bridge in ledger.fragility.bridges} if ledger else set()
    seen = run.glance(ring_id, customer_ids)
    return CaseEvidence(
        glance=seen,
        table=matrix_table(ledger, seen, shared, records) if ledger and seen else None,
        timeline=timeline_chart(seen.timeline) if seen else None,
        pictured=sum(customer in records.images for customer in known),
        reasons=proposed_reasons(seen, shared) if seen else (),
        drawing=drawing(
            graph, run.results.modalities(), order, _carried(records, shared, ledger, known), bridges, news
        ),
        waterfall=_blind_waterfall(ledger) if ledger else None,
        statements=tuple(each for each in ledger.statements if not blind(each.kind)) if ledger else (),
        shared=tuple(shared),
        columns=tuple(carried_columns(shared)),
        members=tuple(members(records, known, shared, {}, 0)),
        lineage=_lineage(run, ring_id),
        of_ring=_of_ring(ledger, customer_ids) if ledger else "",
    )


def score(run: ReviewedRun, case: Case) -> Score | None:
    """The score of a case's ring; None where the run no longer holds it."""
    ledger = run.ledger(case.ring_id)
    if ledger is None:
        return None
    steps = score_steps(ledger.ring, ledger.agreement, ledger.conditions)
    beside = tuple(each for each in ledger.statements if each.kind in WITH_SCORE)
    basis = rests_on(ledger.ring.basis, proposing_modality(ledger.agreement))
    return Score(
        ledger=ledger,
        waterfall=waterfall(steps, cut_score(run.results)),
        statements=beside,
        conditions=condition_lines(ledger.conditions),
        rests_on=basis,
        assurance=assurance_of(run.results.summary),
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
            tuple(name for name in order if value.value in values_of(customers[name], value.column)),
            (value.column, value.value) in hubs,
        )
        for value in shared
    ]


def _blind_waterfall(ledger: Ledger) -> Waterfall:
    """The steps that are not blind, laid out as if there were no others: their lengths do not tell the score."""
    steps = score_steps(ledger.ring, ledger.agreement, ledger.conditions)
    return waterfall([step for step in steps if not blind(step.kind)], None)


def _of_ring(ledger: Ledger, customer_ids: Sequence[str]) -> str:
    present = set(customer_ids).intersection(ledger.members)
    if len(present) == len(customer_ids) == len(ledger.members):
        return ""
    return (
        f"Statements, bits and explanations are those of the ring {ledger.ring.ring_id} as it was found: "
        f"{len(ledger.members)} members, {len(present)} of them in this case of {len(customer_ids)}."
    )


def _lineage(run: ReviewedRun, ring_id: str) -> tuple[str, ...]:
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

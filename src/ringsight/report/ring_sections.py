"""The rings that a person should look at: what each one's score is made of, and all that is shown of flags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl

from ringsight.detection.conditions import ConditionKind
from ringsight.detection.results import Results, SourceRole
from ringsight.explain.ledger import Ledger
from ringsight.explain.rows import ConditionResult, MemberFit, RingRow, ring_rows
from ringsight.explain.score_steps import score_steps
from ringsight.explain.statements import condition_in_words, innocent_explanation, rests_on
from ringsight.report.comparison import Comparison, comparison
from ringsight.report.evidence_bars import EvidenceBar, evidence_bars
from ringsight.report.linkgraph import MEMBERS_SHOWN, LinkGraph, best_linked_first, link_graph
from ringsight.report.marked_notes import spans_of
from ringsight.report.members import (
    CarriedValue,
    MemberProfile,
    Records,
    carried_columns,
    carried_values,
    members,
)
from ringsight.report.waterfall import Waterfall, waterfall

MEMBERS_IN_FULL = 12
"""Members of a ring with images and notes."""


@dataclass(frozen=True, slots=True)
class RingLine:
    """A row of the lists of rings."""

    number: int
    """Its place among all rings, from 1."""
    ring: RingRow
    bar: EvidenceBar
    rests_on: str
    """What its score rests on, in words."""


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """A row of the table of conditions."""

    kind: ConditionKind
    premise: str
    verdict: str
    decisive: bool
    score: float
    """What is left of the ring's."""
    q_value: float | None


@dataclass(frozen=True, slots=True)
class ScoreAccount:
    """What a ring's score is made of, and what is left of it under each condition."""

    line: RingLine
    ledger: Ledger
    waterfall: Waterfall
    conditions: tuple[ConditionLine, ...]
    innocent: str
    """The best innocent explanation, in words."""


@dataclass(frozen=True, slots=True)
class RingSection:
    """A flagged or held ring and everything shown of it."""

    account: ScoreAccount
    graph: LinkGraph
    columns: tuple[str, ...]
    """Evidence columns in which members share a value."""
    shared: tuple[CarriedValue, ...]
    comparison: Comparison
    members: tuple[MemberProfile, ...]
    fits: Mapping[str, MemberFit]
    """How surely each member belongs, by customer id."""
    in_full: int
    """How many of the members are shown with images and notes."""

    @property
    def line(self) -> RingLine:
        """The ring in the lists."""
        return self.account.line


def ring_lines(results: Results) -> list[RingLine]:
    """All rings, in their order."""
    bars = evidence_bars(results)
    proposed = results.agreement.filter(pl.col("role") == SourceRole.proposed)
    modality = dict(proposed.select("ring_id", "modality").iter_rows())
    return [
        RingLine(number, ring, bars[ring.ring_id], rests_on(ring.basis, modality.get(ring.ring_id, "")))
        for number, ring in enumerate(ring_rows(results), start=1)
    ]


def condition_lines(conditions: Sequence[ConditionResult]) -> tuple[ConditionLine, ...]:
    """The conditions that say anything, in words."""
    return tuple(
        ConditionLine(each.kind, *condition_in_words(each), each.decisive, each.score, each.q_value)
        for each in conditions
        if each.tells
    )


def score_account(line: RingLine, ledger: Ledger, cut: float | None) -> ScoreAccount:
    """Account for a ring's score.

    Args:
        line: the ring.
        ledger: its ledger.
        cut: the lowest score that is flagged.
    """
    return ScoreAccount(
        line=line,
        ledger=ledger,
        waterfall=waterfall(score_steps(ledger.ring, ledger.agreement, ledger.conditions), cut),
        conditions=condition_lines(ledger.conditions),
        innocent=innocent_explanation(ledger.ring, ledger.conditions),
    )


def ring_section(results: Results, records: Records, account: ScoreAccount) -> RingSection:
    """Show a ring with its members and their records.

    Args:
        results: the detection.
        records: of the ring's members at least.
        account: of the ring.
    """
    ledger = account.ledger
    graph = results.graph(ledger.ring.ring_id)
    shown = best_linked_first(graph)[:MEMBERS_SHOWN]
    shared = carried_values(records, list(ledger.members))
    bridges = {bridge.customer_id for bridge in ledger.fragility.bridges}
    spans = spans_of(chain.from_iterable(ledger.matching_records.values()))
    return RingSection(
        account=account,
        graph=link_graph(graph, results.modalities(), shown, bridges),
        columns=tuple(carried_columns(shared)),
        shared=tuple(shared),
        comparison=comparison(ledger.matching_records, records),
        members=tuple(members(records, shown, shared, spans, MEMBERS_IN_FULL)),
        fits={each.customer_id: each for each in ledger.fits},
        in_full=min(len(shown), MEMBERS_IN_FULL),
    )

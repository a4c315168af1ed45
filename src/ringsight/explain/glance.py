"""A ring at a glance: one sentence, what ties it, a matrix, the script, what happened when; all before any score."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ringsight.explain.base_rates import BaseRates
from ringsight.explain.evidence_groups import EvidenceGroup, belonging, evidence_groups
from ringsight.explain.headline import Headline, headline
from ringsight.explain.ledger import Ledger
from ringsight.explain.matrix import Matrix, matrix
from ringsight.explain.money import MoveKind, money_moves
from ringsight.explain.script import Script, script
from ringsight.explain.timeline import Timeline, timeline


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of a ring first."""

    members: tuple[str, ...]
    """In the order of their numbers, from 1."""
    headline: Headline
    groups: tuple[EvidenceGroup, ...]
    """Every kind of evidence, the most bits first."""
    matrix: Matrix
    script: Script | None
    """None where chance explains what the notes have in common."""
    moves: tuple[MoveKind, ...]
    """What money does among the members."""
    timeline: Timeline
    belonging: dict[str, float]
    """Customer id -> how closely the member is linked, over the median member."""

    @property
    def ties(self) -> tuple[EvidenceGroup, ...]:
        """What chance does not explain."""
        return tuple(group for group in self.groups if group.tells)

    @property
    def silent(self) -> tuple[EvidenceGroup, ...]:
        """What was looked at, and says nothing."""
        return tuple(group for group in self.groups if not group.tells)


def glance(ledger: Ledger, members: Sequence[str], rates: BaseRates) -> Glance:
    """See a ring at a glance.

    Args:
        ledger: of the ring.
        members: of the case, customers of the bank, in the order of their numbers; others than the ring's where the
            case was split or merged.
        rates: of the bank.
    """
    bank = rates.bank
    own = pl.col("customer_id").is_in(list(members))
    transactions = bank.transactions.filter(own)
    shared = matrix(members, transactions, rates)
    said = script(members, bank.notes.filter(own), rates)
    moves = money_moves(rates.transfers, members)
    groups = evidence_groups(ledger)
    return Glance(
        members=tuple(members),
        headline=headline(ledger, members, groups, (shared, said, moves)),
        groups=groups,
        matrix=shared,
        script=said,
        moves=tuple(move.kind for move in moves),
        timeline=timeline(members, transactions, rates.transfers, bank),
        belonging=belonging(ledger, members),
    )

"""Around one member of a ring: who outside shares a value or a rare thing with the member, or sends or gets money.

It is read from the records, and says nothing of whether anybody fits the ring.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from ringsight.explain.base_rates import BaseRates, ThingKind
from ringsight.explain.matrix import Matrix
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.written import carried

NAMED = 12
"""Outsiders of one line that are named; of the others there is the number."""
CROWD = 50
"""A value of more customers than this ties nobody by itself: a hub, of which only the number is given."""


@dataclass(frozen=True, slots=True)
class NeighbourGroup:
    """Customers outside a ring to whom one thing leads."""

    source: str
    """An entity column, `counterparty`, or `transfers`."""
    value: str
    """Of the column, or the counterparty; empty for transfers."""
    personal: bool
    """Whether the value is one of the member's own, and shown on request alone."""
    carriers: int
    """Customers of the bank who have it, members among them."""
    members: int
    """Members who have it."""
    outsiders: tuple[str, ...]
    """`NAMED` at most, sorted; none of a hub."""

    @property
    def hub(self) -> bool:
        """Whether so many have it that it ties nobody."""
        return self.carriers > CROWD

    @property
    def further(self) -> int:
        """Outsiders who are not named."""
        return max(self.carriers - self.members - len(self.outsiders), 0)


def neighbourhood(
    customer_id: str, members: Collection[str], matrix: Matrix, rates: BaseRates
) -> tuple[NeighbourGroup, ...]:
    """Look around one member; those things that lead to the fewest customers first.

    Args:
        customer_id: the member.
        members: of the case.
        matrix: of the case.
        rates: of the bank.
    """
    ring = set(members)
    found = [
        *_by_values(customer_id, ring, rates.bank),
        *_by_counterparties(customer_id, ring, matrix, rates.bank.transactions),
        *_by_transfers(customer_id, ring, rates.transfers),
    ]
    return tuple(sorted(found, key=lambda each: (each.carriers, each.source, each.value)))


def _by_values(customer_id: str, ring: set[str], bank: Bank) -> Iterator[NeighbourGroup]:
    for column in bank.columns_with(ColumnRole.evidence):
        held = carried(bank.customers, column).select(pl.col("customer_id").cast(pl.String), "value")
        for value in held.filter(pl.col("customer_id") == customer_id)["value"].unique().sort():
            yield _neighbours(column, value, held.filter(pl.col("value") == value)["customer_id"], ring, personal=True)


def _by_counterparties(
    customer_id: str, ring: set[str], matrix: Matrix, transactions: pl.DataFrame
) -> Iterator[NeighbourGroup]:
    rare = [row.value for row in matrix.of_kind(ThingKind.counterparty) if customer_id in row.cells]
    if not rare:
        return
    dealing = transactions.select(
        pl.col("customer_id").cast(pl.String), value=pl.col("counterparty_id").cast(pl.String)
    )
    dealing = dealing.filter(pl.col("value").is_in(rare)).unique()
    for value in rare:
        carriers = dealing.filter(pl.col("value") == value)["customer_id"]
        yield _neighbours(ThingKind.counterparty, value, carriers, ring, personal=False)


def _by_transfers(customer_id: str, ring: set[str], transfers: pl.DataFrame) -> Iterator[NeighbourGroup]:
    ends = ("sender", "receiver"), ("receiver", "sender")
    parts = [transfers.filter(pl.col(own) == customer_id)[other].rename("customer_id") for own, other in ends]
    partners = pl.concat(parts).unique()
    if len(partners):
        yield _neighbours("transfers", "", partners, ring, personal=False)


def _neighbours(source: str, value: str, carriers: pl.Series, ring: set[str], *, personal: bool) -> NeighbourGroup:
    who = set(carriers.to_list())
    outsiders = sorted(who - ring)
    shown = tuple(outsiders[:NAMED]) if len(who) <= CROWD else ()
    return NeighbourGroup(source, value, personal, len(who), len(who & ring), shown)

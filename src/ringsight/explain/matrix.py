"""Members of a ring against what they share and the bank hardly has: counterparties, amounts to the cent, days.

It illustrates a ring and is no part of its score. The members were chosen because they are alike, so that the bits
say how unusual a thing is, and not how sure the ring is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.explain.base_rates import (
    BY_CHANCE,
    BaseRates,
    ThingKind,
    share_outside,
    surprise,
    things_of,
    value_of,
)

ROWS = 40
"""Rows that are kept, the most surprising ones."""
CITED = 500
"""Transactions of a cell that are given, the latest ones."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A thing that members share and chance does not explain."""

    kind: ThingKind
    value: str
    category: str
    """What the bank mostly calls such a counterparty; empty where it does not say."""
    members: int
    """Members who have it,"""
    of: int
    """of those who have transactions."""
    carriers: int
    """Customers of the bank who have it, members among them,"""
    customers: int
    """of those who have transactions."""
    bits: float
    """How rarely chance gives it to so many members, however many things were looked at."""
    cells: Mapping[str, int]
    """Customer id -> transactions; members without any are left out."""

    @property
    def share(self) -> float:
        """The bank's base rate."""
        return self.carriers / max(self.customers, 1)


@dataclass(frozen=True, slots=True)
class Matrix:
    """What members share and the bank hardly has."""

    rows: tuple[MatrixRow, ...]
    """The most surprising first, `ROWS` at most."""
    left_out: int
    """How many more there are."""
    tried: Mapping[str, int]
    """Kind -> how many things of the members were looked at."""

    def of_kind(self, kind: ThingKind) -> tuple[MatrixRow, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if row.kind is kind)


def matrix(members: Sequence[str], transactions: pl.DataFrame, rates: BaseRates) -> Matrix:
    """Find what at least two members share and chance does not explain.

    A customer who does much has more of everything, so that each member's chance is the bank's, raised by how many
    things the member has against the average customer.

    Args:
        members: customer ids.
        transactions: theirs.
        rates: of the bank.
    """
    rows: list[MatrixRow] = []
    tried: dict[str, int] = {}
    found = 0
    for kind in ThingKind:
        things = things_of(transactions, kind).filter(pl.col("customer_id").is_in(list(members)))
        telling = _telling(things, rates, kind)
        tried[kind.value] = things["value"].n_unique()
        found += len(telling)
        rows += _rows(kind, telling.head(ROWS), things, transactions, rates.customers)
    rows.sort(key=lambda row: (-round(row.bits, 6), row.kind, row.value))
    return Matrix(tuple(rows[:ROWS]), found - len(rows[:ROWS]), tried)


def cited(transactions: pl.DataFrame, kind: ThingKind, value: str) -> pl.DataFrame:
    """The transactions behind a cell, the latest `CITED` of them in the order of time.

    Args:
        transactions: of one member.
        kind: of the row.
        value: of the row.
    """
    if kind is ThingKind.counterparty and "counterparty_id" not in transactions.columns:
        return transactions.head(0)
    return transactions.filter(value_of(kind) == value).sort("timestamp", "transaction_id").tail(CITED)


def _telling(things: pl.DataFrame, rates: BaseRates, kind: ThingKind) -> pl.DataFrame:
    """The values that chance does not explain: value, members, carriers, bits; the most surprising first."""
    each = things.group_by("customer_id").len().sort("customer_id")
    counted = things.group_by("value").agg(members=pl.len()).join(rates.carriers[kind], on="value", how="left")
    shared = counted.filter(pl.col("members") > 1).with_columns(pl.col("carriers").fill_null(0)).sort("value")
    having = shared["members"].to_numpy()
    outside = share_outside(having, len(each), shared["carriers"].to_numpy(), rates.customers)
    chances = _chances(outside, each["len"].to_numpy() / max(rates.things[kind], 1.0))
    bits = pl.Series("bits", surprise(having, len(each), chances, counted.height), dtype=pl.Float64)
    telling = shared.with_columns(bits).filter(pl.col("bits") >= BY_CHANCE)
    return telling.sort(pl.col("bits").round(6), "value", descending=[True, False])


def _chances(shares: NDArray[np.float64], busy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The members' mean chance of each thing, where a share of all have it and members do more or less than others.

    Returns:
        Shape (things,).
    """
    rates = -np.log1p(-np.minimum(shares, 1 - 1e-9))
    chances: NDArray[np.float64] = sum((1 - np.exp(-rates * each) for each in busy), np.zeros(len(shares)))
    return chances / max(len(busy), 1)


def _rows(
    kind: ThingKind, telling: pl.DataFrame, things: pl.DataFrame, transactions: pl.DataFrame, customers: int
) -> list[MatrixRow]:
    of = things["customer_id"].n_unique()
    cells: dict[str, dict[str, int]] = {value: {} for value in telling["value"]}
    for customer, value, times in things.filter(pl.col("value").is_in(list(cells))).sort("customer_id").iter_rows():
        cells[value][customer] = times
    names = _categories(transactions, list(cells)) if kind is ThingKind.counterparty else {}
    return [
        MatrixRow(
            kind=kind,
            value=row["value"],
            category=names.get(row["value"], ""),
            members=row["members"],
            of=of,
            carriers=row["carriers"],
            customers=customers,
            bits=row["bits"],
            cells=cells[row["value"]],
        )
        for row in telling.iter_rows(named=True)
    ]


def _categories(transactions: pl.DataFrame, counterparties: Sequence[str]) -> dict[str, str]:
    """Counterparty -> what most of the transactions with it are called."""
    if "category" not in transactions.columns:
        return {}
    named = transactions.select(
        value=pl.col("counterparty_id").cast(pl.String), name=pl.col("category").cast(pl.String)
    )
    wanted = named.filter(pl.col("value").is_in(list(counterparties))).drop_nulls()
    most = wanted.group_by("value", "name").len().sort("len", "name", descending=[True, False])
    return dict(most.unique("value", keep="first", maintain_order=True).select("value", "name").iter_rows())

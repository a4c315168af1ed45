"""Transactions of two customers: rhythms that overlap, counterparties in common, equal sums at one moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.bank import Bank
from ringsight.rings.artefacts.pairs import Pair, customers_of, records_by_customer, strangers

HOURS = 24 * 7
SAME_MOMENT = timedelta(minutes=15)
"""Equal sums moved within this time of each other count as one event."""
COUNTERPARTIES, EVENTS = 8, 8
"""Counterparties and events that are listed, the rarest and the closest."""


@dataclass(frozen=True, slots=True)
class SharedCounterparty:
    """A counterparty of both customers."""

    counterparty_id: str
    customers: int
    """Customers of the bank who deal with it."""
    times_a: int
    times_b: int


@dataclass(frozen=True, slots=True)
class SameMoment:
    """Two transactions of equal sums, to the cent and whatever their sign, at nearly one moment."""

    transaction_a: str
    transaction_b: str
    amount_a: float
    amount_b: float
    seconds_apart: int


@dataclass(frozen=True, slots=True)
class TransactionsAlike:
    """What two customers' transactions have alike."""

    customer_a: str
    customer_b: str
    overlap: float
    """Overlap of their hours of the week, 0 to 1."""
    usual: float
    """Share of strangers whose hours overlap with the first customer's as much."""
    strangers: int
    """How many strangers that is a share of."""
    shared: int
    """Counterparties in common."""
    counterparties: tuple[SharedCounterparty, ...]
    """The rarest of them, rarest first."""
    events: tuple[SameMoment, ...]
    """Closest first."""
    of: int
    """Customers of the bank who have transactions."""

    @property
    def weight(self) -> float:
        """How rare what they share is, in bits: for choosing what to show, nothing else."""
        counterparties = sum(float(np.log2(self.of / shared.customers)) for shared in self.counterparties)
        rhythm = -float(np.log2(max(self.usual, 1 / (self.strangers + 1))))
        return counterparties + len(self.events) * float(np.log2(self.of / 2)) + rhythm


def transactions_alike(bank: Bank, pairs: Collection[Pair]) -> dict[Pair, TransactionsAlike]:
    """Compare the transactions of each pair; a pair of whom either has none is left out.

    Args:
        bank: the transactions, and who else deals with the same counterparties.
        pairs: customers to compare.
    """
    customers = customers_of(pairs)
    others = strangers(bank.transactions, customers)
    rows = records_by_customer(bank.transactions, {*customers, *others})
    weeks = {customer: hours_of_week(table) for customer, table in rows.items()}
    dealings = {customer: _dealings(rows[customer]) for customer in customers if customer in rows}
    carriers = _carriers(bank.transactions, sorted({name for named in dealings.values() for name in named}))
    of = bank.transactions["customer_id"].n_unique()
    alike = {}
    for a, b in pairs:
        if a not in rows or b not in rows:
            continue
        overlap = _overlap(weeks[a], weeks[b])
        usual = [_overlap(weeks[a], weeks[other]) >= overlap for other in others]
        counterparties = _shared(dealings[a], dealings[b], carriers)
        alike[a, b] = TransactionsAlike(
            customer_a=a,
            customer_b=b,
            overlap=overlap,
            usual=float(np.mean(usual)) if usual else 0.0,
            strangers=len(usual),
            shared=len(counterparties),
            counterparties=tuple(counterparties[:COUNTERPARTIES]),
            events=_events(rows[a], rows[b]),
            of=of,
        )
    return alike


def hours_of_week(transactions: pl.DataFrame) -> NDArray[np.float64]:
    """Share of the transactions in each hour of the week, each spread a little over the hours beside it.

    Returns:
        From Monday midnight UTC, summing to 1 unless there is no transaction; shape (168,).
    """
    day = transactions["timestamp"].dt.weekday().to_numpy().astype(np.int64) - 1
    hour = transactions["timestamp"].dt.hour().to_numpy().astype(np.int64)
    counts = np.bincount(24 * day + hour, minlength=HOURS).astype(np.float64)
    spread = counts / 2 + (np.roll(counts, 1) + np.roll(counts, -1)) / 4
    return spread / max(float(spread.sum()), 1.0)


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.minimum(one, other).sum())


def _dealings(transactions: pl.DataFrame) -> dict[str, int]:
    """Counterparty -> number of transactions."""
    if "counterparty_id" not in transactions.columns:
        return {}
    names = transactions["counterparty_id"].cast(pl.String).drop_nulls()
    return dict(names.value_counts().iter_rows())


def _carriers(transactions: pl.DataFrame, counterparties: Collection[str]) -> dict[str, int]:
    """How many customers deal with each of these counterparties."""
    if not counterparties:
        return {}
    named = transactions.select("customer_id", pl.col("counterparty_id").cast(pl.String))
    wanted = named.filter(pl.col("counterparty_id").is_in(list(counterparties)))
    return dict(wanted.group_by("counterparty_id").agg(pl.col("customer_id").n_unique()).iter_rows())


def _shared(a: Mapping[str, int], b: Mapping[str, int], carriers: Mapping[str, int]) -> list[SharedCounterparty]:
    shared = [SharedCounterparty(name, carriers[name], a[name], b[name]) for name in a.keys() & b.keys()]
    return sorted(shared, key=lambda each: (each.customers, -each.times_a - each.times_b, each.counterparty_id))


def _events(a: pl.DataFrame, b: pl.DataFrame) -> tuple[SameMoment, ...]:
    """Each transaction of the first with the nearest of the second of the same sum; none takes part twice."""
    columns = ["transaction_id", "timestamp", "amount"]
    one, other = (
        rows.select(columns)
        .with_columns(cents=(pl.col("amount").abs() * 100).round().cast(pl.Int64), moment="timestamp")
        .sort("timestamp", "transaction_id")
        for rows in (a, b)
    )
    met = one.join_asof(
        other, on="timestamp", by="cents", strategy="nearest", tolerance=SAME_MOMENT, check_sortedness=False
    ).drop_nulls("transaction_id_right")
    met = (
        met.with_columns(apart=(pl.col("moment") - pl.col("moment_right")).dt.total_seconds().abs())
        .sort("apart", "transaction_id")
        .unique("transaction_id_right", keep="first", maintain_order=True)
    )
    return tuple(
        SameMoment(
            str(row["transaction_id"]),
            str(row["transaction_id_right"]),
            row["amount"],
            row["amount_right"],
            int(row["apart"]),
        )
        for row in met.head(EVENTS).iter_rows(named=True)
    )

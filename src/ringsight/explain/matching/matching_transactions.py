"""Transactions of two customers: rhythms that overlap, counterparties in common, equal sums at one moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.explain.matching.sampling import Pair, customers_of, records_by_customer, strangers
from ringsight.explain.words import count, of_strangers
from ringsight.records.bank import Bank

HOURS = 24 * 7
SAME_MOMENT = timedelta(minutes=15)
"""Equal sums moved within this time of each other count as one event."""
QUARTER = "15m"
"""Of an hour, by the clock: customers who move the same sum in one are counted."""
COUNTERPARTIES, EVENTS = 8, 8
"""How many counterparties and events are listed, the rarest ones."""


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
    """Two transactions of equal sums, to the cent and without regard to sign, at nearly the same time."""

    transaction_a: str
    transaction_b: str
    amount_a: float
    amount_b: float
    seconds_apart: int
    customers: int
    """Customers of the bank who moved that sum in the same quarter of an hour or one beside it."""


@dataclass(frozen=True, slots=True)
class MatchingTransactions:
    """What two customers' transactions have alike."""

    modality: ClassVar[str] = "transactions"
    customer_a: str
    customer_b: str
    overlap: float
    """Overlap of their hours of the week, 0 to 1."""
    usual: float
    """Share of strangers whose hours overlap as much with the first customer's."""
    strangers: int
    """How many strangers that is a share of."""
    shared: int
    """Counterparties in common."""
    counterparties: tuple[SharedCounterparty, ...]
    """The rarest of them, rarest first."""
    moments: int
    """How many equal sums were moved at nearly the same time."""
    events: tuple[SameMoment, ...]
    """The rarest of them, rarest first."""
    of: int
    """Customers of the bank who have transactions."""

    @property
    def weight(self) -> float:
        """How rare what they share is, in bits. It decides what is shown, and nothing else."""
        carriers = [each.customers for each in self.counterparties] + [each.customers for each in self.events]
        rhythm = -float(np.log2(max(self.usual, 1 / (self.strangers + 1))))
        return sum(float(np.log2(self.of / customers)) for customers in carriers) + rhythm

    @property
    def cites(self) -> tuple[str, ...]:
        """The two customers, because all their hours are compared, and the transactions of equal sums."""
        met = (name for event in self.events for name in (event.transaction_a, event.transaction_b))
        return self.customer_a, self.customer_b, *met

    @property
    def sentence(self) -> str:
        """What the two customers' transactions have alike."""
        moments = f"{count(self.moments, 'equal sum')} at nearly the same time; " if self.moments else ""
        rare = self.counterparties[0] if self.counterparties else None
        rarest = f", the rarest {rare.counterparty_id} with {rare.customers} of {self.of} customers" if rare else ""
        return (
            f"Transactions of {self.customer_a} and {self.customer_b}: {count(self.shared, 'counterparty')} in common"
            f"{rarest}; {moments}their hours of the week overlap by {self.overlap:.0%}, and those of "
            f"{of_strangers(self.usual, self.strangers)} overlap as much."
        )


def matching_transactions(bank: Bank, pairs: Collection[Pair]) -> dict[Pair, MatchingTransactions]:
    """Compare the transactions of each pair; a pair is left out if either has none.

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
    both = [(a, b) for a, b in pairs if a in rows and b in rows]
    met = {pair: _met(rows[pair[0]], rows[pair[1]]) for pair in both}
    events = _events(bank.transactions, met)
    alike = {}
    for a, b in both:
        overlap = _overlap(weeks[a], weeks[b])
        usual = [_overlap(weeks[a], weeks[other]) >= overlap for other in others]
        counterparties = _shared(dealings[a], dealings[b], carriers)
        alike[a, b] = MatchingTransactions(
            customer_a=a,
            customer_b=b,
            overlap=overlap,
            usual=float(np.mean(usual)) if usual else 0.0,
            strangers=len(usual),
            shared=len(counterparties),
            counterparties=tuple(counterparties[:COUNTERPARTIES]),
            moments=len(met[a, b]),
            events=events[a, b],
            of=of,
        )
    return alike


def hours_of_week(transactions: pl.DataFrame) -> NDArray[np.float64]:
    """Share of the transactions in each hour of the week; half of each goes to the hours before and after.

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


def _met(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Each transaction of the first with the nearest in time of the second that has the same sum; each is used once."""
    columns = ["transaction_id", "timestamp", "amount"]
    one, other = (
        rows.select(*columns, cents=_cents(), moment="timestamp")
        .filter(pl.col("cents") != 0)
        .sort("timestamp", "transaction_id")
        for rows in (a, b)
    )
    met = one.join_asof(
        other, on="timestamp", by="cents", strategy="nearest", tolerance=SAME_MOMENT, check_sortedness=False
    ).drop_nulls("transaction_id_right")
    apart = (pl.col("moment") - pl.col("moment_right")).dt.total_seconds().abs()
    return (
        met.with_columns(apart=apart)
        .sort("apart", "transaction_id")
        .unique("transaction_id_right", keep="first", maintain_order=True)
    )


def _cents() -> pl.Expr:
    return (pl.col("amount").abs() * 100).round().cast(pl.Int64)


def _events(transactions: pl.DataFrame, met: Mapping[Pair, pl.DataFrame]) -> dict[Pair, tuple[SameMoment, ...]]:
    """Each pair's events, with how many customers moved the same sum at that time."""
    found = pl.concat([events.select("cents", "moment") for events in met.values()]) if met else pl.DataFrame()
    if found.is_empty():
        return dict.fromkeys(met, ())
    sums = transactions.select("customer_id", "timestamp", cents=_cents())
    sums = sums.filter(pl.col("cents").is_in(found["cents"].unique().to_list()))
    beside = [pl.col("moment").dt.truncate(QUARTER).dt.offset_by(by) for by in (f"-{QUARTER}", "0m", QUARTER)]
    near = found.unique().with_columns(quarter=pl.concat_list(beside)).explode("quarter")
    then = sums.with_columns(quarter=pl.col("timestamp").dt.truncate(QUARTER))
    company = near.join(then, on=["cents", "quarter"]).group_by("cents", "moment").agg(pl.col("customer_id").n_unique())
    return {pair: _rarest(events.join(company, on=["cents", "moment"])) for pair, events in met.items()}


def _rarest(events: pl.DataFrame) -> tuple[SameMoment, ...]:
    return tuple(
        SameMoment(
            transaction_a=str(row["transaction_id"]),
            transaction_b=str(row["transaction_id_right"]),
            amount_a=row["amount"],
            amount_b=row["amount_right"],
            seconds_apart=int(row["apart"]),
            customers=row["customer_id"],
        )
        for row in events.sort("customer_id", "apart", "transaction_id").head(EVENTS).iter_rows(named=True)
    )

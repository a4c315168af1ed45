"""How usual something is in the bank: how many customers have a counterparty, an amount, a day, or some words.

What a ring shares says something only where others seldom have it. `surprise` holds how many members have a thing
against the share of outsiders who do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from ringsight.explain.matching import NOTES_EACH, words_of
from ringsight.explain.matching.sampling import latest_each, records_by_customer, strangers
from ringsight.records.bank import Bank
from ringsight.records.transfers import transfers_between

BY_CHANCE = float(np.log2(20))
"""Bits; what chance shows more often than once in twenty, it may have made."""
SAMPLED = 200
"""Customers whose notes are read to learn which words are usual."""
RUN = 4
"""Words in a row that are counted together."""


class ThingKind(StrEnum):
    """What customers may have in common in their transactions."""

    counterparty = "counterparty"
    amount = "amount"
    """An amount to the cent, whichever way it went."""
    day = "day"
    """A day with a transaction."""


NEEDED = {
    ThingKind.counterparty: "counterparty_id",
    ThingKind.amount: "amount",
    ThingKind.day: "timestamp",
}
"""The column that a kind is read from."""


@dataclass(frozen=True, slots=True, eq=False)
class BaseRates:
    """What is usual in a bank, counted once for all its rings."""

    bank: Bank
    customers: int
    """Customers who have transactions."""
    carriers: Mapping[ThingKind, pl.DataFrame]
    """For each kind: value (str), carriers (int): how many customers have it."""
    things: Mapping[ThingKind, float]
    """For each kind how many different ones a customer has, on average."""
    runs: Mapping[str, tuple[str, ...]]
    """Words in a row -> which of the customers `sampled` have them in their notes."""
    sampled: tuple[str, ...]
    transfers: pl.DataFrame
    """Columns of `records.transfers.TRANSFERS`."""


def base_rates(bank: Bank) -> BaseRates:
    """Count what is usual in a bank, in one pass over each table."""
    carriers = {kind: _carriers(bank.transactions, kind) for kind in ThingKind}
    customers = bank.transactions["customer_id"].n_unique()
    sampled = strangers(bank.notes, (), SAMPLED)
    runs: dict[str, list[str]] = {}
    for customer, rows in records_by_customer(bank.notes, sampled).items():
        for run in runs_of(latest_each(rows, ("timestamp", "note_id"), NOTES_EACH)["text"].to_list()):
            runs.setdefault(run, []).append(customer)
    return BaseRates(
        bank=bank,
        customers=customers,
        carriers=carriers,
        things={kind: float(table["carriers"].sum()) / max(customers, 1) for kind, table in carriers.items()},
        runs={run: tuple(who) for run, who in runs.items()},
        sampled=tuple(sampled),
        transfers=transfers_between(bank),
    )


def things_of(transactions: pl.DataFrame, kind: ThingKind) -> pl.DataFrame:
    """What customers have of one kind, each thing once.

    Returns:
        customer_id, value (str), times: how many of the customer's transactions.
    """
    if NEEDED[kind] not in transactions.columns:
        return pl.DataFrame(schema={"customer_id": pl.String, "value": pl.String, "times": pl.UInt32})
    customer = pl.col("customer_id").cast(pl.String)
    counted = transactions.group_by(customer, key=_key(kind)).agg(times=pl.len())
    return counted.select("customer_id", _written(kind).alias("value"), "times").drop_nulls("value")


def value_of(kind: ThingKind) -> pl.Expr:
    """The value of one kind that a transaction has, as text: P100, 49.99 or 2026-05-01; null where it has none."""
    return _written(kind, _key(kind))


def _carriers(transactions: pl.DataFrame, kind: ThingKind) -> pl.DataFrame:
    """How many customers have each thing: value, carriers; text is made of what is counted, not of each transaction."""
    if NEEDED[kind] not in transactions.columns:
        return pl.DataFrame(schema={"value": pl.String, "carriers": pl.UInt32})
    having = transactions.lazy().select("customer_id", key=_key(kind)).drop_nulls("key").unique()
    counted = having.group_by("key").agg(carriers=pl.len())
    return counted.select(_written(kind).alias("value"), "carriers").drop_nulls("value").collect()


def _key(kind: ThingKind) -> pl.Expr:
    """What is counted: a counterparty, an amount in cents, or a day."""
    match kind:
        case ThingKind.counterparty:
            return pl.col("counterparty_id")
        case ThingKind.amount:
            return (pl.col("amount").abs() * 100).round().clip(upper_bound=2.0**62).cast(pl.Int64)
        case ThingKind.day:
            return pl.col("timestamp").dt.date()


def _written(kind: ThingKind, key: pl.Expr | None = None) -> pl.Expr:
    """The same as text; an amount of nothing is null."""
    key = pl.col("key") if key is None else key
    if kind is not ThingKind.amount:
        return key.cast(pl.String)
    parts = (key // 100).cast(pl.String), (key % 100).cast(pl.String).str.zfill(2)
    return pl.when(key > 0).then(pl.concat_str(*parts, separator="."))


def runs_of(texts: Sequence[str]) -> set[str]:
    """All runs of `RUN` words in some texts, in small letters."""
    found: set[str] = set()
    for text in texts:
        said = [word.text for word in words_of(text)]
        found.update(" ".join(said[at : at + RUN]) for at in range(len(said) - RUN + 1))
    return found


def surprise(having: ArrayLike, members: int, shares: NDArray[np.float64], tried: int) -> NDArray[np.float64]:
    """How rarely chance gives so many of some members a thing, in bits, however many things were looked at.

    The number who have it by chance is taken as binomial, at the members' mean chance: members of unequal chances
    vary less than that (Hoeffding 1956, Annals of Mathematical Statistics 27:713).

    Args:
        having: how many members have each thing, 1 or more; shape (things,).
        members: how many members there are.
        shares: the members' mean chance to have each thing; shape (things,).
        tried: how many things were looked at (Bonferroni).

    Returns:
        Bits; shape (things,).
    """
    k = np.asarray(having, dtype=np.float64)
    tail = betainc(k, members - k + 1, np.clip(shares, 1e-12, 1 - 1e-12))
    bits: NDArray[np.float64] = -np.log2(np.maximum(tail, 1e-300)) - np.log2(max(tried, 1))
    return bits


def share_outside(having: ArrayLike, members: int, carriers: ArrayLike, customers: int) -> NDArray[np.float64]:
    """The share of customers outside a ring who have a thing; never 0, for half a customer is added."""
    outside = np.maximum(np.asarray(carriers) - np.asarray(having), 0)
    share: NDArray[np.float64] = (outside + 0.5) / (max(customers - members, 0) + 1)
    return share

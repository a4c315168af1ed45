"""Facets of transactions: whom a customer pays, how much to the cent, on which days, and at which hours.

Each is a property that honest strangers seldom share together with the others. All are taken from counts of one pass
over the transactions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ringsight.encoders.bag_space import BagSpace, fit_bags
from ringsight.encoders.even_space import EvenSpace, fit_even
from ringsight.encoders.facets import arrays_of
from ringsight.encoders.part import Part
from ringsight.encoders.projection import buckets_of, random_axes
from ringsight.encoders.transaction_features import BUCKETS, TransactionFeatures

HALVES_A_WEEK = 14
HOURS_A_WEEK = 168
MONDAY = 3 * 24
"""Hours of the week that had passed when 1970 began, on a Thursday."""
LONGEST = 4 * 365
"""Half-days that are looked at: so many of the training bank, up to the last, and so many that come later."""
NEARLY_ALL = 0.999
"""Share of the training bank's transactions that end its last half-day, so that a slip in a date does not."""
OWN_WEEK = 14.0
"""A customer of so many transactions counts as much as the bank in what is taken for the customer's own week."""
LEAST, MOST = -3.0, 20.0
"""Bounds of a half-day's residual, in standard deviations."""
ROWS = 4096
"""Customers whose half-days are laid out at once."""
RHYTHM_RIDGE = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What is counted of n customers' transactions."""

    customer_ids: NDArray[np.str_]
    """Shape (n,), sorted."""
    counterparties: sparse.csr_array
    """1 for each bucket that a customer has dealt with: how often does not count, for one hand shares its custom out
    unevenly; shape (n, BUCKETS)."""
    amounts: sparse.csr_array
    """1 + ln(transactions) of each amount to the cent, whichever way it went; shape (n, BUCKETS)."""
    first: int
    """The half-day that `half_days` begins with, counted from 1970."""
    half_days: sparse.csr_array
    """Transactions in each half-day; shape (n, half-days)."""
    hours: NDArray[np.float64]
    """Transactions in each hour of the week, from Monday on; shape (n, HOURS_A_WEEK)."""


def count(transactions: pl.DataFrame, features: TransactionFeatures) -> Counts:
    """Count what the facets need.

    Args:
        transactions: in the columns of the data contract.
        features: of the same transactions.
    """
    ids = features.customer_ids
    row = np.searchsorted(ids, transactions["customer_id"].to_numpy().astype(np.str_))
    cents = np.rint(np.abs(transactions["amount"].to_numpy()) * 100).clip(max=2**62).astype(np.int64)
    amounts = _counted(row, buckets_of(cents, BUCKETS), (len(ids), BUCKETS))
    amounts.data = 1 + np.log(amounts.data)
    hour = transactions["timestamp"].dt.epoch("s").to_numpy() // 3600
    half_day = hour // 12
    first = int(half_day.min()) if len(half_day) else 0
    days = int(half_day.max()) - first + 1 if len(half_day) else 0
    return Counts(
        customer_ids=ids,
        counterparties=_presence(features.counterparties),
        amounts=amounts,
        first=first,
        half_days=_counted(row, half_day - first, (len(ids), days)),
        hours=_counted(row, (hour + MONDAY) % HOURS_A_WEEK, (len(ids), HOURS_A_WEEK)).toarray(),
    )


def _presence(bags: sparse.csr_array) -> sparse.csr_array:
    present = bags.copy()
    present.data = np.ones_like(present.data)
    return present


def _counted(row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array(sparse.coo_array((np.ones(len(row)), (row, column)), shape=shape))


@dataclass(frozen=True, slots=True, eq=False)
class DaySpace:
    """Half-days on which a customer was more active than the bank and the customer's own week let expect.

    Residuals of a Poisson count, within the time from a customer's first transaction to the last.
    """

    first: NDArray[np.int64]
    """The first half-day known, counted from 1970; shape (1,)."""
    rates: NDArray[np.float64]
    """Share of the bank's transactions in each half-day known; shape (half-days,)."""
    axes: NDArray[np.float32]
    """Leading directions of the residuals; shape (half-days, dim). Later half-days are projected at random."""

    def apply(self, counts: Counts) -> NDArray[np.float32]:
        """Shape (n, dim); zero for customers who have transactions before the first half-day only."""
        known = len(self.rates)
        vectors = [
            residuals[:, :known] @ self.axes + residuals[:, known:] @ self._later(residuals.shape[1] - known)
            for residuals in self.residuals(counts)
        ]
        return np.concatenate(vectors or [np.zeros((0, self.axes.shape[1]))]).astype(np.float32)

    def residuals(self, counts: Counts) -> Iterator[NDArray[np.float64]]:
        """By customers, `ROWS` at a time; columns are half-days from the first known on, as late as any is seen."""
        known, last = len(self.rates), counts.first + counts.half_days.shape[1]
        columns = int(np.clip(last - self.first[0], known, known + LONGEST))
        counts = _from(counts, int(self.first[0]), columns)
        slot = (self.first[0] + np.arange(columns) + MONDAY // 12) % HALVES_A_WEEK
        rates, week = self._rates(slot)
        for start in range(0, len(counts.customer_ids), ROWS):
            given = counts.half_days[start : start + ROWS].toarray()
            own = np.stack([given[:, slot == each].sum(axis=1) for each in range(HALVES_A_WEEK)], axis=1)
            share = (own + OWN_WEEK * week) / (own.sum(axis=1, keepdims=True) + OWN_WEEK)
            within = _span(given)
            expected = within * rates * (share / np.maximum(week, 1e-9))[:, slot]
            expected *= given.sum(axis=1, keepdims=True) / np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
            yield within * np.clip((given - expected) / np.sqrt(expected + 1), LEAST, MOST)

    def _rates(self, slot: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of each half-day, those not known taken for like ones; and share of each slot of the week."""
        known = len(self.rates)
        week = np.bincount(slot[:known], self.rates, HALVES_A_WEEK).astype(np.float64)
        like = week / np.maximum(np.bincount(slot[:known], minlength=HALVES_A_WEEK), 1)
        return np.concatenate([self.rates, like[slot[known:]]]), week

    def _later(self, half_days: int) -> sparse.csr_array:
        later = self.first[0] + len(self.rates) + np.arange(half_days)
        return random_axes(later, self.axes.shape[1])


def fit_days(counts: Counts, dim: int) -> DaySpace:
    """Fit the bank's days and the leading directions."""
    totals = np.asarray(counts.half_days.sum(axis=0))
    columns = int(np.searchsorted(np.cumsum(totals), NEARLY_ALL * totals.sum())) + 1
    first = counts.first + max(columns - LONGEST, 0)
    counts = _from(counts, first, min(columns, LONGEST))
    rates = np.asarray(counts.half_days.sum(axis=0)) / max(float(totals.sum()), 1.0)
    space = DaySpace(np.array([counts.first]), rates, np.zeros((len(rates), dim), dtype=np.float32))
    gram = np.zeros((len(rates), len(rates)))
    for residuals in space.residuals(counts):
        gram += residuals.T @ residuals
    _, directions = np.linalg.eigh(gram)
    leading = directions[:, ::-1][:, :dim]
    axes = np.zeros((len(rates), dim), dtype=np.float32)
    axes[:, : leading.shape[1]] = leading
    return replace(space, axes=axes)


def _from(counts: Counts, first: int, columns: int) -> Counts:
    """The same counts over other half-days, those from `first` on."""
    given = counts.half_days.tocoo()
    row, column = given.coords[0], given.coords[1] + counts.first - first
    inside = (column >= 0) & (column < columns)
    moved = (given.data[inside], (row[inside], column[inside]))
    return replace(counts, first=first, half_days=sparse.csr_array(moved, shape=(given.shape[0], columns)))


def _span(given: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The half-days from each customer's first transaction to the last."""
    active = given > 0
    begun = np.logical_or.accumulate(active, axis=1)
    to_come = np.logical_or.accumulate(active[:, ::-1], axis=1)[:, ::-1]
    span: NDArray[np.bool_] = begun & to_come
    return span


@dataclass(frozen=True, slots=True, eq=False)
class TransactionFacets:
    """All facets of transactions, fitted."""

    counterparties: BagSpace
    amounts: BagSpace
    active_days: DaySpace
    rhythm: EvenSpace

    @classmethod
    def of(cls, part: Part) -> Self:
        """Those that a trained part carries."""
        return cls(
            counterparties=BagSpace(**part.fitted("counterparties")),
            amounts=BagSpace(**part.fitted("amounts")),
            active_days=DaySpace(**part.fitted("active_days")),
            rhythm=EvenSpace(**part.fitted("rhythm")),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the part."""
        return arrays_of(
            counterparties=self.counterparties, amounts=self.amounts, active_days=self.active_days, rhythm=self.rhythm
        )

    def apply(self, counts: Counts) -> dict[str, NDArray[np.float32]]:
        """Vectors of each facet, not yet of length 1; each of shape (n, its dim)."""
        return {
            "counterparties": self.counterparties.apply(counts.counterparties),
            "amounts": self.amounts.apply(counts.amounts),
            "active_days": self.active_days.apply(counts),
            "rhythm": self.rhythm.apply(_shares(counts.hours)),
        }


def fit_facets(counts: Counts, dim: int) -> TransactionFacets:
    """Fit all facets; `dim` is the length of a vector, at most."""
    return TransactionFacets(
        counterparties=fit_bags(counts.counterparties, dim),
        amounts=fit_bags(counts.amounts, dim),
        active_days=fit_days(counts, dim),
        rhythm=fit_even(_shares(counts.hours), dim, RHYTHM_RIDGE, scaled=True),
    )


def _shares(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square roots of the shares of each hour of the day, quarter of each weekday, and weekday; shape (n, 59)."""
    by_day = hours.reshape(len(hours), 7, 24)
    quarters = by_day.reshape(len(hours), 7, 4, 6).sum(axis=3).reshape(len(hours), 28)
    shares = [by_day.sum(axis=1), quarters, by_day.sum(axis=2)]
    rooted: NDArray[np.float64] = np.sqrt(
        np.concatenate(shares, axis=1) / np.maximum(hours.sum(axis=1, keepdims=True), 1)
    )
    return rooted

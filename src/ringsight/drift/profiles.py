"""Which columns of two nights are compared, and what each customer's values in them are like.

A customer's profile is the share of their records with each value (of numbers, in each of some ranges). Nights are held
against each other by the mean profile, so that every customer counts alike, and one who books a thousand times a day
does not speak for the bank.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.drift.contrast_groups import Ids
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import RECORD_TABLES, Values

RANGES = 50
"""Ranges that numbers are put in, each with as many values of both nights, about."""
MOST_VALUES = 100
"""Values of a column with more are not held against each other one by one."""


class ColumnKind(StrEnum):
    """How the values of a column are compared."""

    ordered = "ordered"
    """Numbers: by the largest distance between distributions (Kolmogorov and Smirnov)."""
    named = "named"
    """Words: by half the sum of all differences of shares (total variation)."""
    unread = "unread"
    """Ids, keys and dates of opening: only by whether there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnValues:
    """One column of one night, a row for each record."""

    table: str
    name: str
    kind: ColumnKind
    owners: Ids
    """Customer of each record."""
    values: pl.Series
    """Float64 where ordered, else String; null where missing."""

    @property
    def key(self) -> tuple[str, str]:
        """Table and column."""
        return self.table, self.name

    def rows_in(self, customers: Ids) -> NDArray[np.int64]:
        """For each record the place of its customer among sorted ids, -1 where it is not there."""
        if not len(customers):
            return np.full(len(self.owners), -1)
        place = np.minimum(np.searchsorted(customers, self.owners), len(customers) - 1)
        found: NDArray[np.int64] = np.where(customers[place] == self.owners, place, -1)
        return found


def columns_of(bank: Bank, *, protected: bool) -> Iterator[ColumnValues]:
    """Every column of a bank that can be compared: of customers, then of each table of records.

    Args:
        bank: of one night.
        protected: whether protected columns are among them.
    """
    customers = bank.customers
    for name, kind in customers.schema.items():
        role = bank.roles.get(name)
        if name == "customer_id" or (role is ColumnRole.protected and not protected):
            continue
        how = ColumnKind.unread if role is ColumnRole.evidence else _kind_of(kind)
        yield ColumnValues("customers", name, how, bank.customer_ids, _values(customers[name], how))
    for table in RECORD_TABLES:
        rows = bank.table(table.modality)
        owners = rows["customer_id"].cast(pl.String).to_numpy().astype(np.str_) if len(rows) else np.zeros(0, np.str_)
        for name, told in table.columns.items():
            if name in rows.columns and told not in (Values.key, Values.owner, Values.image):
                how, series = _record_values(rows[name], told)
                yield ColumnValues(table.name, name, how, owners, series)


def _kind_of(kind: pl.DataType) -> ColumnKind:
    if kind.is_numeric():
        return ColumnKind.ordered
    return ColumnKind.named if kind in (pl.String, pl.Boolean, pl.Categorical) else ColumnKind.unread


def _values(series: pl.Series, kind: ColumnKind) -> pl.Series:
    if kind is ColumnKind.ordered:
        return series.cast(pl.Float64)
    if isinstance(series.dtype, pl.List):
        return series.list.first().cast(pl.String)
    return series.cast(pl.String)


def _record_values(series: pl.Series, told: Values) -> tuple[ColumnKind, pl.Series]:
    """Of a moment its hour, of a text its length: as time passes, moments and words are others each night."""
    match told:
        case Values.time | Values.opening:
            hour = series.dt.hour().cast(pl.Float64) + series.dt.minute() / 60
            return ColumnKind.ordered, hour
        case Values.number:
            return ColumnKind.ordered, series.cast(pl.Float64)
        case Values.text:
            return ColumnKind.ordered, series.cast(pl.String).str.len_chars().cast(pl.Float64)
        case _:
            return ColumnKind.named, series.cast(pl.String)


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """What some customers' values are like."""

    shares: NDArray[np.float32]
    """Of a customer's values, those in each range; 0 where there are none; shape (customers, ranges)."""
    known: NDArray[np.bool_]
    """Who has any value; shape (customers,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """By what the values of a column are told apart on both nights."""

    ordered: bool
    edges: NDArray[np.float64]
    """Of ordered values, the upper ends of all ranges but the last."""
    names: pl.Series
    """Of named ones, all values."""

    @classmethod
    def of(cls, reference: ColumnValues, tonight: ColumnValues) -> "Ranges | None":
        """Ranges of both nights together; None where values are not compared, or there is none on either night."""
        both = pl.concat([reference.values, tonight.values]).drop_nulls()
        if reference.kind is ColumnKind.ordered:
            both = both.filter(both.is_finite())
        if both.is_empty() or reference.kind is ColumnKind.unread:
            return None
        if reference.kind is ColumnKind.ordered:
            edges = np.unique(np.quantile(both.to_numpy(), np.arange(1, RANGES) / RANGES))
            return cls(True, edges, pl.Series(dtype=pl.String))
        names = both.unique().sort()
        return cls(False, np.zeros(0), names) if len(names) <= MOST_VALUES else None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.edges) + 1 if self.ordered else len(self.names)

    def profiles(self, column: ColumnValues, customers: Ids) -> Profiles:
        """The profiles of some customers."""
        rows, known = column.rows_in(customers), column.values.is_not_null().to_numpy()
        if self.ordered:
            values = column.values.fill_null(0.0).to_numpy()
            known, place = known & np.isfinite(values), np.searchsorted(self.edges, values)
        else:
            place = np.searchsorted(
                self.names.to_numpy().astype(np.str_), column.values.fill_null("").to_numpy().astype(np.str_)
            )
        return _shares(rows, place, known, len(customers), self.count)


def missing(column: ColumnValues, customers: Ids) -> Profiles:
    """Share of each customer's records in which a column is missing."""
    rows = column.rows_in(customers)
    absent = column.values.is_null().to_numpy()
    shares = _shares(rows, absent.astype(np.int64), np.ones(len(rows), dtype=np.bool_), len(customers), 2)
    return Profiles(shares.shares[:, 1:], shares.known)


def _shares(
    rows: NDArray[np.int64], place: NDArray[np.int64], counted: NDArray[np.bool_], customers: int, count: int
) -> Profiles:
    counted = counted & (rows >= 0)
    cells = np.bincount(rows[counted] * count + place[counted], minlength=customers * count)
    table = cells.reshape(customers, count).astype(np.float32)
    total = table.sum(axis=1)
    return Profiles(table / np.maximum(total, 1)[:, None], total > 0)

"""The values of evidence columns that linked customers share, and how many others of the bank carry them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.written import carried


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that two customers share."""

    column: str
    value: str
    written: tuple[str, ...]
    """How either of them wrote it, where that is otherwise; sorted."""
    customers: int
    """Customers of the bank who carry it."""
    bits: float
    """What it adds to the link: 0 for a hub, where everybody carries it, and beside a rarer one of the same column."""
    hub: bool
    """Whether too many customers carry it to tie any two of them."""


@dataclass(frozen=True, slots=True)
class EvidenceColumn:
    """One evidence column, as far as some customers carry it."""

    name: str
    values: Mapping[str, Collection[str]]
    """Customer -> values, where there are any."""
    carriers: Mapping[str, int]
    """Value -> customers of the bank who carry it."""
    present: int
    """Customers of the bank who have any value."""
    written: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Value -> customer -> what was written, where that is otherwise."""


def evidence_columns(bank: Bank, customers: Collection[str]) -> list[EvidenceColumn]:
    """Gather the values of some customers in every evidence column, in one pass over each."""
    columns = []
    written = bank.written.of(customers)
    for name in bank.columns_with(ColumnRole.evidence):
        held = carried(bank.customers, name)
        mine = held.filter(pl.col("customer_id").is_in(sorted(customers)))
        carriers = held.filter(pl.col("value").is_in(mine["value"].unique().to_list())).group_by("value").len()
        columns.append(
            EvidenceColumn(
                name=name,
                values=dict(mine.group_by("customer_id").agg("value").iter_rows()),
                carriers=dict(carriers.iter_rows()),
                present=held["row"].n_unique(),
                written={value: spelt for (column, value), spelt in written.items() if column == name},
            )
        )
    return columns


def shared_values(
    columns: Collection[EvidenceColumn], a: str, b: str, bits: Mapping[str, float]
) -> tuple[SharedValue, ...]:
    """What two linked customers share, rarest first.

    Args:
        columns: with the values of both.
        a: one customer.
        b: the other.
        bits: of their link, by source; of several values of one column the rarest adds them. A value that adds none is
            a hub, unless all who have any carry it, or a rarer one of the column is shared too.
    """
    values = []
    for column in columns:
        both = sorted(set(column.values.get(a, ())) & set(column.values.get(b, ())))
        rarest = min(both, key=lambda value: (column.carriers[value], value), default="")
        for value in both:
            customers, worth = column.carriers[value], bits.get(column.name, 0.0)
            written = column.written.get(value, {})
            spelt = tuple(sorted({*written.get(a, ()), *written.get(b, ())}))
            hub = worth == 0 and customers < column.present
            adds = worth if value == rarest else 0.0
            values.append(SharedValue(column.name, value, spelt, customers, adds, hub))
    return tuple(sorted(values, key=lambda shared: (shared.customers, shared.column, shared.value)))

"""The values of evidence columns that linked customers share, and how many others of the bank carry them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from ringsight.records.bank import Bank, ColumnRole


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that two customers share exactly."""

    column: str
    value: str
    customers: int
    """Customers of the bank who carry it."""
    bits: float
    """What it adds to the link: 0 for a hub, and where everybody carries it."""
    hub: bool
    """Whether too many customers carry it to tie any two of them."""


@dataclass(frozen=True, slots=True)
class EvidenceColumn:
    """One evidence column, as far as some customers carry it."""

    name: str
    values: Mapping[str, str]
    """Customer -> value, where there is one."""
    carriers: Mapping[str, int]
    """Value -> customers of the bank who carry it."""
    present: int
    """Customers of the bank who have any value."""


def evidence_columns(bank: Bank, customers: Collection[str]) -> list[EvidenceColumn]:
    """Gather the values of some customers in every evidence column, in one pass over each."""
    columns = []
    for name in bank.columns_with(ColumnRole.evidence):
        held = bank.customers.select("customer_id", value=pl.col(name).cast(pl.String)).drop_nulls()
        mine = held.filter(pl.col("customer_id").is_in(sorted(customers)))
        carriers = held.filter(pl.col("value").is_in(mine["value"].unique().to_list())).group_by("value").len()
        columns.append(EvidenceColumn(name, dict(mine.iter_rows()), dict(carriers.iter_rows()), len(held)))
    return columns


def shared_values(
    columns: Collection[EvidenceColumn], a: str, b: str, bits: Mapping[str, float]
) -> tuple[SharedValue, ...]:
    """What two linked customers share, rarest first.

    Args:
        columns: with the values of both.
        a: one customer.
        b: the other.
        bits: of their link, by source. A value that adds none is a hub, unless all who have any carry it.
    """
    values = []
    for column in columns:
        value = column.values.get(a)
        if value is not None and value == column.values.get(b):
            customers, worth = column.carriers[value], bits.get(column.name, 0.0)
            hub = worth == 0 and customers < column.present
            values.append(SharedValue(column.name, value, customers, worth, hub))
    return tuple(sorted(values, key=lambda shared: (shared.customers, shared.column, shared.value)))

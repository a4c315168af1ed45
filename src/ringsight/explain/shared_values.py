"""The values of evidence columns that linked customers share, and how many others of the bank carry them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ringsight.records.bank import Bank, ColumnRole

CLOSE = 1e-6
"""Sums of bits that differ by less are equal."""


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that two customers share exactly."""

    column: str
    value: str
    customers: int
    """Customers of the bank who carry it."""
    bits: float
    """What it adds to the link: 0 for a hub, a value of too many customers to tie any two of them."""
    hub: bool


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


def shared_values(columns: Collection[EvidenceColumn], a: str, b: str, bits: float) -> tuple[SharedValue, ...]:
    """What two linked customers share, rarest first.

    Args:
        columns: with the values of both.
        a: one customer.
        b: the other.
        bits: `bits_entities` of their link. The rarest values make it up; what goes beyond it is a hub.
    """
    shared = [
        (column.carriers[value], column.name, value, column.present)
        for column in columns
        if (value := column.values.get(a)) is not None and value == column.values.get(b)
    ]
    values = []
    counted = 0.0
    for customers, column, value, present in sorted(shared):
        worth = float(np.log2(present / customers))
        hub = counted + worth > bits + CLOSE
        counted += 0.0 if hub else worth
        values.append(SharedValue(column, value, customers, 0.0 if hub else worth, hub))
    return tuple(values)

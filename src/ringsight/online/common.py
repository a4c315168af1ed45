"""What a customer has in common with others: the values of evidence and innocent columns, and who else carries them.

Protected columns are never looked at.
"""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from ringsight.records.bank import ColumnRole, Customers
from ringsight.records.written import carried


@dataclass(frozen=True, slots=True)
class CommonValue:
    """A value that two customers both carry."""

    column: str
    value: str
    role: ColumnRole
    """`evidence` or `innocent`."""
    customers: int
    """Customers of the bank who carry it."""
    of: int
    """Customers of the bank who have any value there."""


def in_common(customers: Customers, customer_id: str, others: Collection[str]) -> dict[str, tuple[CommonValue, ...]]:
    """What a customer has in common with each of some others: evidence before innocent columns, the rarest first.

    Args:
        customers: all customers of the bank.
        customer_id: the customer; one who is not in the table has nothing in common with anybody.
        others: to compare with.
    """
    common: dict[str, list[CommonValue]] = {other: [] for other in others}
    for column, role in customers.roles.items():
        if role is ColumnRole.protected:
            continue
        held = carried(customers.table, column)
        of = held["row"].n_unique()
        for value in held.filter(pl.col("customer_id") == customer_id)["value"]:
            carriers = held.filter(pl.col("value") == value)
            for other in carriers.filter(pl.col("customer_id").is_in(list(common)))["customer_id"]:
                common[other].append(CommonValue(column, value, role, len(carriers), of))
    return {other: tuple(sorted(values, key=_rarest_evidence_first)) for other, values in common.items()}


def _rarest_evidence_first(value: CommonValue) -> tuple[bool, float, str]:
    return value.role is not ColumnRole.evidence, value.customers / value.of, value.column

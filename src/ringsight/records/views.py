"""The two views of a customer: disjoint parts of one history, which one hand has left."""

import polars as pl

from ringsight.records import contract
from ringsight.records.bank import Bank
from ringsight.records.contract import Views


def split_views(bank: Bank) -> tuple[Bank, Bank]:
    """Part each customer's records into two disjoint views, each modality by the rule of its table.

    A customer with one record of a modality has it in the first view only. Each view keeps all customers, and the
    order of the tables.
    """
    in_first = {table.modality: _in_first(bank.table(table.modality), table.views) for table in contract.RECORD_TABLES}
    first, second = (
        bank.with_records(**{name: bank.table(name).filter(rows == side) for name, rows in in_first.items()})
        for side in (True, False)
    )
    return first, second


def _in_first(records: pl.DataFrame, rule: Views) -> pl.Series:
    """Which records are in the first view."""
    place = pl.int_range(pl.len()).over("customer_id")
    match rule:
        case Views.halves:
            return records.select(place * 2 < pl.len().over("customer_id")).to_series()
        case Views.alternate:
            return records.select(place % 2 == 0).to_series()

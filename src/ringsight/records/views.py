"""The two views of a customer: disjoint parts of one history, which one hand has left."""

from datetime import datetime

import polars as pl

from ringsight.errors import DataError
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


def split_in_time(bank: Bank, later: float) -> tuple[Bank, Bank, datetime]:
    """Part all records at one moment, so that what comes later can be held out.

    A record without a time is in the earlier part. Each part keeps all customers.

    Args:
        bank: whose records have times.
        later: share of the records with a time that is later, between 0 and 1.

    Returns:
        The earlier part, the later part, and the moment at which the later one begins.

    Raises:
        DataError: if no record has a time.
    """
    when = {
        table.modality: pl.col(table.moment).cast(pl.Datetime("us"))
        for table in contract.RECORD_TABLES
        if table.moment in bank.table(table.modality).columns
    }
    known = [bank.table(name).select(moment.alias("moment"))["moment"].drop_nulls() for name, moment in when.items()]
    moments = pl.concat(known).sort().to_list() if known else []
    if not moments:
        raise DataError("no record has a time", where=str(bank.path), remedy="give the records their times")
    cut: datetime = moments[int(len(moments) * (1 - later))]
    held_out = {name: (moment >= cut).fill_null(value=False) for name, moment in when.items()}
    before = bank.with_records(**{name: bank.table(name).filter(~rows) for name, rows in held_out.items()})
    after = bank.with_records(**{name: bank.table(name).filter(rows) for name, rows in held_out.items()})
    return before, after, cut

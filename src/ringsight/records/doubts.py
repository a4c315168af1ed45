"""What a person should know of a bank before it is searched: what is absent, empty, doubtful, or used for nothing."""

from collections.abc import Iterator

import polars as pl

from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.contract import CUSTOMERS
from ringsight.records.declarations import declared
from ringsight.records.table_places import given_tables
from ringsight.records.table_reading import schema_of

THOUSANDTHS = 0.95
"""Share of the amounts that are not whole, and have three decimals, from which on these may be thousands."""
NAMED = 20
"""Columns that are named one by one."""


def doubts(bank: Bank, config: BankConfig) -> list[str]:
    """Say what is missing, masked, passed over or doubtful in a bank that was read.

    Args:
        bank: as read.
        config: how it was read.
    """
    return [*_absent(bank), *_columns(bank, config), *_amounts(bank.transactions), *_moments(bank)]


def _absent(bank: Bank) -> Iterator[str]:
    """What customers lack: it is masked, never taken for a value."""
    total = bank.customers.height
    owners = []
    for table in contract.RECORD_TABLES:
        rows = bank.table(table.modality)
        owners.append(rows["customer_id"].cast(pl.String))
        having = rows["customer_id"].n_unique()
        if not having:
            yield f"missing: {table.name}; the bank is searched without"
        elif having < total:
            yield f"masked: {total - having:,} of {total:,} customers have no {table.name}"
    nothing = total - pl.concat(owners).n_unique()
    if nothing:
        yield f"masked: {nothing:,} of {total:,} customers have no records at all"
    evidence = bank.columns_with(ColumnRole.evidence)
    for column in evidence:
        if empty := bank.customers[column].null_count():
            yield f"masked: {column} of {empty:,} of {total:,} customers is empty"
    if not evidence:
        yield "missing: no customer column is evidence (device_id, phone, email, or what entities: names)"


def _columns(bank: Bank, config: BankConfig) -> Iterator[str]:
    """The bank's columns that nothing reads."""
    known = {*CUSTOMERS.columns, *bank.roles, "stratum", *declared(config).strata, *contract.STORED_TEXTS}
    idle = [column for column in bank.customers.columns if column not in known]
    if idle:
        yield f"used for nothing: {_named(idle)} of customers; entities: in bank.yaml gives a column a role"
    declarations = declared(config)
    tables, _ = given_tables(config.path, declarations)
    for table in contract.RECORD_TABLES:
        if table.name in tables:
            mapping = declarations.columns.get(table.name, {})
            read = {mapping.get(column, column).strip() for column in table.columns}
            passed = [name for name in schema_of(tables[table.name]) if name.strip() not in read]
            if passed:
                yield f"passed over: {_named(passed)} of {table.name}"


def _amounts(transactions: pl.DataFrame) -> Iterator[str]:
    """Amounts that may mean something else."""
    amounts = transactions["amount"]
    broken = amounts.filter(amounts != amounts.floor())
    thousandths = broken.filter((broken * 100).round(6) != (broken * 100).round())
    if len(broken) and len(thousandths) >= THOUSANDTHS * len(broken):
        yield f"doubtful: amounts have three decimals, such as {broken[0]!r}; is the sign before them one of thousands?"
    if len(amounts) and not (amounts < 0).any():
        yield (
            "doubtful: no amount is below zero; amounts are signed, what is paid out is below zero (if all of them are "
            "paid out, say plus: paid in the dialect)"
        )
    if "currency" in transactions.columns and (several := transactions["currency"].drop_nulls().n_unique()) > 1:
        yield f"doubtful: amounts in {several} currencies are compared as they are"


def _moments(bank: Bank) -> Iterator[str]:
    """Moments that tell no time of day."""
    for modality, rows in bank.records.items():
        if "timestamp" in rows.columns and rows.height:
            midnight = (rows["timestamp"].dt.truncate("1d") == rows["timestamp"]).mean()
            first, last = rows["timestamp"].min(), rows["timestamp"].max()
            yield f"{modality}: from {first!s} to {last!s}, in UTC"
            if isinstance(midnight, float) and midnight == 1.0:
                yield f"doubtful: all {modality} are at midnight; they say nothing of the hours of the day"


def _named(columns: list[str]) -> str:
    shown = ", ".join(map(repr, columns[:NAMED]))
    return shown + (f" and {len(columns) - NAMED} more" if len(columns) > NAMED else "")

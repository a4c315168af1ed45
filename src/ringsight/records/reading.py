"""From a bank's folder to a `Bank`: find the tables, map their columns, set aside what cannot be used."""

from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig, ColumnRole, Customers
from ringsight.records.contract import CUSTOMERS, Table
from ringsight.records.declarations import Declarations, declared, roles_of, source_columns
from ringsight.records.fingerprints import Fingerprints
from ringsight.records.given_table import GivenTable, find_table
from ringsight.records.images import check_images
from ringsight.records.passed_over import counted, silent_pictures
from ringsight.records.quarantine import summary
from ringsight.records.strata import strata
from ringsight.records.table_reading import (
    check_repeats,
    check_values,
    empty_table,
    read_table,
    schema_of,
    sorted_table,
)


def read_bank(
    config: BankConfig, fewest: int = 2, seen: Fingerprints | None = None, *, from_frames: bool = False
) -> Bank:
    """Read a bank's folder (README, "Your data"); nothing is written.

    A row that cannot be used is set aside in `Bank.quarantine` at its first fault: cells too many or too few,
    bytes that are not UTF-8, an empty id or note, a customer that is not in the customers table (or was itself
    set aside), no timestamp from 1900 to 2100, no finite number, an image that is missing, damaged, too large
    or outside the folder. Of rows with one id, the first in the file that has no other fault is kept.

    Entity columns become strings, and blank ones null; further customer columns stay as the bank gave them.
    An optional column that the bank has not given is absent from its table. Images that show nothing, or stand for a
    missing one, stay in their table and are listed in `Bank.passed_over`.

    Args:
        config: which folder, and how to read it.
        fewest: customers that must remain; one suffices where nobody is compared.
        seen: the bank's files as an earlier reading saw them: those that have not changed are not hashed, and images
            not decoded, again.
        from_frames: whether the folder was written from data frames, which errors and quarantine then name.

    Raises:
        DataError: if the folder, the customers table or a required or mapped column is missing, or every modality
            together with every evidence column; a whole column has the wrong type, too many rows of a table are
            unusable, or fewer than `fewest` customers remain.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    declarations = declared(config)
    tables, fingerprints = _tables(config.path, from_frames), Fingerprints(config.path, seen)
    customers, roles, unusable = _customers(config, declarations, tables[CUSTOMERS.name], fewest)
    records = {table.modality: empty_table(table) for table in contract.RECORD_TABLES}
    quarantine = [unusable]
    images: set[str] = set()
    for table in contract.RECORD_TABLES:
        if table.name in tables:
            owners = customers["customer_id"]
            rows, unusable = _records(table, tables[table.name], config, declarations, owners, fingerprints)
            records[table.modality] = rows
            quarantine.append(unusable)
            images.update(*(rows[column] for column in table.image_columns))
    if ColumnRole.evidence not in roles.values():
        _refuse_no_records(records, "the frames" if from_frames else str(config.path))
    yaml = [path for path in [config.path / "bank.yaml"] if path.is_file()]
    pictures = [config.path / path for path in images]
    silent = silent_pictures(records["id_images"], fingerprints, config.least_contrast, config.most_carriers)
    return Bank(
        path=config.path,
        customers=customers.with_columns(strata(customers, declarations.strata)),
        records=records,
        roles=roles,
        quarantine=pl.concat(quarantine).sort("file", "row"),
        data_hash=fingerprints.data_hash([*(given.path for given in tables.values()), *yaml, *pictures]),
        read_as=config,
        files=fingerprints,
        passed_over=silent,
    )


def read_customers(config: BankConfig, fewest: int = 2) -> Customers:
    """Read a bank's customers as `read_bank` does, and no other table of it.

    Raises:
        DataError: if the folder, the customers table or a required or mapped column of it is missing, too many rows
            are unusable, or fewer than `fewest` customers remain.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    table, roles, _ = _customers(config, declared(config), _tables(config.path)[CUSTOMERS.name], fewest)
    return Customers(config.path, table, roles)


def describe(bank: Bank) -> str:
    """Say in a few lines what was read, which customer column was taken for what, and what was set aside."""
    tables = {CUSTOMERS.name: bank.customers}
    tables |= {table.name: bank.table(table.modality) for table in contract.RECORD_TABLES}
    lines = [f"Bank {bank.name}"]
    for name, rows in tables.items():
        aside = bank.quarantine.filter(pl.col("file").is_in([name, f"{name}.csv", f"{name}.parquet"])).height
        lines.append(f"  {name}: {rows.height:,} rows used, {aside:,} set aside")
    for role in ColumnRole:
        lines.append(f"  {role}: {', '.join(bank.columns_with(role)) or 'none'}")
    sizes = sorted(bank.customers["stratum"].value_counts(name="size")["size"].to_list())
    lines.append(f"  strata: {len(sizes)}, of {sizes[0]:,} to {sizes[-1]:,} customers")
    for file, column, reason, rows in summary(bank).iter_rows():
        lines.append(f"  set aside from {file}{', ' + column if column else ''}: {rows:,} ({reason})")
    for modality, reasons in counted(bank.passed_over).items():
        lines += [f"  passed over of {modality}, as if absent: {rows:,} ({reason})" for reason, rows in reasons.items()]
    return "\n".join(lines)


def _tables(folder: Path, from_frames: bool = False) -> dict[str, GivenTable]:
    """Find each table that the bank has given."""
    if not folder.is_dir():
        raise DataError("no such folder", where=str(folder), remedy="name the bank's folder: bank.path=FOLDER")
    found = {name: find_table(folder, table, from_frame=from_frames) for name, table in contract.tables().items()}
    tables = {name: given for name, given in found.items() if given is not None}
    if CUSTOMERS.name not in tables:
        names = sorted(path.name for path in folder.iterdir())
        raise DataError(
            f"no customers.parquet or customers.csv; found: {', '.join(names[:20]) or 'nothing'}",
            where=str(folder),
            remedy="export the customers under one of these names",
        )
    return tables


def _customers(
    config: BankConfig, declarations: Declarations, given: GivenTable, fewest: int
) -> tuple[pl.DataFrame, dict[str, ColumnRole], pl.DataFrame]:
    """Read the customers: those used, the roles of their columns, those set aside."""
    found = list(schema_of(given))
    sources = source_columns(CUSTOMERS, found, declarations.columns.get(CUSTOMERS.name, {}), given)
    if "stratum" in sources:
        raise DataError(
            "a column may not be called 'stratum', which ringsight uses itself",
            where=given.where,
            remedy=f"rename it, or map it: {given.mapping('my_stratum', sources['stratum'])}",
        )
    roles = roles_of(sources, declarations, given.where)
    sieve = read_table(given, CUSTOMERS, sources)
    check_values(sieve, CUSTOMERS, sources)
    check_repeats(sieve, CUSTOMERS.key)
    sieve.check_share(config.max_bad_rows)
    if sieve.rows.height < fewest:
        raise DataError(
            f"{sieve.rows.height} usable customers of {sieve.total}" + ": nobody to compare with" * (fewest > 1),
            where=given.where,
            remedy="give at least two customers" if fewest > 1 else "give a customer",
        )
    entities = pl.col(list(roles)).cast(pl.String).str.strip_chars()
    customers = sorted_table(sieve, CUSTOMERS).with_columns(pl.when(entities != "").then(entities).name.keep())
    return customers, roles, sieve.faults()


def _records(
    table: Table,
    given: GivenTable,
    config: BankConfig,
    declarations: Declarations,
    owners: pl.Series,
    files: Fingerprints,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read one table of records: the usable rows, and those set aside."""
    found = list(schema_of(given))
    sources = source_columns(table, found, declarations.columns.get(table.name, {}), given)
    sieve = read_table(given, table, sources)
    check_values(sieve, table, sources, owners)
    for column in table.image_columns:
        check_images(sieve, column, config.path, config.max_image_pixels, files)
    check_repeats(sieve, table.key)
    sieve.check_share(config.max_bad_rows)
    return sorted_table(sieve, table), sieve.faults()


def _refuse_no_records(records: dict[str, pl.DataFrame], where: str) -> None:
    if all(table.is_empty() for table in records.values()):
        *others, last = (table.name for table in contract.RECORD_TABLES)
        raise DataError(
            f"no {', no '.join(others)} and no {last}",
            where=where,
            remedy=f"give at least one of {', '.join(others)} and {last}, with rows whose customer_id stands in "
            "customers; or a customer column that is evidence",
        )

"""From a bank's folder to a `Bank`: find the tables, map their columns, set aside what cannot be used."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig, ColumnRole, Customers
from ringsight.records.canonical.one_spelling import with_canonical_entities
from ringsight.records.contract import CUSTOMERS, STORED_TEXTS, RecordTable
from ringsight.records.declarations import Declarations, declared, roles_of, source_columns, with_declared
from ringsight.records.fingerprints import Fingerprints
from ringsight.records.folder_listing import SAYING, FolderListing
from ringsight.records.given_table import GivenTable
from ringsight.records.holders import name_holders
from ringsight.records.images import check_images
from ringsight.records.joins import refuse_alike
from ringsight.records.joint_owners import JOINT, joint_groups, joint_remark, part_owners, with_joint_owners
from ringsight.records.passed_over import counted, silent_pictures
from ringsight.records.proposal import with_proposal
from ringsight.records.quarantine import ROW, Sieve, printable, summary
from ringsight.records.spelt_ids import spelt_ids
from ringsight.records.storable import check_storable, refuse_no_texts
from ringsight.records.strata import strata
from ringsight.records.table_places import given_tables, likely_among
from ringsight.records.table_reading import (
    check_repeats,
    check_values,
    empty_table,
    read_table,
    schema_of,
    sorted_table,
)
from ringsight.records.written import Written


@dataclass(frozen=True, slots=True, eq=False)
class _ReadCustomers:
    """The customers table, read."""

    table: pl.DataFrame
    roles: dict[str, ColumnRole]
    sieve: Sieve
    """With those set aside."""
    written: Written


@dataclass(slots=True, eq=False)
class _ReadRecords:
    """The tables of records that were read so far."""

    records: dict[str, pl.DataFrame]
    """Modality -> its usable rows."""
    listing: FolderListing
    sieves: list[Sieve] = field(default_factory=list)
    """With those set aside."""
    images: set[str] = field(default_factory=set)
    """Paths of usable pictures."""
    joint: list[pl.DataFrame] = field(default_factory=list)
    """Who owns records together (`joint_owners.joint_groups`)."""

    def take(
        self,
        table: RecordTable,
        given: GivenTable,
        config: BankConfig,
        declarations: Declarations,
        known: tuple[pl.Series, Fingerprints],
    ) -> None:
        """Read one table; `known` are the ids of all customers, and the files as they were seen."""
        owners, files = known
        numbered = table.key if table.name in declarations.numbered else ""
        said = declarations.columns.get(table.name, {})
        mapping = {ours: theirs for ours, theirs in said.items() if ours != numbered}
        found = [name for name in schema_of(given) if name != numbered]
        sources = source_columns(table, found, mapping, given, lacking=numbered)
        sieve = read_table(given, table, sources)
        if numbered:
            sieve.rows = sieve.rows.with_columns(pl.col(ROW).cast(pl.String).alias(numbered))
        name_holders(sieve, config.path, declarations)
        part_owners(sieve, table, declarations.owners.get(table.name, ""))
        check_values(sieve, table, sources, owners, declarations.ids_ignore)
        for column in table.image_columns:
            check_images(sieve, column, config.path, config.max_image_pixels, files)
        check_repeats(sieve, table.key)
        sieve.check_share(config.max_bad_rows)
        groups = joint_groups(sieve)
        sieve.remarks += joint_remark(groups)
        rows = sorted_table(sieve, table)
        self.records[table.modality] = rows
        self.sieves.append(sieve)
        self.joint.append(groups)
        self.images.update(*(rows[column] for column in table.image_columns))
        self.listing = self.listing.with_pictures(self.images, table.name)


SHOWN = 12
"""Reasons for setting rows aside that a description names."""
SAID_OF_RECORDS = (
    "columns",
    "tables",
    "dialects",
    "ids_ignore",
    "customers_from",
    "numbered",
    "owners",
    "holders",
    "values",
)
"""Declarations that make other records of the same files."""


def read_bank(
    config: BankConfig, fewest: int = 2, seen: Fingerprints | None = None, *, from_frames: bool = False
) -> Bank:
    """Read a bank's folder (README, "Your data"); nothing is written.

    A row that cannot be used is set aside in `Bank.quarantine` at its first fault: cells too many or too few,
    bytes that are not UTF-8, an empty id or note, a customer that is not in the customers table (or was itself
    set aside), no timestamp from 1900 to 2100, no finite number, an image that is missing, damaged, too large
    or outside the folder. Of rows with one id, the first in the file that has no other fault is kept.
    A blank or placeholder in `opened_at`, or the lack of that column, leaves unknown when an account was opened.

    Entity columns get one spelling of each value, null where there is none (`canonical.one_spelling`); further
    customer columns stay as the bank gave them. An optional column that is not given is absent from its table.
    Images that show nothing, or stand for a missing one, stay in their table and are listed in `Bank.passed_over`.

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
    config = with_declared(config)
    try:
        return read_as_said(config, fewest, seen, from_frames=from_frames)
    except DataError as error:
        raise with_proposal(error, config, from_frames) from error


def read_as_said(
    config: BankConfig, fewest: int = 2, seen: Fingerprints | None = None, *, from_frames: bool = False
) -> Bank:
    """Read a bank's folder as `read_bank` does, without looking for how it could be read otherwise.

    Raises:
        DataError: as `read_bank` does.
        SettingsError: as `read_bank` does.
    """
    declarations = declared(config)
    tables, listing = given_tables(config.path, declarations, from_frames)
    _refuse_no_customers(tables, listing, config.path)
    fingerprints = Fingerprints(config.path, seen)
    read = _customers(config, declarations, tables[CUSTOMERS.name], fewest)
    customers = read.table
    told = _ReadRecords({table.modality: empty_table(table) for table in contract.RECORD_TABLES}, listing)
    for table in contract.RECORD_TABLES:
        if table.name in tables:
            told.take(table, tables[table.name], config, declarations, (customers["customer_id"], fingerprints))
    records, listing, sieves = told.records, told.listing, (read.sieve, *told.sieves)
    if all(table.is_empty() for table in records.values()):
        passed_by = any(each.table != CUSTOMERS.name for each in likely_among(config.path, listing))
        if passed_by or ColumnRole.evidence not in read.roles.values():
            idle = [column for column in customers.columns if column not in (*CUSTOMERS.columns, *read.roles)]
            raise _no_records(listing, "the frames" if from_frames else str(config.path), idle)
    used = (file.path for file in listing.files if file.use and file.use != SAYING)
    hashed = {config.path / path for path in (*used, *told.images)}
    silent = silent_pictures(records["id_images"], fingerprints, config.least_contrast, config.most_carriers)
    customers = with_joint_owners(customers, told.joint, tables[CUSTOMERS.name])
    shared = {JOINT: ColumnRole.innocent} if JOINT in customers.columns and JOINT not in read.roles else {}
    return Bank(
        path=config.path,
        customers=customers.with_columns(strata(customers, declarations.strata)),
        records=records,
        roles=read.roles | shared,
        quarantine=pl.concat(sieve.faults() for sieve in sieves).sort("file", "row"),
        data_hash=_with_declarations(fingerprints.data_hash(hashed), declarations),
        read_as=config,
        files=fingerprints,
        listing=listing,
        remarks=tuple(f"{sieve.given.label}, {remark}" for sieve in sieves for remark in sieve.remarks),
        written=read.written,
        passed_over=silent,
    )


def read_customers(config: BankConfig, fewest: int = 2) -> Customers:
    """Read a bank's customers as `read_bank` does, and no other table of it.

    Raises:
        DataError: if the folder, the customers table or a required or mapped column of it is missing, too many rows
            are unusable, or fewer than `fewest` customers remain.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    config = with_declared(config)
    declarations = declared(config)
    tables, listing = given_tables(config.path, declarations)
    _refuse_no_customers(tables, listing, config.path)
    read = _customers(config, declarations, tables[CUSTOMERS.name], fewest)
    return Customers(config.path, read.table, read.roles, config)


def describe(bank: Bank) -> str:
    """Say in a few lines what was read, taken for what, taken for no value, set aside and ignored."""
    tables = {CUSTOMERS.name: bank.customers}
    tables |= {table.name: bank.table(table.modality) for table in contract.RECORD_TABLES}
    lines = [f"Bank {bank.name}"]
    for name, rows in tables.items():
        files = bank.listing.used_as(name) if bank.listing else []
        aside = bank.quarantine.filter(pl.col("file").is_in([name, *files])).height
        place = "" if files in ([], [f"{name}.csv"], [f"{name}.parquet"]) else f", from {_named(files)}"
        lines.append(f"  {name}: {rows.height:,} rows used, {aside:,} set aside{place}")
    for role in ColumnRole:
        lines.append(f"  {role}: {', '.join(bank.columns_with(role)) or 'none'}")
    sizes = sorted(bank.customers["stratum"].value_counts(name="size")["size"].to_list())
    lines.append(f"  strata: {len(sizes)}, of {sizes[0]:,} to {sizes[-1]:,} customers")
    lines += [f"  {line}" for line in bank.written.described()]
    reasons = summary(bank)
    for file, column, reason, rows, first_rows, example in reasons.head(SHOWN).iter_rows():
        place = f"{file}{', ' + column if column else ''}"
        value = f", such as {example}" if example else ""
        lines.append(f"  set aside from {place}: {rows:,} ({reason}){value}; row{'s' * (rows > 1)} {first_rows}")
    if reasons.height > SHOWN:
        rest = reasons.slice(SHOWN)
        lines.append(f"  set aside for {rest.height:,} other reasons or from other files: {rest['rows'].sum():,}")
    lines += [f"  {remark}" for remark in bank.remarks]
    lines += [f"  {line}" for line in (bank.listing.lines() if bank.listing else [])]
    for modality, silent in counted(bank.passed_over).items():
        lines += [f"  passed over of {modality}, as if absent: {rows:,} ({reason})" for reason, rows in silent.items()]
    return "\n".join(map(printable, lines))


def _named(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"{len(files):,} files, {files[0]} the first"


def _refuse_no_customers(tables: dict[str, GivenTable], listing: FolderListing, folder: Path) -> None:
    if CUSTOMERS.name not in tables:
        raise DataError(
            f"no customers.parquet or customers.csv; found: {_found(listing)}",
            where=str(folder),
            remedy="export the customers under one of these names, or name their file in bank.yaml: "
            "tables: {customers: FILE}; where there is none, say whose records name them: customers_from: [TABLE]",
        )


def _with_declarations(files: str, declarations: Declarations) -> str:
    """The hash of the files, and of what was said, wherever it was, that makes other records of them."""
    told, usual = (asdict(each) for each in (declarations, Declarations({}, {}, [])))
    unusual = {name: told[name] for name in SAID_OF_RECORDS if told[name] != usual[name]}
    return hashlib.sha256((files + json.dumps(unusual, sort_keys=True)).encode()).hexdigest() if unusual else files


def _customers(config: BankConfig, declarations: Declarations, given: GivenTable, fewest: int) -> _ReadCustomers:
    """Read the customers."""
    schema = schema_of(given)
    sources = source_columns(CUSTOMERS, list(schema), declarations.columns.get(CUSTOMERS.name, {}), given)
    if "stratum" in sources:
        raise DataError(
            "a column may not be called 'stratum', which ringsight uses itself",
            where=given.where,
            remedy=f"rename it, or map it: {given.mapping('my_stratum', sources['stratum'])}",
        )
    roles = roles_of(sources, declarations, given.where)
    told = {*declarations.strata, *STORED_TEXTS}
    texts = {ours: theirs for ours, theirs in sources.items() if ours in told}
    refuse_no_texts(given, schema, texts, declarations.values.lists)
    sieve = read_table(given, CUSTOMERS, sources)
    check_values(sieve, CUSTOMERS, sources)
    check_storable(sieve)
    check_repeats(sieve, CUSTOMERS.key)
    sieve.check_share(config.max_bad_rows)
    if sieve.rows.height < fewest:
        raise DataError(
            f"{sieve.rows.height} usable customers of {sieve.total}" + ": nobody to compare with" * (fewest > 1),
            where=given.where,
            remedy="give at least two customers" if fewest > 1 else "give a customer",
        )
    customers, written = with_canonical_entities(sorted_table(sieve, CUSTOMERS), roles, declarations.values, given)
    written = written.with_further(sieve.unknown, spelt_ids(customers["customer_id"]))
    refuse_alike(customers["customer_id"], declarations.ids_ignore, given.where)
    return _ReadCustomers(customers, roles, sieve, written)


def _no_records(listing: FolderListing, where: str, idle: list[str]) -> DataError:
    """That there is nothing to compare; `idle` are the customer columns without a role."""
    evidence = (
        f", such as one of {', '.join(idle[:SHOWN])}: entities: {{COLUMN: evidence}} in bank.yaml" if idle else ""
    )
    *others, last = (table.name for table in contract.RECORD_TABLES)
    return DataError(
        f"no {', no '.join(others)} and no {last}; found: {_found(listing)}",
        where=where,
        remedy=f"give at least one of {', '.join(others)} and {last}, with rows whose customer_id stands in "
        f"customers; or a customer column that is evidence{evidence}",
    )


def _found(listing: FolderListing) -> str:
    """What lies in the folder."""
    names = sorted({file.path.partition("/")[0] for file in listing.files})
    return ", ".join(names[:20]) or "nothing"

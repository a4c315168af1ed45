"""Tables that a bank has not written and that follow from what it gave: pictures in folders, customers from records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import polars as pl

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.contract import CUSTOMERS, Table
from ringsight.records.declarations import Declarations, without_blanks
from ringsight.records.given_table import GivenFile, GivenTable
from ringsight.records.joins import reduced
from ringsight.records.joint_owners import parted
from ringsight.records.plain_files import PlainFiles
from ringsight.records.table_reading import read_table, schema_of


def pictures_as_rows(given: GivenTable, pictures: Sequence[str], folder: Path) -> GivenTable:
    """A table of pictures that lie in a folder: one row each, named by its path.

    A picture belongs to the customer after whom its folder is called (`s1/3.pgm` to `s1`, `customer_id=7/a.jpg` to
    `7`); where all lie in one folder, to the one after whom the file is called.

    Args:
        given: the table, of which nothing but the pictures is there.
        pictures: their paths from the bank's folder on.
        folder: the bank's.

    Raises:
        DataError: if the table holds no pictures.
    """
    if not contract.tables()[given.name].image_columns:
        raise DataError(
            f"{pictures[0]} is a picture, and no table of {given.name}",
            where=given.where,
            remedy="name a table in bank.yaml, under tables",
        )
    paths = [PurePosixPath(path) for path in sorted(pictures)]
    alone = len({path.parent for path in paths}) == 1
    owners = [path.stem if alone else path.parent.name.partition("=")[2] or path.parent.name for path in paths]
    stems = [path.with_suffix("").as_posix() for path in paths]
    counts = Counter(stems)
    ids = [stem if counts[stem] == 1 else path.as_posix() for stem, path in zip(stems, paths, strict=True)]
    rows = {"image_id": ids, "customer_id": owners, "path": [path.as_posix() for path in paths]}
    copy = given.plain.derived(pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String)))
    return replace(given, several=(GivenFile(copy, given.path.relative_to(folder).as_posix()),))


def customers_of_records(
    folder: Path, tables: Mapping[str, GivenTable], declarations: Declarations, plain: PlainFiles
) -> GivenTable | None:
    """The customers whom the records of the tables that the bank has named name; None where it has named none.

    Raises:
        DataError: if there is a table of customers beside them, a table that was named is absent, or one cannot be
            read.
    """
    if not declarations.customers_from:
        return None
    if CUSTOMERS.name in tables:
        raise DataError(
            f"there are customers in {tables[CUSTOMERS.name].label}, and customers_from in bank.yaml names other ones",
            where=str(folder),
            remedy="leave customers_from out",
        )
    owners = []
    for name in declarations.customers_from:
        if name not in tables:
            raise DataError(
                f"no table {name}, which is to say who the customers are",
                where=str(folder),
                remedy=f"say in bank.yaml where it is: tables: {{{name}: FILE}}",
            )
        ids = _owners(tables[name], contract.tables()[name], declarations.columns.get(name, {}))
        owners.append(parted(ids, declarations.owners.get(name, "")).explode().drop_nulls())
    alike = reduced(pl.col("customer_id"), declarations.ids_ignore)
    named = pl.concat(owners).unique().sort().to_frame("customer_id").filter(alike.is_first_distinct())
    label = f"customers of {' and '.join(declarations.customers_from)}"
    return GivenTable(CUSTOMERS.name, folder / label, several=(GivenFile(plain.derived(named), label),), plain=plain)


def _owners(given: GivenTable, table: Table, mapping: Mapping[str, str]) -> pl.Series:
    """The customers whom a table's records name, blank ones left out."""
    known = without_blanks(list(schema_of(given)))
    theirs = mapping.get(CUSTOMERS.key, CUSTOMERS.key)
    if theirs not in known:
        raise DataError(
            f"the column {theirs!r}, which is to say who the customers are, is absent; found: {', '.join(known)}",
            where=given.where,
            remedy=f"name it in bank.yaml: columns: {{{given.name}: {{customer_id: YOUR_COLUMN}}}}",
        )
    owner = contract.Table(table.name, {CUSTOMERS.key: table.columns[CUSTOMERS.key]}, {}, ())
    ids = read_table(given, owner, {CUSTOMERS.key: known[theirs]}).rows[CUSTOMERS.key].cast(pl.String).unique()
    return ids.filter(ids.str.contains(r"\S").fill_null(False))

"""Which file of a bank's folder is which table."""

from dataclasses import replace
from pathlib import Path

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.contract import CUSTOMERS
from ringsight.records.declarations import Declarations
from ringsight.records.derived_tables import customers_of_records, pictures_as_rows
from ringsight.records.folder_listing import (
    SAYING,
    FolderListing,
    ListedFile,
    files_in,
    given_files,
    ignored_because,
    is_hidden,
    is_picture,
    is_table,
    places_of,
)
from ringsight.records.given_table import GivenTable
from ringsight.records.likely_tables import LikelyTable, likely_tables
from ringsight.records.plain_files import PlainFiles
from ringsight.records.table_declarations import HOLDERS


def given_tables(
    folder: Path, declarations: Declarations, from_frame: bool = False
) -> tuple[dict[str, GivenTable], FolderListing]:
    """Find each table that a bank has given, and what becomes of every other file of its folder.

    Args:
        folder: of the bank.
        declarations: what the bank says of its tables.
        from_frame: whether the folder was written from data frames.

    Raises:
        DataError: if there is no such folder, a table lies there twice, or a file that was named is not there.
    """
    if not folder.is_dir():
        raise DataError("no such folder", where=str(folder), remedy="name the bank's folder: bank.path=FOLDER")
    files, passed = files_in(folder)
    plain, regular = PlainFiles(), [file for file in files if not is_table(file) or (folder / file).is_file()]
    tables: dict[str, GivenTable] = {}
    used = {SAYING: SAYING}
    for name in contract.tables():
        places = places_of(name, regular, declarations.tables.get(name), folder)
        if len(places) > 1:
            raise _twice(name, list(places), folder)
        for place, found in places.items():
            _refuse_log(place, files, folder)
            given = GivenTable(name, folder / place, from_frame, (), declarations.dialect_of(name), plain)
            if all(map(is_picture, found)):
                tables[name] = pictures_as_rows(given, found, folder)
            else:
                several = given_files(folder, place, found)
                tables[name] = given if found == [place] else replace(given, several=several)
            used |= dict.fromkeys(found, name)
    customers = customers_of_records(folder, tables, declarations, plain)
    tables = {CUSTOMERS.name: customers, **tables} if customers else tables
    if file := declarations.holders.get("file"):
        for found in places_of(HOLDERS, files, file, folder).values():
            used |= dict.fromkeys(found, HOLDERS)
    listed = tuple(
        ListedFile(file, used.get(file, ""), "" if file in used else ignored_because(file)) for file in files
    )
    listing = FolderListing((*listed, *(ListedFile(path, "", reason) for path, reason in sorted(passed.items()))))
    return tables, listing.because({each.path: each.reason(set(tables)) for each in likely_among(folder, listing)})


def likely_among(folder: Path, listing: FolderListing) -> list[LikelyTable]:
    """The ignored files of a bank's folder whose header fits a table."""
    candidates = [file.path for file in listing.ignored() if not is_hidden(file.path) and not _is_truth(file.path)]
    tables = [path for path in candidates if is_table(path) or path.lower().endswith(".txt")]
    return likely_tables(folder, [path for path in tables if (folder / path).is_file()])


def _is_truth(path: str) -> bool:
    return path.startswith("truth/")


def _refuse_log(place: str, files: list[str], folder: Path) -> None:
    """Refuse a table whose files are only current by a log of their own: the others hold rows that were deleted."""
    logs = {"_delta_log": "Delta Lake", ".hoodie": "Hudi", "metadata": "Iceberg"}
    for log, kind in logs.items():
        if any(file.startswith(f"{place}/{log}/") for file in files):
            raise DataError(
                f"{place} is a table of {kind}, whose log says which of its files count",
                where=str(folder),
                remedy="export it as plain Parquet, or take its log away if all files count",
            )


def _twice(name: str, places: list[str], folder: Path) -> DataError:
    *others, last = sorted(places, key=lambda place: (not place.endswith(".parquet"), place))
    return DataError(
        f"{', '.join(others)} and {last} both exist",
        where=str(folder),
        remedy=f"keep the one that is current, or name it in bank.yaml: tables: {{{name}: {last}}}",
    )

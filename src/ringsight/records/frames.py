"""A bank from data frames: they are written into a folder as Parquet, and read from there like any bank's folder."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow as pa

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.contract import CUSTOMERS
from ringsight.records.declarations import with_declared
from ringsight.records.given_table import GivenTable
from ringsight.records.reading import read_bank
from ringsight.records.table_reading import TEXT
from ringsight.records.writing import TemporaryFolder

ENCODED = "encoded_images"
"""Folder of the images that were given as bytes, inside the bank's."""
NOT_IMAGES = (".parquet", ".csv", ".yaml")
"""Files with these suffixes mean something in a bank's folder, and are not copied into it as images."""


class ArrowStream(Protocol):
    """Anything with the Arrow C stream: frames of polars, pandas, DuckDB and others, and pyarrow's tables."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows, as a PyCapsule of an ArrowArrayStream (Arrow, "The Arrow PyCapsule Interface")."""


def read_frames(config: BankConfig, frames: Mapping[str, ArrowStream | pl.LazyFrame | None], fewest: int = 2) -> Bank:
    """Read a bank from data frames, as `reading.read_bank` reads a folder.

    The frames, and the images that they name or hold, are copied into a temporary folder that goes with the bank.

    Args:
        config: how to read them; image paths are relative to its folder, of which nothing else is read.
        frames: by table of the data contract; None for a table that is absent. An image is given as its path, or
            encoded, as bytes.
        fewest: customers that must remain; one suffices where nobody is compared.

    Raises:
        DataError: as `reading.read_bank` does, naming the frame for the file; or if there is no such table, or a frame
            cannot be taken over.
        SettingsError: if the config says something that makes no sense.
    """
    config, tables = with_declared(config), contract.tables()
    _check_names(frames, list(tables), config)
    folder = TemporaryFolder()
    for name, frame in frames.items():
        if frame is not None:
            given = GivenTable(name, folder.path / f"{name}.parquet", from_frame=True)
            rows = _as_polars(frame, given)
            for ours in tables[name].image_columns:
                column = config.columns.get(name, {}).get(ours, ours)
                rows = _with_images(rows, column, config.path, folder.path)
            _write(rows, given)
    bank = read_bank(replace(config, path=folder.path), fewest, from_frames=True)
    return replace(bank, temporary=folder)


def _check_names(frames: Mapping[str, object], tables: list[str], config: BankConfig) -> None:
    """Refuse tables that the contract does not know, and a bank without customers."""
    for name in frames:
        if name not in tables:
            close = get_close_matches(name, tables, n=1, cutoff=0.5)
            raise DataError(
                f"{name!r} is no table of a bank; the tables are {', '.join(tables)}",
                where="the frames",
                remedy=f"correct {name!r}" + (f" (perhaps {close[0]!r})" if close else ""),
            )
    if frames.get(CUSTOMERS.name) is None and not config.customers_from:
        raise DataError("no customers", where="the frames", remedy="give the customers as customers=FRAME")


def _as_polars(frame: ArrowStream | pl.LazyFrame, given: GivenTable) -> pl.DataFrame:
    """The same rows in Polars; moments with a zone in UTC, and what pandas calls NaN null."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        raise DataError(
            f"a {type(frame).__name__} is no data frame",
            where=given.where,
            remedy="give a frame of polars or pandas, a pyarrow table, or anything with the Arrow C stream",
        )
    try:
        table = pa.table(frame)
        for place, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type) and field.type.tz:  # Polars knows no zones like +05:30
                moments = table.column(place).cast(pa.timestamp(field.type.unit, "UTC"))
                table = table.set_column(place, field.name, moments)
        rows = pl.from_arrow(table)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError) as error:
        raise _not_taken(error, given) from error
    assert isinstance(rows, pl.DataFrame)  # noqa: S101 - a table gives a frame
    return rows


def _with_images(rows: pl.DataFrame, column: str, source: Path, folder: Path) -> pl.DataFrame:
    """Copy the images of a column into a bank's folder; encoded ones become files, named by their content."""
    if column not in rows.columns:
        return rows
    given = rows[column].drop_nulls().unique()
    if given.dtype in TEXT:
        for path in given.cast(pl.String):
            _copy_image(source, path, folder)
    if given.dtype != pl.Binary:
        return rows
    names = [f"{ENCODED}/{hashlib.sha256(encoded).hexdigest()[:32]}" for encoded in given]
    (folder / ENCODED).mkdir(exist_ok=True)
    for name, encoded in zip(names, given, strict=True):
        (folder / name).write_bytes(encoded)
    return rows.with_columns(pl.col(column).replace_strict(given, names, default=None, return_dtype=pl.String))


def _copy_image(source: Path, path: str, folder: Path) -> None:
    """Copy a file that lies inside `source`; the reader tells of others what is wrong with their path."""
    try:
        found = (source / path).resolve()
        inside = found.is_relative_to(source.resolve()) and ".." not in Path(path).parts and found.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return
    if inside and not Path(path).is_absolute() and Path(path).suffix.lower() not in NOT_IMAGES:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, folder / path)


def _write(rows: pl.DataFrame, given: GivenTable) -> None:
    """Write a frame as Parquet."""
    try:
        rows.write_parquet(given.path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _not_taken(error, given) from error


def _not_taken(error: Exception, given: GivenTable) -> DataError:
    told = "; ".join(str(part) for part in error.args).splitlines()[0][:200]
    return DataError(
        f"cannot be taken over ({told})",
        where=given.where,
        remedy="give each column a name of its own and values of one type, or leave it out",
    )

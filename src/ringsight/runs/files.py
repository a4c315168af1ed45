"""Tables and JSON in a run's folder: whole or absent, and refused by name where they are damaged."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.errors import DataError
from ringsight.records.writing import write_atomically

AGAIN = "detect there again"
"""Remedy for a file of a run that is damaged."""


def write_table(path: Path, table: pl.DataFrame, floats: int | None = None) -> None:
    """Write a table as Parquet or, where the name ends so, as CSV with so many decimals."""
    with write_atomically(path) as partial:
        if path.suffix == ".csv":
            table.write_csv(partial, float_precision=floats)
        else:
            table.write_parquet(partial)


def read_table(path: Path) -> pl.DataFrame:
    """Read a table that was written as Parquet.

    Raises:
        DataError: if it is missing or damaged.
    """
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError("missing or damaged", where=str(path), remedy=AGAIN) from error


def write_json(path: Path, content: object, *, sort_keys: bool = False) -> None:
    """Write plain values."""
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(content, indent=2, sort_keys=sort_keys) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Read plain values.

    Raises:
        DataError: if the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("missing or damaged", where=str(path), remedy=AGAIN) from error

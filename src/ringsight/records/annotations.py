"""Tables that people write beside a bank, truths and decisions: read as text, with errors that say what to mend."""

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from ringsight.errors import DataError


def read_annotations(path: Path, required: tuple[str, ...], wanted: str) -> pl.DataFrame:
    """All columns of a CSV as text, or a Parquet as it is; the required ones as text.

    Args:
        path: file with a header; Parquet by its suffix, else CSV.
        required: columns that it must have.
        wanted: what to name instead of a file that is not there.

    Raises:
        DataError: if the file is missing or unreadable, or lacks a column.
    """
    if not path.is_file():
        raise DataError("no such file", where=str(path), remedy=f"name {wanted}")
    try:
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (PolarsError, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot be read as {path.suffix.removeprefix('.') or 'a table'}: {str(error).splitlines()[0]}",
            where=str(path),
            remedy="write it as UTF-8 CSV with a header, or as Parquet",
        ) from error
    missing = [column for column in required if column not in table.columns]
    if missing:
        raise DataError(
            f"no column {missing[0]!r}; the columns are {', '.join(table.columns)}",
            where=f"{path}, header",
            remedy=f"name a column {missing[0]!r}",
        )
    return table.with_columns(pl.col(required).cast(pl.String))

"""The values in the cells of one entity column, of which a customer may have several."""

from collections.abc import Sequence

import polars as pl

from ringsight.errors import DataError
from ringsight.records.given_table import GivenTable

MOST_VALUES = 16
"""Values of one customer in one column that count; who has more is a list that somebody else is on."""
UNFIT: dict[pl.DataType, str] = {pl.Binary(): "bytes", pl.Object(): "objects", pl.Duration("us"): "durations"}
"""Types of columns that hold no values, and what they hold."""
SEPARATORS = (";", "|")
"""What may separate several values in one cell; nothing is parted unless `lists` says so."""


def held_values(
    customers: pl.DataFrame, column: str, separator: str, given: GivenTable
) -> tuple[pl.DataFrame, Sequence[str]]:
    """The values of each customer: `row` (place in the table) and `raw` (what was written, without blanks around it).

    Args:
        customers: as the bank gave them.
        column: one of its columns.
        separator: between several values in a cell; empty where a cell holds one.
        given: the table, for errors.

    Returns:
        A row for each value, none for a blank one; and what is to be said of them.

    Raises:
        DataError: if the column holds records or bytes.
    """
    cells = customers.select(raw=pl.col(column)).with_row_index("row")
    if isinstance(listed := cells.schema["raw"], pl.List | pl.Array):
        cells = cells.with_columns(pl.col("raw").cast(pl.List(listed.inner))).explode("raw")
    dtype = cells.schema["raw"]
    if dtype.is_nested() or dtype in UNFIT:
        raise DataError(
            f"the column {column!r} holds {UNFIT.get(dtype, 'records')}, not values",
            where=given.where,
            remedy="give each field as a column of its own that holds text, numbers, or lists of these",
        )
    cells = cells.with_columns(raw=_as_text(cells["raw"]))
    parted = cells.with_columns(pl.col("raw").str.split(separator)).explode("raw") if separator else cells
    held = parted.with_columns(pl.col("raw").str.strip_chars()).filter(pl.col("raw") != "")
    few = held.filter(pl.int_range(pl.len()).over("row") < MOST_VALUES)
    return few, [*_too_many(held, column), *_perhaps_lists(held["raw"], column)]


def _as_text(values: pl.Series) -> pl.Series:
    """As strings; whole numbers as such, though a table that lacks some has them as decimal ones."""
    if values.dtype.is_float():
        known = values.fill_nan(None)
        whole = known.drop_nulls()
        values = (
            known.cast(pl.Int64)
            if (whole.is_finite() & (whole == whole.round()) & (whole.abs() < 2**53)).all()
            else known
        )
    return values.cast(pl.String)


def _too_many(held: pl.DataFrame, column: str) -> Sequence[str]:
    """Say how many customers have more values than count."""
    customers = int((held.group_by("row").len()["len"] > MOST_VALUES).sum())
    told = f"{column}: customers with more than {MOST_VALUES} values, of which the first ones count: {customers:,}"
    return [told] if customers else []


def _perhaps_lists(values: pl.Series, column: str) -> Sequence[str]:
    """Ask whether cells with a separator inside are several values."""
    for separator in SEPARATORS:
        cells = int(values.str.contains(rf"[^\s{separator}]\s*[{separator}]\s*[^\s{separator}]").sum())
        if cells:
            return [
                f"{column}: cells with {separator!r} inside, which count as one value: {cells:,}; "
                f"if they hold several, declare lists: {{{column}: '{separator}'}}"
            ]
    return []

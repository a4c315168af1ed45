"""What the vector store keeps of customers, made so that it can: found at reading, not after hours of training."""

from collections.abc import Collection, Mapping

import polars as pl

from ringsight.errors import DataError
from ringsight.records.contract import CUSTOMERS, STORED_BYTES, STORED_TEXTS
from ringsight.records.given_table import GivenTable
from ringsight.records.quarantine import ROW, Sieve, quoted

CONTROL = r"\p{Cc}"
"""Control characters: tabs, line ends, vertical tabs."""


def refuse_no_texts(
    given: GivenTable, schema: Mapping[str, pl.DataType], sources: Mapping[str, str], lists: Collection[str]
) -> None:
    """Refuse what is not one text a customer in the columns that make strata or are kept by the store.

    Args:
        given: the customers.
        schema: the bank's columns -> their types.
        sources: of the columns in question, ours -> the bank's.
        lists: our columns whose cells are declared to hold several values.

    Raises:
        DataError: naming the first such column.
    """
    for ours, theirs in sources.items():
        dtype = schema[theirs]
        if dtype.is_nested() or dtype in (pl.Binary, pl.Duration, pl.Object):
            raise DataError(
                f"the column {theirs!r} should hold text or numbers, but it is {dtype}",
                where=given.where,
                remedy=f"export it as text, or map another: {given.mapping(ours, 'YOUR_COLUMN')}",
            )
        if ours in lists:
            raise DataError(
                f"customers may have several values in {ours!r}, which makes strata or is kept by the store",
                where=given.where,
                remedy="leave it out of lists, or name other columns in bank.strata",
            )


def check_storable(sieve: Sieve) -> None:
    """Set aside customers whose id the store cannot hold, and mend the texts that it keeps beside the vectors.

    In a text control characters become blanks, and what is too long is cut; the sieve's remarks say so. An id cannot be
    mended, for others know the customer by it.
    """
    key = CUSTOMERS.key
    shown = quoted(pl.col(key).str.replace_all(CONTROL, "\u2420"))
    ids = sieve.rows[key]
    sieve.set_aside(ids.str.contains(CONTROL), key, pl.format("holds a control character: {}", shown))
    too_long = sieve.rows[key].str.len_bytes() > STORED_BYTES
    sieve.set_aside(too_long, key, pl.format(f"longer than {STORED_BYTES} bytes: {{}}", shown))
    for column in STORED_TEXTS:
        if column in sieve.rows.columns and sieve.rows[column].dtype == pl.String:
            _mend(sieve, column)


def _mend(sieve: Sieve, column: str) -> None:
    """Make the texts of a column such that the store can hold them."""
    given = sieve.rows[column]
    controlled = given.str.contains(CONTROL).fill_null(False)
    cleaned = given.str.replace_all(CONTROL, " ")
    too_long = (cleaned.str.len_bytes() > STORED_BYTES).fill_null(False)
    long = cleaned.filter(too_long).unique()
    mended = cleaned.replace(long, pl.Series([_cut(text) for text in long], dtype=pl.String))
    for bad, what in (
        (controlled, "control characters, taken for blanks"),
        (too_long, f"more than {STORED_BYTES} bytes, cut to them"),
    ):
        if bad.any():
            first = sieve.place(sieve.rows[ROW].filter(bad)[0])
            sieve.remarks.append(f"{column}: {what}, in rows: {int(bad.sum()):,}; the first is {first}")
    sieve.rows = sieve.rows.with_columns(mended.alias(column))


def _cut(text: str) -> str:
    """As much of a text as fits."""
    return text.encode()[:STORED_BYTES].decode(errors="ignore")

"""When accounts were opened, where that is known: dates that stand for none are unknown, and counted."""

from datetime import datetime

import polars as pl

from ringsight.records.bank import ColumnRole, ValueKind
from ringsight.records.canonical.placeholders import reasons
from ringsight.records.written import PLACEHOLDERS

YEARS = (1901, 2098)
"""First and last year in which an account that is there may have been opened. 1753, 1800, 1899 and 1900 are where
databases and spreadsheets begin, 2099 and 9999 where they end."""
EPOCH = datetime(1970, 1, 1)
"""Second 0 of Unix; banks were closed."""


def unknown_openings(openings: pl.Series, told: pl.Series) -> pl.Series:
    """Which openings are unknown: blank, a word for nothing, or a date that stands for none.

    Args:
        openings: moments as naive UTC, null where there is none; shape (customers,).
        told: what the bank wrote there, without blanks around it; null where nothing.

    Returns:
        Shape (customers,); of text that is neither a moment nor unknown it is false.
    """
    moment = (~openings.dt.year().is_between(*YEARS) | (openings == EPOCH)).fill_null(False)
    spelt = told.unique().drop_nulls().to_frame("written").with_columns(value="written")
    words = spelt.filter(reasons(spelt, ValueKind.text, ColumnRole.innocent).is_not_null())["written"]
    return moment | told.is_null() | (told == "") | told.is_in(words.to_list())


def counted_openings(told: pl.Series) -> pl.DataFrame:
    """What stood for no opening, and how often, in the columns of `PLACEHOLDERS`; blank cells are not told."""
    counted = told.drop_nulls().value_counts(name="customers").filter(pl.col(told.name) != "").sort(told.name)
    return counted.select(
        column=pl.lit("opened_at"),
        value=pl.col(told.name),
        reason=pl.lit("no date of an opening"),
        customers=pl.col("customers").cast(pl.Int64),
        masked=pl.lit(True),
    ).select(list(PLACEHOLDERS))

"""Pairs that a business has something to say of, as a file: customers who both churned, two halves of one household.

They say nothing of who is one hand: `detect.decisions` does not read them. Training does (`fusion.business_pairs`).
"""

import math
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records.annotations import read_annotations

BUSINESS_PAIRS = {"customer_a": pl.String, "customer_b": pl.String, "label": pl.String, "weight": pl.Float64}
HEAVIEST = 100.0
"""What a pair may count at most, beside the 1 of two views of one customer."""


def read_business_pairs(path: Path) -> pl.DataFrame:
    """Read pairs with a label and a weight: above 0 the two shall be near, below 0 apart, the further the more.

    A pair that is there under several labels has a row for each. Other columns are not read.

    Returns:
        Columns of `BUSINESS_PAIRS`, customer_a < customer_b, sorted.

    Raises:
        DataError: if the file is missing or unreadable, a label is missing, a customer is paired with itself, or a
            weight is no number, 0, or beyond `HEAVIEST`.
    """
    table = read_annotations(path, tuple(BUSINESS_PAIRS), "a CSV or Parquet file of business pairs")
    told = table.select(pl.col("customer_a", "customer_b", "label").cast(pl.String).str.strip_chars(), "weight")
    weights = []
    for number, row in enumerate(told.iter_rows(named=True), start=1):
        weights.append(_weight(row["weight"], f"{path}, row {number}"))
        if not row["label"]:
            raise DataError(
                "no label",
                where=f"{path}, row {number}, column label",
                remedy="say what the two have in common, such as `both churned`",
            )
        if not row["customer_a"] or row["customer_a"] == row["customer_b"] or not row["customer_b"]:
            raise DataError(
                "a business pair needs two different customers",
                where=f"{path}, row {number}, columns customer_a and customer_b",
                remedy="correct or remove the row",
            )
    ends = {"customer_a": pl.min_horizontal, "customer_b": pl.max_horizontal}
    pairs = told.with_columns(
        pl.Series("weight", weights, dtype=pl.Float64),
        **{name: end("customer_a", "customer_b") for name, end in ends.items()},
    )
    return pairs.select(list(BUSINESS_PAIRS)).sort(list(BUSINESS_PAIRS))


def _weight(given: object, where: str) -> float:
    try:
        weight = float(str(given))
    except ValueError:
        weight = math.nan
    if not 0 < abs(weight) <= HEAVIEST:
        raise DataError(
            f"weight {given!r} is not usable",
            where=f"{where}, column weight",
            remedy=f"write a number other than 0, from -{HEAVIEST:g} (apart) to {HEAVIEST:g} (near)",
        )
    return weight

"""Analysts' decisions on pairs of customers, as a file: what confirmed and refuted rings teach."""

from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.rings.told import read_told

DECISIONS = {"customer_a": pl.String, "customer_b": pl.String, "decision": pl.String}
SAME_HAND, DIFFERENT, UNSURE = "same_hand", "different", "unsure"
WORDS = (SAME_HAND, DIFFERENT, UNSURE)


def read_decisions(path: Path) -> pl.DataFrame:
    """Read typed pairs: customer_a, customer_b, decision (`same_hand`, `different` or `unsure`), optional decided_at.

    A pair decided several times counts once, as decided last.

    Returns:
        Columns of `DECISIONS`, customer_a < customer_b, each pair once, sorted.

    Raises:
        DataError: if the file is missing or unreadable, a word is unknown, a customer is paired with itself, or a pair
            is decided both ways with nothing to say which came last.
    """
    table = _read(path).with_row_index("row", offset=1)
    for row in table.iter_rows(named=True):
        where = f"{path}, row {row['row']}"
        if row["decision"] not in WORDS:
            raise DataError(
                f"decision {row['decision']!r} is not known",
                where=f"{where}, column decision",
                remedy=f"write one of {', '.join(WORDS)}",
            )
        if not row["customer_a"] or row["customer_a"] == row["customer_b"] or not row["customer_b"]:
            raise DataError("a decision needs two different customers", where=where, remedy="correct or remove the row")
    pairs = table.with_columns(
        customer_a=pl.min_horizontal("customer_a", "customer_b"),
        customer_b=pl.max_horizontal("customer_a", "customer_b"),
    )
    last = pl.col("decided_at") == pl.col("decided_at").max().over("customer_a", "customer_b")
    decided = pairs.filter(last) if pairs["decided_at"].null_count() == 0 else pairs
    _refuse_contradictions(decided, path)
    return decided.unique(["customer_a", "customer_b"], keep="first").select(list(DECISIONS)).sort(list(DECISIONS))


def _read(path: Path) -> pl.DataFrame:
    table = read_told(path, tuple(DECISIONS), "a CSV or Parquet file of decisions")
    if "decided_at" not in table.columns:
        table = table.with_columns(decided_at=pl.lit(None, pl.String))
    return table.select(*DECISIONS, "decided_at")


def _refuse_contradictions(pairs: pl.DataFrame, path: Path) -> None:
    firm = pairs.filter(pl.col("decision") != UNSURE)
    both = firm.filter(pl.col("decision").n_unique().over("customer_a", "customer_b") > 1)
    if len(both):
        first = both.row(0, named=True)
        rows = both.filter(
            (pl.col("customer_a") == first["customer_a"]) & (pl.col("customer_b") == first["customer_b"])
        )
        numbers = ", ".join(map(str, rows["row"]))
        raise DataError(
            f"{first['customer_a']!r} and {first['customer_b']!r} are decided both ways",
            where=f"{path}, rows {numbers}, column decision",
            remedy="keep one of them, or give every row a decided_at so that the last one counts",
        )

"""Decided pairs of customers, as a file: what analysts, or a data scientist by hand, have to say of who is one hand.

The review exports it; training (`fusion.pairs`) and detection (`detect.decisions`) read it, both through here.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records.annotations import read_annotations

DECISIONS = {"customer_a": pl.String, "customer_b": pl.String, "decision": pl.String}
SAME_HAND, DIFFERENT, UNSURE = "same_hand", "different", "unsure"
WORDS = (SAME_HAND, DIFFERENT, UNSURE)


def read_decisions(path: Path) -> pl.DataFrame:
    """Read typed pairs: customer_a, customer_b, decision (`same_hand`, `different` or `unsure`), optional decided_at.

    A pair decided several times counts once, as decided last, where every row has its `decided_at` (ISO 8601, UTC
    unless it says otherwise). Other columns are not read.

    Returns:
        Columns of `DECISIONS`, customer_a < customer_b, each pair once, sorted.

    Raises:
        DataError: if the file is missing or unreadable, a word or a moment is unknown, a customer is paired with
            itself, or a pair is decided both ways with nothing to say which came last.
    """
    table = _read(path)
    for row in table.iter_rows(named=True):
        where = f"{path}, row {row['row']}"
        if row["decision"] not in WORDS:
            raise DataError(
                f"decision {row['decision']!r} is not known",
                where=f"{where}, column decision",
                remedy=f"write one of {', '.join(WORDS)}",
            )
        if not row["customer_a"] or row["customer_a"] == row["customer_b"] or not row["customer_b"]:
            raise DataError(
                "a decision needs two different customers",
                where=f"{where}, columns customer_a and customer_b",
                remedy="correct or remove the row",
            )
    moments = [_moment(given, f"{path}, row {row}") for row, given in table.select("row", "decided_at").iter_rows()]
    pairs = table.with_columns(
        decided_at=pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
        customer_a=pl.min_horizontal("customer_a", "customer_b"),
        customer_b=pl.max_horizontal("customer_a", "customer_b"),
    )
    last = pl.col("decided_at") == pl.col("decided_at").max().over("customer_a", "customer_b")
    decided = pairs.filter(last) if pairs["decided_at"].null_count() == 0 else pairs
    _refuse_contradictions(decided, path)
    firm_first = decided.sort(pl.col("decision") == UNSURE, maintain_order=True)
    return firm_first.unique(["customer_a", "customer_b"], keep="first").select(list(DECISIONS)).sort(list(DECISIONS))


def _read(path: Path) -> pl.DataFrame:
    """The columns of `DECISIONS` as text without blanks around, `decided_at`, and the row's number from 1."""
    table = read_annotations(path, tuple(DECISIONS), "a CSV or Parquet file of decided pairs")
    if "decided_at" not in table.columns:
        table = table.with_columns(decided_at=pl.lit(None, pl.String))
    told = table.select(pl.col(*DECISIONS).str.strip_chars(), "decided_at")
    return told.with_row_index("row", offset=1)


def _moment(given: object, where: str) -> datetime | None:
    """As a moment in UTC; a date is its midnight."""
    if given is None:
        return None
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).strip())
    except ValueError:
        remedy = "write it as 2026-01-31T09:30:00Z, or as 2026-01-31"
        raise DataError(f"{given!r} is no moment", where=f"{where}, column decided_at", remedy=remedy) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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

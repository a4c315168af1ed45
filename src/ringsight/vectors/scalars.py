"""What stands beside each vector, to filter by."""

import polars as pl

from ringsight.errors import StoreError
from ringsight.records.bank import Bank
from ringsight.records.contract import STORED_BYTES, STORED_TEXTS
from ringsight.records.embeddings import Embeddings

NUMBERS = ("opened_at", "last_seen")


def scalars_of(bank: Bank) -> pl.DataFrame:
    """The customers of a bank with `last_seen`: the time of each one's latest transaction, note or dated image."""
    times = [(bank.transactions, "timestamp"), (bank.notes, "timestamp"), (bank.id_images, "captured_at")]
    records = [
        table.select(pl.col("customer_id").cast(pl.String), last_seen=pl.col(column))
        for table, column in times
        if column in table.columns
    ]
    latest = pl.concat(records).group_by("customer_id").agg(pl.col("last_seen").max())
    customers = bank.customers.drop("last_seen", strict=False)
    return customers.join(latest, on="customer_id", how="left", maintain_order="left")


def scalars_beside(embeddings: Embeddings, scalars: pl.DataFrame | None) -> pl.DataFrame:
    """One row for each vector, in its order: customer_id, segment, region, and in seconds since 1970 the NUMBERS.

    What is not given is the empty string, or 0.

    Raises:
        StoreError: if a customer has no row or several, or a text is too long or holds control characters.
    """
    rows = pl.DataFrame({"customer_id": embeddings.customer_ids.tolist()}, schema={"customer_id": pl.String})
    given = rows if scalars is None else scalars.with_columns(pl.col("customer_id").cast(pl.String))
    if given["customer_id"].is_duplicated().any():
        twice = given["customer_id"].filter(given["customer_id"].is_duplicated())[0]
        raise StoreError(f"scalars give customer {twice!r} more than one row")
    absent = rows.join(given, on="customer_id", how="anti")
    if absent.height:
        raise StoreError(
            f"scalars lack {absent.height} of {rows.height} customers, the first is {absent['customer_id'][0]!r}",
            remedy="give the customers table that the embeddings were made from",
        )
    rows = rows.join(as_stored(given), on="customer_id", how="left", maintain_order="left")
    for name in ("customer_id", *STORED_TEXTS):
        _check_texts(rows, name)
    return rows


def as_stored(given: pl.DataFrame) -> pl.DataFrame:
    """Customers with what is stored beside a vector, in the form that filters ask: customer_id, texts and NUMBERS."""
    columns = [_column(given, name, pl.String()).fill_null("") for name in STORED_TEXTS]
    columns += [_column(given, name, pl.Int64()).fill_null(0) for name in NUMBERS]
    return given.select(pl.col("customer_id").cast(pl.String), *columns)


def _column(table: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    if name not in table.columns:
        return pl.lit(None, dtype).alias(name)
    column = pl.col(name)
    return (column.dt.epoch("s") if table.schema[name].is_temporal() else column).cast(dtype)


def _check_texts(rows: pl.DataFrame, name: str) -> None:
    column = rows[name]
    bad = rows.filter((column.str.len_bytes() > STORED_BYTES) | column.str.contains(r"\p{Cc}"))
    if bad.height:
        raise StoreError(
            f"{name} of customer {bad['customer_id'][0]!r} is longer than {STORED_BYTES} bytes "
            "or holds control characters"
        )
    if name == "customer_id" and (column == "").any():
        raise StoreError("a customer id is empty")

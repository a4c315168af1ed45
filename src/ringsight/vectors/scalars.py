"""What stands beside each vector, to filter by."""

from collections.abc import Mapping, Sequence

import polars as pl

from ringsight.errors import StoreError
from ringsight.records.embeddings import Embeddings

Where = Mapping[str, str | int | Sequence[str] | Sequence[int]]
"""Column -> the value, or the values, that a customer found must have."""

TEXT = ("segment", "region")
NUMBERS = ("opened_at",)
MAX_BYTES = 512
"""Longest id or text kept, in UTF-8."""


def scalars_beside(embeddings: Embeddings, scalars: pl.DataFrame | None) -> pl.DataFrame:
    """One row for each vector, in its order: customer_id, segment, region, opened_at (seconds since 1970).

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
    columns = [_column(given, name, pl.String()).fill_null("") for name in TEXT]
    columns += [_column(given, name, pl.Int64()).fill_null(0) for name in NUMBERS]
    rows = rows.join(given.select("customer_id", *columns), on="customer_id", how="left", maintain_order="left")
    for name in ("customer_id", *TEXT):
        _check_texts(rows, name)
    return rows


def _column(table: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    if name not in table.columns:
        return pl.lit(None, dtype).alias(name)
    column = pl.col(name)
    return (column.dt.epoch("s") if table.schema[name].is_temporal() else column).cast(dtype)


def _check_texts(rows: pl.DataFrame, name: str) -> None:
    column = rows[name]
    bad = rows.filter((column.str.len_bytes() > MAX_BYTES) | column.str.contains(r"\p{Cc}"))
    if bad.height:
        raise StoreError(
            f"{name} of customer {bad['customer_id'][0]!r} is longer than {MAX_BYTES} bytes or holds control characters"
        )
    if name == "customer_id" and (column == "").any():
        raise StoreError("a customer id is empty")


def allowed_values(where: Where | None) -> dict[str, list[str] | list[int]]:
    """Column -> the values allowed, checked.

    Raises:
        StoreError: if a column is not one that is kept, or a value is not of its type.
    """
    allowed: dict[str, list[str] | list[int]] = {}
    for name, values in (where or {}).items():
        if name not in TEXT + NUMBERS:
            raise StoreError(
                f"cannot filter by {name!r}", remedy=f"filter by one or more of {', '.join(TEXT + NUMBERS)}"
            )
        wanted = str if name in TEXT else int
        listed = [values] if isinstance(values, str | int) else list(values)
        for value in listed:
            if type(value) is not wanted or (isinstance(value, str) and not value.isprintable()):
                raise StoreError(
                    f"cannot filter {name} by {value!r}", remedy=f"give printable {wanted.__name__} values"
                )
        allowed[name] = listed  # type: ignore[assignment]
    return allowed

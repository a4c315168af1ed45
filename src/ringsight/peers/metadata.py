"""Customers without purchases: peers are those who share most of what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError, SettingsError
from ringsight.peers.histories import PurchaseHistories
from ringsight.records.bank import ColumnRole
from ringsight.records.contract import STORED_TEXTS
from ringsight.vectors.filters import parse_filter, polars_expression


@dataclass(frozen=True, slots=True, eq=False)
class CustomerMetadata:
    """What is known of customers beside their purchases."""

    table: pl.DataFrame
    """customer_id, one row for each, and whatever else."""
    columns: tuple[str, ...]
    """By which customers without purchases get peers."""

    @classmethod
    def of(cls, table: pl.DataFrame, columns: Sequence[str], roles: Mapping[str, ColumnRole]) -> Self:
        """Check the columns.

        Raises:
            DataError: if customer_id or another column is missing, or a customer is there twice.
            SettingsError: if a column is protected or makes links: neither may decide what somebody is offered.
        """
        for column in ("customer_id", *columns):
            if column not in table.columns:
                raise DataError(f"there is no column {column!r} among the customers'", remedy=", ".join(table.columns))
        for column in columns:
            role = roles.get(column)
            if role in (ColumnRole.protected, ColumnRole.evidence):
                raise SettingsError(
                    f"metadata={column}: a column with the role `{role}` says nothing of what people like",
                    remedy="name other columns",
                )
        told = table.with_columns(pl.col("customer_id").cast(pl.String))
        if told["customer_id"].is_duplicated().any():
            twice = told["customer_id"].filter(told["customer_id"].is_duplicated())[0]
            raise DataError(f"customer {twice!r} is there more than once")
        return cls(told, tuple(columns))

    def knows(self, customer_id: str) -> bool:
        """Whether the customer is there."""
        return customer_id in self.table["customer_id"]

    def similarity(self, customer_id: str, others: NDArray[np.str_]) -> NDArray[np.float64]:
        """The rarity of what a customer shares with others, in nats, summed over the columns; shape (others,).

        What is not known is shared with nobody.
        """
        rows = pl.DataFrame({"customer_id": others.tolist()}).join(
            self.table, on="customer_id", how="left", maintain_order="left"
        )
        own = self.table.filter(pl.col("customer_id") == customer_id)
        total = np.zeros(len(others))
        for column in self.columns:
            value = own[column][0]
            if value is None:
                continue
            same = (rows[column] == value).fill_null(value=False).to_numpy()
            total += same * -np.log(max(same.mean(), 1 / max(len(others), 1)))
        return total


def fitting(where: str, histories: PurchaseHistories, customers: pl.DataFrame | None) -> NDArray[np.bool_]:
    """Which customers of the histories fit a filter (`vectors.filters`).

    Args:
        where: the filter; `last_seen` is the last purchase.
        histories: whose customers they are.
        customers: customer_id, segment, region, opened_at, as far as they are known.

    Returns:
        Shape (customers,).

    Raises:
        SettingsError: if the filter makes no sense.
    """
    condition = polars_expression(parse_filter(where))
    rows = filters(histories, customers)
    known = rows.with_columns(
        *(_text(rows, name) for name in STORED_TEXTS), _opened(rows), pl.col("last_seen").dt.epoch("s")
    )
    return known.select(fits=condition)["fits"].to_numpy()


def filters(histories: PurchaseHistories, customers: pl.DataFrame | None, band: str = "") -> pl.DataFrame:
    """What stands beside purchase vectors, to filter by (`VectorStore.write`).

    Args:
        histories: whose customers they are.
        customers: customer_id, and as far as they are known segment, region and opened_at.
        band: column of `customers` to be filtered by as `segment`, in its place: an age band, for instance.

    Returns:
        One row for each customer of the histories, in their order: customer_id, `last_seen` (the last purchase), and
        the columns of `customers`.

    Raises:
        DataError: if there is no such column.
    """
    latest = histories.purchases.group_by("customer").agg(pl.col("last").max()).sort("customer")["last"]
    rows = pl.DataFrame({"customer_id": histories.customer_ids.tolist(), "last_seen": latest})
    if customers is None:
        return rows
    if band and band not in customers.columns:
        raise DataError(f"there is no column {band!r} among the customers'", remedy=", ".join(customers.columns))
    told = customers.with_columns(segment=pl.col(band).cast(pl.String)) if band else customers
    return rows.join(told.drop("last_seen", strict=False), on="customer_id", how="left", maintain_order="left")


def _text(rows: pl.DataFrame, name: str) -> pl.Expr:
    told = pl.col(name) if name in rows.columns else pl.lit(None)
    return told.cast(pl.String).fill_null("").alias(name)


def _opened(rows: pl.DataFrame) -> pl.Expr:
    if "opened_at" not in rows.columns:
        return pl.lit(0).alias("opened_at")
    column = pl.col("opened_at")
    return (column.dt.epoch("s") if rows.schema["opened_at"].is_temporal() else column).cast(pl.Int64).fill_null(0)

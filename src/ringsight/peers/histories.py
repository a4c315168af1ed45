"""Purchase histories: how often, and when last, each customer bought each item.

An item is whatever a column says: a counterparty, a category, a product.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.errors import DataError, SettingsError
from ringsight.records.bank import Bank

COLUMNS = ("counterparty_id", "category")
"""Where a bank's items are looked for, in this order, if no column is named."""
MOST_ITEMS = 1_000
"""That can be asked for at once."""
LOOKED_THROUGH = 20_000
"""Names among which one like another is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseHistories:
    """Who bought what, how often and when last."""

    customer_ids: NDArray[np.str_]
    """Shape (customers,), sorted, unique: those who bought something."""
    items: NDArray[np.str_]
    """Shape (items,), sorted, unique."""
    purchases: pl.DataFrame
    """`customer` and `item` (rows of the two above), `times` bought, `last` (Datetime), by customer and item."""
    dropped: int
    """Rows given that name no customer, no item or no moment."""

    def __repr__(self) -> str:
        """How many there are, in a line."""
        return f"PurchaseHistories({len(self.customer_ids):,} customers, {len(self.items):,} items)"

    def __contains__(self, customer_id: object) -> bool:
        """Whether the customer bought something."""
        at = int(np.searchsorted(self.customer_ids, str(customer_id)))
        return at < len(self.customer_ids) and bool(self.customer_ids[at] == customer_id)

    @property
    def counts(self) -> csr_array:
        """How often each customer bought each item; shape (customers, items)."""
        return self._matrix(self.purchases, self.purchases["times"].to_numpy().astype(np.float64))

    @property
    def ends(self) -> datetime:
        """The last purchase of all."""
        ends = self.purchases["last"].max()
        assert isinstance(ends, datetime)  # noqa: S101 - a history is never empty
        return ends

    def lately(self, days: float) -> csr_array:
        """1 where a customer bought an item within so many days of the last purchase of all."""
        recent = self.purchases.filter(pl.col("last") > self.ends - timedelta(days=days))
        return self._matrix(recent, np.ones(recent.height))

    def row_of(self, customer_id: str) -> int:
        """The row of a customer.

        Raises:
            DataError: if the customer bought nothing.
        """
        if customer_id not in self:
            raise unknown_customer(customer_id, self)
        return int(np.searchsorted(self.customer_ids, customer_id))

    def column_of(self, item: str) -> int:
        """The column of an item.

        Raises:
            DataError: if nobody bought it.
        """
        at = int(np.searchsorted(self.items, item))
        if at == len(self.items) or self.items[at] != item:
            raise DataError(f"nobody ever bought {item!r}", remedy=_nearest(item, self.items))
        return at

    def _matrix(self, rows: pl.DataFrame, values: NDArray[np.float64]) -> csr_array:
        shape = (len(self.customer_ids), len(self.items))
        return csr_array((values, (rows["customer"].to_numpy(), rows["item"].to_numpy())), shape=shape)


def purchase_histories(
    purchases: Bank | pl.DataFrame,
    *,
    item: str = "",
    customer: str = "customer_id",
    moment: str = "timestamp",
) -> PurchaseHistories:
    """Purchase histories of a bank's transactions, or of a data frame with one row for each purchase.

    Of a bank's transactions, those with a positive amount (money in) are no purchases, unless no amount is negative.
    Rows may come in any order.

    Args:
        purchases: a bank, or a frame.
        item: column that says what was bought; by default `counterparty_id`, else `category`.
        customer: column of the customer's id, of a frame.
        moment: column of the time, of a frame: dates, or moments in UTC.

    Returns:
        Rows without a customer, an item or a moment are left out, and counted in `dropped`.

    Raises:
        DataError: if a column is missing or of another kind, or nothing was bought.
    """
    if isinstance(purchases, Bank):
        rows, where = purchases.transactions, f"transactions of {purchases.path}"
        rows = rows.filter((pl.col("amount") <= 0) | (pl.col("amount").min() >= 0))
        customer, moment = "customer_id", "timestamp"
    else:
        rows, where = purchases, "the frame of purchases"
    item = item or next((name for name in COLUMNS if name in rows.columns), COLUMNS[0])
    for column in (customer, item, moment):
        _check_column(rows, column, where)
    if not rows.schema[moment].is_temporal():
        raise DataError(
            f"column {moment!r} has no moments but {rows.schema[moment]}",
            where=where,
            remedy="give dates, or moments in UTC: polars.col(...).str.to_datetime()",
        )
    told = rows.lazy().select(
        customer_id=pl.col(customer).cast(pl.String),
        item_id=pl.col(item).cast(pl.String),
        moment=pl.col(moment).cast(pl.Datetime("us")),
    )
    whole = told.filter((pl.col("customer_id") != "") & (pl.col("item_id") != "")).drop_nulls().collect()
    if whole.is_empty():
        raise DataError("nothing was bought", where=where, remedy=f"name the column of the items, not {item!r}")
    return _counted(whole, rows.height - whole.height)


def _counted(rows: pl.DataFrame, dropped: int) -> PurchaseHistories:
    grouped = rows.group_by("customer_id", "item_id").agg(times=pl.len(), last=pl.col("moment").max())
    ids, items = (grouped[name].unique().to_numpy().astype(np.str_) for name in ("customer_id", "item_id"))
    ids.sort()
    items.sort()
    of_customer = pl.DataFrame({"customer_id": ids.tolist(), "customer": np.arange(len(ids))})
    of_item = pl.DataFrame({"item_id": items.tolist(), "item": np.arange(len(items))})
    placed = grouped.join(of_customer, on="customer_id").join(of_item, on="item_id").sort("customer", "item")
    return PurchaseHistories(ids, items, placed.select("customer", "item", "times", "last"), dropped)


def _check_column(rows: pl.DataFrame, column: str, where: str) -> None:
    if column not in rows.columns:
        near = get_close_matches(column, rows.columns, n=1)
        hint = f", perhaps {near[0]!r}" if near else ""
        raise DataError(
            f"there is no column {column!r}", where=where, remedy=f"the columns are {', '.join(rows.columns)}{hint}"
        )


def unknown_customer(customer_id: str, histories: PurchaseHistories) -> DataError:
    """The error of a customer who bought nothing."""
    return DataError(f"customer {customer_id!r} bought nothing", remedy=_nearest(customer_id, histories.customer_ids))


def check_k(k: int) -> None:
    """Refuse a number of items that makes no sense.

    Raises:
        SettingsError: if it is not between 1 and `MOST_ITEMS`.
    """
    if not 1 <= k <= MOST_ITEMS:
        raise SettingsError(f"k must lie between 1 and {MOST_ITEMS:,} (got {k})")


def _nearest(name: str, names: NDArray[np.str_]) -> str:
    """A name that is there and looks like one that is not."""
    near = get_close_matches(name, names[:LOOKED_THROUGH].tolist(), n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {len(names):,}, such as {str(names[0])!r}"

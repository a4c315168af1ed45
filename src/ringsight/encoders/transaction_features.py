"""What is measured of a customer's transactions: amounts, rhythm, categories, channels, counterparties.

Everything is a share or an average of the customer's own history, so that accounts of different activity compare.
Counterparties are a tf-idf bag, hashed and randomly projected, so that the features have a fixed length whatever the
number of counterparties.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ringsight.encoders.bag_space import weighed_bags
from ringsight.encoders.part import Part
from ringsight.encoders.projection import bucket_of, random_axes

BUCKETS = 1 << 18
"""Counterparties are told apart by this many buckets."""
LARGEST_VOCABULARY = 40
"""Categories and channels beyond the commonest so many count as other."""
LEARNED = "transactions"
"""The learned space."""
Vocabulary = dict[str, list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class TransactionFeatures:
    """Unscaled features of n customers."""

    customer_ids: NDArray[np.str_]
    """Shape (n,), sorted."""
    measured: NDArray[np.float32]
    """Amounts, rhythm and shares; shape (n, measures)."""
    counterparties: sparse.csr_array
    """1 + ln(transactions) with each bucket; shape (n, BUCKETS)."""
    counterparty_dim: int
    """Length of the projection."""
    vocabulary: Vocabulary
    """Column -> the values that have a share of their own."""

    def for_customers(self, whole: "TransactionFeatures") -> "TransactionFeatures":
        """These features in the rows of `whole`; who has none here gets those of `whole`."""
        at = np.searchsorted(whole.customer_ids, self.customer_ids)
        measured = whole.measured.copy()
        measured[at] = self.measured
        missing = np.ones(len(measured))
        missing[at] = 0
        place = sparse.csr_array((np.ones(len(at)), (at, np.arange(len(at)))), shape=(len(measured), len(at)))
        counterparties = sparse.diags_array(missing) @ whole.counterparties + place @ self.counterparties
        return replace(
            self, customer_ids=whole.customer_ids, measured=measured, counterparties=sparse.csr_array(counterparties)
        )


@dataclass(frozen=True, slots=True, eq=False)
class FeatureScale:
    """What was fitted on the training bank: centre and spread of the measures, rarity of the counterparties."""

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    """Each of shape (measures,)."""
    rarity: NDArray[np.float32]
    """ln(n / customers of the bucket), its idf; shape (BUCKETS,)."""
    vocabulary: Vocabulary

    @classmethod
    def of(cls, part: Part) -> Self:
        """The scale that a trained part carries."""
        return cls(**part.fitted(LEARNED), vocabulary=part.settings["vocabulary"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the part."""
        return {f"{LEARNED}.{name}": getattr(self, name) for name in ("centre", "spread", "rarity")}

    def apply(self, features: TransactionFeatures) -> NDArray[np.float32]:
        """Scaled measures beside projected counterparties, of about equal weight.

        Returns:
            Shape (n, measures + counterparty_dim).
        """
        measured = np.clip((features.measured - self.centre) / self.spread, -4, 4)
        unit = weighed_bags(features.counterparties, self.rarity)
        used = np.unique(unit.indices).astype(np.int64)
        projected = unit.tocsc()[:, used] @ random_axes(used, features.counterparty_dim)
        scaled = projected.toarray() * np.sqrt(features.counterparty_dim)
        return np.concatenate([measured * 0.5, scaled], axis=1).astype(np.float32)


def fit_scale(features: TransactionFeatures) -> FeatureScale:
    """Fit centre and spread robustly (median and interquartile range), and the counterparties' rarity."""
    low, centre, high = np.quantile(features.measured, [0.25, 0.5, 0.75], axis=0)
    spread = np.maximum(np.maximum((high - low) / 1.35, features.measured.std(axis=0) / 3), 1e-3)
    customers = np.bincount(features.counterparties.indices, minlength=BUCKETS)
    rarity = np.log((len(features.customer_ids) + 1) / (customers + 1))
    return FeatureScale(
        centre=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        rarity=rarity.astype(np.float32),
        vocabulary=features.vocabulary,
    )


def transaction_features(
    transactions: pl.DataFrame, counterparty_dim: int, vocabulary: Vocabulary | None = None
) -> TransactionFeatures:
    """Measure each customer's transactions.

    Args:
        transactions: in the columns of the data contract, sorted by customer and time.
        counterparty_dim: length of the projection.
        vocabulary: of the training bank; drawn from these transactions if not given.
    """
    if vocabulary is None:
        vocabulary = {
            column: _commonest(transactions[column])
            for column in ("category", "channel", "currency")
            if column in transactions.columns
        }
    amount = pl.col("amount")
    size = (1 + amount.abs()).log()
    gap = (1 + pl.col("timestamp").diff().over("customer_id").dt.total_seconds() / 3600).log()
    hour, weekday = pl.col("timestamp").dt.hour(), pl.col("timestamp").dt.weekday()
    day = pl.col("timestamp").dt.day()
    measures = [
        size.mean().alias("size"),
        size.std().fill_null(0).alias("size_spread"),
        *(size.quantile(q).alias(f"size_{q}") for q in (0.1, 0.5, 0.9)),
        (amount > 0).mean().alias("incoming"),
        (amount % 1 == 0).mean().alias("round"),
        pl.col("gap").mean().fill_null(0).alias("gap"),
        pl.col("gap").std().fill_null(0).alias("gap_spread"),
        *(((hour >= h) & (hour < h + 3)).mean().sqrt().alias(f"hour_{h}") for h in range(0, 24, 3)),
        *((weekday == d).mean().sqrt().alias(f"weekday_{d}") for d in range(1, 8)),
        *(((day > d) & (day <= d + 5)).mean().sqrt().alias(f"day_{d}") for d in range(0, 30, 5)),
        *(
            (pl.col(column).cast(pl.String) == value).mean().fill_null(0).sqrt().alias(f"{column}_{number}")
            for column, values in vocabulary.items()
            for number, value in enumerate(values)
        ),
    ]
    lost = [pl.lit(None, pl.String).alias(column) for column in vocabulary if column not in transactions.columns]
    whole = transactions.with_columns(gap.alias("gap"), *lost)
    by_customer = whole.group_by("customer_id", maintain_order=True).agg(measures).sort("customer_id")
    ids = by_customer["customer_id"].to_numpy().astype(np.str_)
    return TransactionFeatures(
        customer_ids=ids,
        measured=by_customer.drop("customer_id").to_numpy().astype(np.float32),
        counterparties=counterparty_bags(transactions, by_customer["customer_id"]),
        counterparty_dim=counterparty_dim,
        vocabulary=vocabulary,
    )


def _commonest(values: pl.Series) -> list[str]:
    counts = values.cast(pl.String).drop_nulls().value_counts().sort(["count", values.name], descending=[True, False])
    return sorted(counts[values.name].head(LARGEST_VOCABULARY).to_list())


def counterparty_bags(transactions: pl.DataFrame, customers: pl.Series) -> sparse.csr_array:
    """Whom each customer has dealt with, and how often, as `TransactionFeatures.counterparties`.

    Args:
        transactions: in the columns of the data contract.
        customers: ids of their owners, sorted.
    """
    shape = (len(customers), BUCKETS)
    if "counterparty_id" not in transactions.columns or len(transactions) == 0:
        return sparse.csr_array(shape, dtype=np.float64)
    counts = (
        transactions.filter(pl.col("counterparty_id").is_not_null())
        .group_by("customer_id", pl.col("counterparty_id").cast(pl.String))
        .len()
        .sort("customer_id", "counterparty_id")
    )
    names = counts["counterparty_id"].unique().sort()
    bucket = pl.Series([bucket_of(name, BUCKETS) for name in names], dtype=pl.Int64)
    column = counts["counterparty_id"].replace_strict(names, bucket, return_dtype=pl.Int64).to_numpy()
    row = np.searchsorted(customers.to_numpy().astype(np.str_), counts["customer_id"].to_numpy().astype(np.str_))
    return sparse.csr_array((1 + np.log(counts["len"].to_numpy()), (row, column)), shape=shape)

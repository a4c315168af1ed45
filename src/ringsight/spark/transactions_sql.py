"""Transactions measured in Spark SQL, as `encoders.transaction_features` measures them on one machine.

Each customer becomes one row: the measures, and the transactions as a list for what is counted in buckets.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringsight.encoders.transaction_features import Vocabulary
from ringsight.spark.handed_over import MOMENT

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BAGGED = ("timestamp", "amount", "counterparty_id")
"""Columns of a transaction that facets count."""


def measured(transactions: "DataFrame", vocabulary: Vocabulary) -> "DataFrame":
    """Measure each customer's transactions.

    Args:
        transactions: as `handed_over` has them.
        vocabulary: of the training bank.

    Returns:
        customer_id; `measured`, an array in the order of `TransactionFeatures.measured`; and `transactions`, an array
        of structs of those `BAGGED` columns that there are.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    earlier = F.lag(MOMENT).over(Window.partitionBy("customer_id").orderBy("timestamp", "transaction_id"))
    seconds = F.floor((F.col(MOMENT) - earlier) / 1_000_000)
    lost = {column: F.lit(None).cast("string") for column in vocabulary if column not in transactions.columns}
    told = (
        transactions.withColumns(lost)
        .withColumn("gap", F.log1p(seconds / 3600))
        .withColumn("size", F.log1p(F.abs("amount")))
    )
    bagged = [column for column in BAGGED if column in transactions.columns]
    return told.groupBy("customer_id").agg(
        F.array(*_measures(vocabulary)).alias("measured"),
        F.collect_list(F.struct(*bagged)).alias("transactions"),
    )


def _measures(vocabulary: Vocabulary) -> Iterator["Column"]:
    """The measures, in the order of `TransactionFeatures.measured`."""
    from pyspark.sql import functions as F

    size, gap, amount = F.col("size"), F.col("gap"), F.col("amount")
    hour, day = F.hour("timestamp"), F.dayofmonth("timestamp")
    weekday = F.weekday(F.col("timestamp")) + 1
    nothing = F.lit(0.0)
    yield F.avg(size)
    yield F.coalesce(F.stddev_samp(size), nothing)
    ordered = F.sort_array(F.collect_list(size))
    for quantile in (0.1, 0.5, 0.9):
        yield F.element_at(ordered, F.floor((F.count(size) - 1) * quantile + 0.5).cast("int") + 1)
    yield _share(amount > 0)
    yield _share(amount % 1 == 0)
    yield F.coalesce(F.avg(gap), nothing)
    yield F.coalesce(F.stddev_samp(gap), nothing)
    for start in range(0, 24, 3):
        yield F.sqrt(_share((hour >= start) & (hour < start + 3)))
    for number in range(1, 8):
        yield F.sqrt(_share(weekday == number))
    for start in range(0, 30, 5):
        yield F.sqrt(_share((day > start) & (day <= start + 5)))
    for column, values in vocabulary.items():
        for value in values:
            yield F.sqrt(F.coalesce(_share(F.col(column) == value), nothing))


def _share(told: "Column") -> "Column":
    """The share of the rows in which something holds, among those of which it is known."""
    from pyspark.sql import functions as F

    return F.avg(told.cast("double"))

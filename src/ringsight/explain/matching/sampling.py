"""Pairs of customers, their records, and a sample of strangers to compare them with."""

from collections.abc import Collection, Iterable

import numpy as np
import polars as pl

Pair = tuple[str, str]
"""Two customer ids."""
STRANGERS = 24
"""How many customers outside the compared pairs are drawn, to show what is usual in the bank."""
SEED = 0


def customers_of(pairs: Iterable[Pair]) -> list[str]:
    """All customers named, sorted."""
    return sorted({customer for pair in pairs for customer in pair})


def records_by_customer(records: pl.DataFrame, customers: Collection[str]) -> dict[str, pl.DataFrame]:
    """The records of some customers, in the order of the table; customers without any are left out."""
    texts = records.with_columns(pl.col("customer_id").cast(pl.String))
    wanted = texts.filter(pl.col("customer_id").is_in(sorted(customers)))
    return {str(key[0]): rows for key, rows in wanted.partition_by("customer_id", as_dict=True).items()}


def latest_each(records: pl.DataFrame, order: Iterable[str], each: int) -> pl.DataFrame:
    """Each customer's last records, ordered by the columns of `order` that the table has."""
    present = [column for column in order if column in records.columns]
    return records.sort(present).group_by("customer_id", maintain_order=True).tail(each)


def strangers(records: pl.DataFrame, others: Collection[str], most: int = STRANGERS) -> list[str]:
    """Draw customers who have records and are not among `others`, with a fixed seed.

    Returns:
        Sorted ids, `most` of them; all such customers where there are no more.
    """
    owners = records["customer_id"].cast(pl.String).unique()
    owners = owners.filter(~owners.is_in(sorted(others))).sort()
    drawn = np.random.default_rng(SEED).choice(len(owners), min(most, len(owners)), replace=False)
    return [str(owners[int(row)]) for row in np.sort(drawn)]

"""How alike two customers of a bank are in one trace, told from their records and not from embeddings."""

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from ringsight.records.bank import Bank


def words_of(bank: Bank) -> dict[str, set[object]]:
    notes = bank.notes.group_by("customer_id").agg(pl.col("text"))
    return {customer: set(re.findall(r"\w{4,}", " ".join(texts).lower())) for customer, texts in notes.iter_rows()}


def payees_of(bank: Bank) -> dict[str, set[object]]:
    payees = bank.transactions.group_by("customer_id").agg(pl.col("counterparty_id").cast(pl.String))
    return {customer: set(values) for customer, values in payees.iter_rows()}


def busy_days_of(bank: Bank) -> dict[str, set[object]]:
    """The four days on which each customer spent most often."""
    days = bank.transactions.group_by("customer_id", pl.col("timestamp").dt.date().alias("day")).len()
    busy = days.sort("len", "day", descending=True).group_by("customer_id").agg(pl.col("day").head(4))
    return {customer: set(values) for customer, values in busy.iter_rows()}


def devices_of(bank: Bank) -> dict[str, set[object]]:
    rows = bank.customers.select("customer_id", "device_id", "phone").iter_rows()
    return {customer: {value for value in values if value} for customer, *values in rows}


def thumbnails_of(bank: Bank) -> dict[str, NDArray[np.float64]]:
    first = bank.id_images.unique("customer_id", keep="first", maintain_order=True)
    return {
        customer: np.asarray(Image.open(bank.path / path).resize((16, 10)), dtype=np.float64).ravel()
        for customer, path in first.select("customer_id", "path").iter_rows()
    }


def likeness(one: object, other: object) -> float:
    if isinstance(one, set) and isinstance(other, set):
        return len(one & other) / max(1, len(one | other))
    return -float(np.abs(np.asarray(one) - np.asarray(other)).mean())

"""By what it is known whether a customer's records have changed since they were embedded.

The fingerprint of a customer in one modality is the SHA-256 of the records that say something, in their order and in
all columns of the data contract. The id of a record does not count; an image counts by its content and not by its path.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

from ringsight.records.bank import Bank
from ringsight.records.contract import RECORD_TABLES, RecordTable
from ringsight.records.fingerprints import Fingerprints

CUSTOMER_FINGERPRINTS = {"modality": pl.String, "customer_id": pl.String, "fingerprint": pl.String}
"""Columns of a table of fingerprints, one row for each customer and modality that says something of them."""
AT_ONCE = 200_000
"""Records that are written out at a time, about: the rows of one customer stay together."""


def customer_fingerprints(bank: Bank) -> pl.DataFrame:
    """The fingerprints of everybody's records; columns of `CUSTOMER_FINGERPRINTS`, sorted by modality and customer."""
    told = bank.telling()
    found = [_of_modality(told.table(table.modality), table, bank) for table in RECORD_TABLES]
    return pl.concat([pl.DataFrame(schema=CUSTOMER_FINGERPRINTS), *found]).sort("modality", "customer_id")


def _of_modality(records: pl.DataFrame, table: RecordTable, bank: Bank) -> pl.DataFrame:
    columns = [column for column in table.columns if column in records.columns and column != table.key]
    ordered = records.select(columns).with_columns(pl.col("customer_id").cast(pl.String))
    for column in table.image_columns:
        ordered = ordered.with_columns(_contents(ordered[column], bank))
    found: dict[str, str] = {}
    for some in _by_customers(ordered):
        written = some.select("customer_id", row=pl.struct(pl.exclude("customer_id")).struct.json_encode())
        own = written.group_by("customer_id", maintain_order=True).agg(pl.col("row").str.join("\n"))
        found |= {customer: hashlib.sha256(rows.encode()).hexdigest() for customer, rows in own.iter_rows()}
    columns_told = {"modality": table.modality, "customer_id": list(found), "fingerprint": list(found.values())}
    return (
        pl.DataFrame(columns_told, schema=CUSTOMER_FINGERPRINTS)
        if found
        else pl.DataFrame(schema=CUSTOMER_FINGERPRINTS)
    )


def _by_customers(records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Slices of records that are sorted by customer, each with all rows of its customers."""
    starts = np.flatnonzero(
        np.append(True, records["customer_id"].to_numpy()[1:] != records["customer_id"].to_numpy()[:-1])
    )
    begin = 0
    while begin < len(records):
        later = starts[starts >= begin + AT_ONCE]
        end = int(later[0]) if len(later) else len(records)
        yield records[begin:end]
        begin = end


def _contents(paths: pl.Series, bank: Bank) -> pl.Series:
    """The hash of the image at each path."""
    files = bank.files or Fingerprints(bank.path)
    hashes = {path: files.content_hash(path) for path in paths.unique().to_list()}
    return paths.replace_strict(hashes, return_dtype=pl.String)

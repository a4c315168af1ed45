"""A bank made of a few records by hand, for matching records and ledgers, and links by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.detection.results import LINKS
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import IMAGES, NOTES, TRANSACTIONS
from ringsight.records.table_reading import empty_table

MONDAY = datetime(2024, 1, 1)


def link_table(links: Iterable[tuple[str, str, str, dict[str, float]]]) -> pl.DataFrame:
    """Links as (ring_id, customer_a, customer_b, bits by source), in the columns of `LINKS`."""
    rows = [(*pair, source, bits) for *pair, by_source in links for source, bits in sorted(by_source.items())]
    return pl.DataFrame(rows, schema=LINKS, orient="row")


def bank_of_records(
    folder: Path = Path("/nowhere"),
    *,
    customers: Sequence[dict[str, Any]] = (),
    notes: Sequence[tuple[str, str, str, str | None]] = (),
    images: Sequence[tuple[str, str, str]] = (),
    transactions: pl.DataFrame | None = None,
    roles: dict[str, ColumnRole] | None = None,
) -> Bank:
    """A bank of these records.

    Args:
        folder: that image paths are relative to.
        customers: rows; by default there are none.
        notes: (note_id, customer_id, text, agent_id).
        images: (image_id, customer_id, path).
        transactions: the table; by default it is empty.
        roles: of the customers' columns.
    """
    written = [(note, customer, MONDAY, text, agent) for note, customer, text, agent in notes]
    return Bank(
        path=folder,
        customers=pl.DataFrame(customers) if customers else pl.DataFrame(schema={"customer_id": pl.String}),
        records={
            "transactions": empty_table(TRANSACTIONS) if transactions is None else transactions,
            "notes": pl.DataFrame(
                written, schema=["note_id", "customer_id", "timestamp", "text", "agent_id"], orient="row"
            ).with_columns(pl.col("agent_id").cast(pl.String))
            if written
            else empty_table(NOTES),
            "id_images": pl.DataFrame(images, schema=["image_id", "customer_id", "path"], orient="row")
            if images
            else empty_table(IMAGES),
        },
        roles=roles or {},
        quarantine=pl.DataFrame(),
        data_hash="data",
    )

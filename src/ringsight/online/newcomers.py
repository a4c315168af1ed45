"""From one customer's records, as they come by day, to vectors in every space of the model."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.contract import CUSTOMERS, RECORD_TABLES
from ringsight.records.frames import read_frames

Records = Mapping[str, Any]
"""Table of the data contract -> its rows, as JSON has them; `customers` is one row. An image is in base64."""
CONTENT = "content"
"""Key of an image's bytes."""


def merged(former: Records | None, further: Records) -> dict[str, Any]:
    """A customer's records with further ones; of two with one id the further one counts."""
    told = dict(former or {})
    for table in RECORD_TABLES:
        if table.name in further:
            rows = {str(row.get(table.key)): row for row in [*told.get(table.name, []), *further[table.name]]}
            told[table.name] = list(rows.values())
    if CUSTOMERS.name in further:
        told[CUSTOMERS.name] = {**told.get(CUSTOMERS.name, {}), **further[CUSTOMERS.name]}
    return told


def bank_of(customer_id: str, records: Records, config: BankConfig) -> Bank:
    """A bank of one customer: checked, and its images opened, as any bank's.

    Args:
        customer_id: whose records they are.
        records: by table.
        config: how the last night read its bank; what it says of files has no part in it.

    Raises:
        DataError: if a row cannot be used, naming table, row and column.
    """
    frames = {CUSTOMERS.name: pl.DataFrame({"customer_id": [customer_id]})}
    for table in RECORD_TABLES:
        rows = records.get(table.name) or []
        if rows:
            told = [{**_with_bytes(row, table.image_columns), "customer_id": customer_id} for row in rows]
            frames[table.name] = _frame(told)
    read_as = BankConfig(
        path=Path(),
        max_bad_rows=0.0,
        max_image_pixels=config.max_image_pixels,
        least_contrast=config.least_contrast,
    )
    if len(frames) == 1:
        raise nothing(customer_id)
    return read_frames(read_as, frames, fewest=1)


def vectors_of(customer_id: str, bank: Bank, model: Path) -> dict[str, NDArray[np.float32]]:
    """Vectors of a customer in every space that the records suffice for, facets among them.

    Raises:
        DataError: if the model can embed none of the records.
        ModelError: if the model is missing or damaged.
    """
    from ringsight.fusion.embed import embed_bank  # torch takes seconds to import

    found: dict[str, NDArray[np.float32]] = {}
    for space, each in embed_bank(bank, model).items():
        rows = np.flatnonzero(each.customer_ids == customer_id)
        if len(rows):
            found[space] = each.vectors[rows[0]]
    if not found:
        raise nothing(customer_id)
    return found


def nothing(customer_id: str) -> DataError:
    """The error of a customer who has no records that say anything."""
    return DataError(
        f"customer {customer_id!r} has no records that the model can embed",
        remedy="give transactions, call_notes or id_images of the customer, or vectors",
    )


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    try:
        return pl.DataFrame([dict(row) for row in rows], infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        told = str(error).splitlines()[0][:200]
        raise DataError(
            f"the rows of a table do not go together ({told})", remedy="one type for each column"
        ) from error


def _with_bytes(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A row with its image as bytes. A path is refused: it would lead to files of this machine."""
    told = dict(row)
    for column in columns:
        if column in told:
            raise DataError(f"an image cannot be given by {column}", remedy=f"give it in base64 as `{CONTENT}`")
        if CONTENT not in told:
            raise DataError("an image has no content", remedy=f"give it in base64 as `{CONTENT}`")
        try:
            told[column] = base64.b64decode(str(told.pop(CONTENT)), validate=True)
        except (binascii.Error, ValueError) as error:
            raise DataError("the content of an image is no base64", remedy="encode the file as base64") from error
    return told

"""A bank's records as Parquet, handed over to the tasks: each file has some customers, with all that is theirs.

So what a customer's records add up to does not hang on which task is ready first: the same bank gives the same sums.
"""

from pathlib import Path

import numpy as np
import polars as pl

from ringsight.records.bank import Bank

PICTURE = "picture"
"""Column of the small copy of an image, as `OpenedPictures` keeps it."""
MOMENT = "microseconds"
"""Column of the time of a transaction, counted from 1970, which no time zone of a session can move."""


def hand_over(bank: Bank, modality: str, folder: Path, customers: int) -> int:
    """Write the records of one modality into a folder, so many customers a file.

    Args:
        bank: whose records say something (`Bank.telling`).
        modality: which.
        folder: where to; it is made.
        customers: in each file.

    Returns:
        How many files there are.
    """
    folder.mkdir(parents=True)
    records = bank.table(modality)
    owners = records["customer_id"].to_numpy().astype(np.str_)
    everyone = np.unique(owners)
    starts = np.searchsorted(owners, everyone[::customers])
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(owners)], strict=True)):
        some = records[int(start) : int(end)]
        if modality == "id_images":
            some = some.with_columns(_pictures(bank, some))
        if modality == "transactions":
            some = some.with_columns(pl.col("timestamp").dt.epoch("us").alias(MOMENT))
        texts = [column for column, dtype in some.schema.items() if isinstance(dtype, pl.Categorical | pl.Enum)]
        some.with_columns(pl.col(texts).cast(pl.String)).write_parquet(folder / f"{number:06}.parquet")
    return len(starts)


def _pictures(bank: Bank, images: pl.DataFrame) -> pl.Series:
    copies = []
    for path in images["path"]:
        bank.pictures.look(path).require(path)  # one that was not opened yet is opened now
        copy = bank.pictures.copy(path)
        copies.append(copy.read_bytes() if copy else None)
    return pl.Series(PICTURE, copies, dtype=pl.Binary)

"""What was measured and read of some customers becomes their vectors, by the encoders of one machine."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ringsight.encoders.part import Part
from ringsight.encoders.transaction_features import TransactionFeatures, counterparty_bags
from ringsight.records.embeddings import Embeddings
from ringsight.spark.record_vectors import SAID, VECTOR, images_seen, notes_read, part_of
from ringsight.spark.transactions_sql import measured

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMNS = "space string, customer_id string, vector array<float>"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked of the tasks for one modality."""

    model: str
    """Name under which the model was sent to the tasks."""
    files: int
    """In how many the records are; customers are in as many tasks."""
    batch: int
    """Records that a network reads at once."""
    part: Part
    """Of the modality."""
    spaces: list[str]
    """That the part embeds in."""


def of_transactions(transactions: "DataFrame", asked: Asked) -> "DataFrame":
    """Measure in SQL, then embed customers; a row for each vector."""
    rows = measured(transactions.repartition(asked.files, "customer_id"), asked.part.settings["vocabulary"])
    return rows.mapInArrow(partial(_embedded, model=asked.model, modality="transactions", embed=of_measured), COLUMNS)


def of_notes(notes: "DataFrame", asked: Asked) -> "DataFrame":
    """Read notes one by one, then embed customers; a row for each vector."""
    rows = _together(notes_read(notes, asked.model, asked.batch), asked)
    return rows.mapInArrow(partial(_embedded, model=asked.model, modality="notes", embed=of_read), COLUMNS)


def of_id_images(images: "DataFrame", asked: Asked) -> "DataFrame":
    """See images one by one, then embed customers; a row for each vector."""
    rows = _together(images_seen(images, asked.model, asked.batch, asked.spaces), asked)
    return rows.mapInArrow(partial(_embedded, model=asked.model, modality="id_images", embed=of_seen), COLUMNS)


WAYS: dict[str, Callable[["DataFrame", Asked], "DataFrame"]] = {
    "transactions": of_transactions,
    "notes": of_notes,
    "id_images": of_id_images,
}
"""By modality."""


def _together(records: "DataFrame", asked: Asked) -> "DataFrame":
    """One row for each customer, with all records in their order."""
    from pyspark.sql import functions as F

    columns = [column for column in records.columns if column != "customer_id"]
    listed = F.collect_list(F.struct(*columns)).alias("records")
    return records.repartition(asked.files, "customer_id").groupBy("customer_id").agg(listed)


def of_measured(rows: pl.DataFrame, trained: Part) -> Iterable[Embeddings]:
    """Customers whose transactions were measured in SQL."""
    from ringsight.encoders.transaction_facets import count
    from ringsight.encoders.transactions import embed_measured

    rows = rows.sort("customer_id")
    transactions = rows.select("customer_id", "transactions").explode("transactions").unnest("transactions")
    features = TransactionFeatures(
        customer_ids=rows["customer_id"].to_numpy().astype(np.str_),
        measured=np.stack(rows["measured"].to_list()).astype(np.float32),
        counterparties=counterparty_bags(transactions, rows["customer_id"]),
        counterparty_dim=trained.settings["counterparty_dim"],
        vocabulary=trained.settings["vocabulary"],
    )
    return embed_measured(features, count(transactions, features), trained, "")


def of_read(rows: pl.DataFrame, trained: Part) -> Iterable[Embeddings]:
    """Customers whose notes were read."""
    from ringsight.encoders.notes import embed_read

    notes = _one_by_one(rows)
    return embed_read(notes.rename({SAID: "text"}), _matrix(notes[VECTOR]), trained, "")


def of_seen(rows: pl.DataFrame, trained: Part) -> Iterable[Embeddings]:
    """Customers whose images were seen."""
    from ringsight.encoders.id_images import embed_seen

    images = _one_by_one(rows)
    spaces = {name: _matrix(images[name]) for name in images.columns if name != "customer_id"}
    return embed_seen(spaces, images, trained, "")


def _one_by_one(rows: pl.DataFrame) -> pl.DataFrame:
    """The records of customers, in the order of the customers' ids and then their own."""
    return rows.sort("customer_id").explode("records").unnest("records")


def _matrix(column: pl.Series) -> NDArray[np.float32]:
    return column.explode().to_numpy().astype(np.float32).reshape(len(column), -1)


def _embedded(
    batches: Iterable[pa.RecordBatch],
    modality: str,
    model: str,
    embed: Callable[[pl.DataFrame, Part], Iterable[Embeddings]],
) -> Iterator[pa.RecordBatch]:
    trained = part_of(model, modality)
    for batch in batches:
        rows = pl.DataFrame(pa.Table.from_batches([batch]))
        for each in embed(rows, trained) if len(rows) else ():
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([each.space] * len(each.customer_ids), pa.string()),
                    pa.array(each.customer_ids.tolist(), pa.string()),
                    pa.array(list(each.vectors), pa.list_(pa.float32())),
                ],
                names=["space", "customer_id", "vector"],
            )

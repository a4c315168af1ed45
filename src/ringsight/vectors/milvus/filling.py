"""Vectors put into one collection, so that a write that was cut off goes on from where it stopped.

What a collection holds is told by its properties, which are written before, while and after vectors are: one whose
`content` is empty is half written, and `written` says how many rows of `writing` are in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight import progress
from ringsight.errors import StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.milvus.collection import Collection, our_properties
from ringsight.vectors.milvus.connection import Connection
from ringsight.vectors.vector_store import StoreConfig
from ringsight.workers import Spread, spread

Batch = tuple[pl.DataFrame, NDArray[np.float32]]
"""What stands beside some vectors, and the vectors."""
FEWEST_INDEXED = 1024
"""A server indexes no segment of fewer rows, so that sealing one is only a wait."""


def fill(
    connection: Connection,
    collection: Collection,
    embeddings: Embeddings,
    beside: pl.DataFrame,
    *,
    content: str,
    batch: int,
) -> None:
    """Write vectors and what stands beside them, then say that all is there.

    Args:
        connection: an open one, to a store in which the collection is loaded.
        collection: where to write; rows that it is said to hold of this very content are not written again.
        embeddings: n checked vectors.
        beside: a row for each, in their order (`scalars_beside`).
        content: hash of both.
        batch: vectors sent at once.

    Raises:
        StoreError: if Milvus has kept fewer than were written, is away for too long, or refuses.
    """
    begun = min(collection.written, len(beside)) if collection.writing == content else 0
    writing = replace(collection, data_hash=embeddings.data_hash, content="", writing=content, written=begun)
    connection.call("alter_collection_properties", writing.name, writing.properties())
    _upsert(connection, writing, embeddings, beside, batch)
    _seal(connection, writing, len(beside))
    whole = replace(writing, content=content, writing="", written=0)
    connection.call("alter_collection_properties", whole.name, whole.properties())


def _upsert(
    connection: Connection, collection: Collection, embeddings: Embeddings, beside: pl.DataFrame, step: int
) -> None:
    """Write what is not yet written, and after each batch how far that is.

    A server takes batches from several machines at once, where the engine has them; a folder has one writer.
    """
    name, written = collection.name, collection.written
    starts = range(written, len(beside), step)
    batches = ((beside[start : start + step], embeddings.vectors[start : start + step]) for start in starts)

    def here(_: object, some: Iterable[Batch]) -> Iterator[int]:
        return map(partial(_send, connection, name), some)

    send: Spread = here if connection.path else partial(spread, here=here)
    sent = send(partial(_send_from_elsewhere, connection.config, name), batches)
    for rows in progress.steps(sent, f"writing {name}", len(starts)):
        written += rows
        connection.call("alter_collection_properties", name, our_properties(written=written))


def _send(connection: Connection, name: str, batch: Batch) -> int:
    """Write some vectors with what stands beside them; how many."""
    rows = batch[0].to_dicts()
    for row, vector in zip(rows, batch[1], strict=True):
        row["vector"] = vector
    connection.call("upsert", name, rows)
    return len(rows)


def _send_from_elsewhere(config: StoreConfig, name: str, batch: Batch) -> int:
    return _send(_connected(**asdict(config)), name, batch)


@lru_cache(maxsize=1)
def _connected(**config: Any) -> Connection:  # noqa: ANN401 - settings of a store
    """A connection of this process, which stays open until it ends."""
    return Connection(StoreConfig(**config))


def _seal(connection: Connection, collection: Collection, rows: int) -> None:
    """Let Milvus index what was written, and see that it is all there.

    Raises:
        StoreError: if it is not.
    """
    name = collection.name
    if connection.path or rows >= FEWEST_INDEXED:
        connection.call("flush", name)
    if (kept := connection.count(name)) < rows:
        connection.call("alter_collection_properties", name, our_properties(written=0))
        raise StoreError(f"{name}: Milvus kept {kept} of {rows} vectors", where=connection.where, remedy="write again")

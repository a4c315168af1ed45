"""Vectors put into one collection, so that a write that was cut off goes on from where it stopped.

What a collection holds is told by its properties, which are written before, while and after vectors are: one whose
`content` is empty is half written, and `written` says how many rows of `writing` are in it.
"""

from dataclasses import replace

import polars as pl

from ringsight import progress
from ringsight.errors import StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.milvus.collection import Collection, our_properties
from ringsight.vectors.milvus.connection import Connection

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
    """Write what is not yet written, and after each batch how far that is."""
    name = collection.name
    starts = range(collection.written, len(beside), step)
    for start in progress.steps(starts, f"writing {name}"):
        rows = beside[start : start + step].to_dicts()
        for row, vector in zip(rows, embeddings.vectors[start : start + step], strict=True):
            row["vector"] = vector
        connection.call("upsert", name, rows)
        connection.call("alter_collection_properties", name, our_properties(written=start + len(rows)))


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

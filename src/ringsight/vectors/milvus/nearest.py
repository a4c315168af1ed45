"""The nearest customers in one collection: requests that every Milvus takes, in the order that all searches keep."""

import numpy as np
from numpy.typing import NDArray

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.filters import Filter
from ringsight.vectors.milvus.collection import Collection, effort
from ringsight.vectors.milvus.connection import Connection
from ringsight.vectors.neighbours import DECIMALS, Candidates, Neighbours, settle
from ringsight.vectors.vector_store import REQUEST_LIMIT

HITS_AT_ONCE = 2**16
"""Results asked for in one request."""


def nearest(
    connection: Connection, collection: Collection, queries: Embeddings, k: int, *, where: Filter | None, batch: int
) -> Neighbours:
    """The k nearest others of each query, itself left out; shape (q, k).

    Args:
        connection: an open one, to a store in which the collection is loaded.
        collection: where to look.
        queries: q checked vectors.
        k: how many.
        where: look only among customers who fit it.
        batch: queries settled at once.
    """

    def ask(rows: NDArray[np.int64], depth: int) -> Candidates:
        step = max(1, HITS_AT_ONCE // depth)
        parts = [
            _candidates(connection, collection, queries, rows[at : at + step], depth=depth, where=where)
            for at in range(0, len(rows), step)
        ]
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([values for _, values in parts])

    found = np.full((len(queries.customer_ids), k), "", dtype=object)
    similarities = np.full(found.shape, -np.inf)
    for start in range(0, len(found), batch):
        rows = np.arange(start, min(start + batch, len(found)))
        ids, values = settle(ask, rows, k, REQUEST_LIMIT)
        found[rows, : ids.shape[1]] = np.where(np.isfinite(values), ids, "")
        similarities[rows, : ids.shape[1]] = values
    return Neighbours.of(queries.customer_ids, found.astype(np.str_), similarities)


def _candidates(
    connection: Connection,
    collection: Collection,
    queries: Embeddings,
    rows: NDArray[np.int64],
    *,
    depth: int,
    where: Filter | None,
) -> Candidates:
    """The `depth` nearest stored customers to some of the queries; a query itself at -inf."""
    ids = np.full((len(rows), depth), "", dtype=object)
    similarities = np.full((len(rows), depth), -np.inf)
    answers = connection.call(
        "search",
        collection.name,
        data=list(queries.vectors[rows]),
        anns_field="vector",
        limit=depth,
        output_fields=["customer_id"],  # without, Milvus Lite sends the vectors too
        search_params={"metric_type": "IP", "params": effort(collection.index, depth, where is not None)},
        **connection.about(where),
    )
    for row, hits in enumerate(answers):
        ids[row, : len(hits)] = hits.ids
        similarities[row, : len(hits)] = hits.distances
    ids = ids.astype(np.str_)
    itself = ids == queries.customer_ids[rows][:, None]
    return ids, np.where(itself, -np.inf, similarities.round(DECIMALS))

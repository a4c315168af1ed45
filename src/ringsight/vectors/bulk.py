"""Neighbours in bulk: the embeddings of one space joined with themselves, in memory.

Up to `EXACT_UP_TO` customers everybody is compared with everybody. Above, with those in the nearest cells alone
(`cells`), as many cells as a sample of customers needs to find nearly all of its true neighbours.

Similarities are first found in single precision, where matrix products are quick; those of the candidates left are
computed anew in double precision, so that neither the kernel nor the number of threads shows in the result.
"""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ringsight import progress
from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.exact import exact_neighbours, pack, unpack
from ringsight.vectors.inverted_file import SLACK, Cells
from ringsight.vectors.neighbours import Neighbours, no_neighbours
from ringsight.workers import spread

EXACT_UP_TO = 20_000
"""Customers up to whom all are compared with all."""
RECALL = 0.99
"""Share of a sample's true neighbours that the cells searched must hold; of everybody's they hold 0.985 at least."""
WORTH_IT = 0.35
"""Share of the cells beyond which it is quicker to compare all with all."""
GATHER = 2**18
"""Vector components of candidates gathered at once; 12 bytes each."""

Found = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Rows of neighbours, nearest first, -1 where there are fewer than k, and similarities, -inf there; each (rows, k)."""


def self_neighbours(embeddings: Embeddings, k: int) -> Neighbours:
    """The k nearest other customers of every customer of a space, nearest first, ties by id.

    Exact up to 20,000 customers; above, every similarity is exact and one or two neighbours in a hundred are missed.

    Args:
        embeddings: n unit vectors.
        k: how many; customers with fewer than k others are padded.

    Returns:
        Neighbours whose `indices` are rows of `embeddings`; shape (n, k).

    Raises:
        SettingsError: if k is not positive.
    """
    if k < 1:
        raise SettingsError(f"k must be at least 1 (got {k})")
    n = len(embeddings.customer_ids)
    found = no_neighbours(embeddings.customer_ids, k)
    vectors = np.ascontiguousarray(embeddings.vectors)
    if n <= k + 2:
        found.indices[:], found.similarities[:] = exact_neighbours(vectors, vectors, np.arange(n), k)
    elif n <= EXACT_UP_TO:
        found.indices[:], found.similarities[:] = _among_all(vectors, k)
    else:
        cells = Cells(vectors, k, RECALL)
        if cells.share > WORTH_IT:
            found.indices[:], found.similarities[:] = _among_all(vectors, k)
        else:
            _in_cells(cells, vectors, k, found)
    return found


def _among_all(vectors: NDArray[np.float32], k: int) -> Found:
    """Everybody's nearest, of more than k + 2 customers.

    Where single precision cannot tell whether the last candidate belongs to the k, all are compared in double.
    """
    import faiss

    rows = np.arange(len(vectors))
    _, candidates = faiss.knn(vectors, vectors, k + 2, metric=faiss.METRIC_INNER_PRODUCT)
    columns, similarities = _settled(vectors, rows, candidates, k + 1)
    unsure = np.flatnonzero(~(similarities[:, k - 1] > similarities[:, k] + SLACK))
    columns, similarities = columns[:, :k], similarities[:, :k]
    if len(unsure):
        columns[unsure], similarities[unsure] = exact_neighbours(vectors[unsure], vectors, unsure, k)
    return columns, similarities


def _in_cells(cells: Cells, vectors: NDArray[np.float32], k: int, found: Neighbours) -> None:
    """Fill in everybody's nearest of those in the nearest cells."""

    def search(block: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        rows, candidates = cells.candidates(block)
        return rows, *_settled(vectors, rows, candidates, k)

    blocks = cells.blocks()
    with threadpool_limits(1):
        found_by = spread(search, blocks)
        for rows, columns, similarities in progress.steps(found_by, f"neighbours of {len(vectors):,}", len(blocks)):
            found.indices[rows], found.similarities[rows] = columns, similarities


def _settled(vectors: NDArray[np.float32], rows: NDArray[np.int64], candidates: NDArray[np.int64], k: int) -> Found:
    """The k best candidates of each row, itself left out, by similarities in double precision, ties by row.

    Args:
        vectors: shape (n, dim).
        rows: who is asked about; shape (q,).
        candidates: rows of `vectors`, -1 for none; shape (q, depth).
        k: how many; padded where there are fewer.
    """
    n, dim = vectors.shape
    depth = candidates.shape[1]
    keys = np.empty((len(rows), max(k, depth)))
    keys[:, depth:] = -np.inf
    step = max(1, GATHER // (depth * dim))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        asked = vectors[rows[block]].astype(np.float64)[:, :, None]
        products = (vectors[candidates[block]].astype(np.float64) @ asked)[:, :, 0]
        keys[block, :depth] = pack(products, candidates[block], n)
    keys[:, :depth][(candidates < 0) | (candidates == rows[:, None])] = -np.inf
    keys.sort(axis=1)
    return unpack(keys[:, : -k - 1 : -1], n)

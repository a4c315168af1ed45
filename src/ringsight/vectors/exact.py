"""Exact nearest neighbours by matrix product: the reference that every index is held to."""

import numpy as np
from numpy.typing import NDArray

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.neighbours import DECIMALS, Neighbours

BLOCK = 2**22
"""Similarities held at once; 8 bytes each, three times over."""
SCALE = 10.0**DECIMALS


def exact_search(queries: Embeddings, searched: Embeddings, k: int) -> Neighbours:
    """The k nearest of some customers to each query, itself left out; shape (q, k)."""
    own = searched.rows_in(queries.customer_ids)
    indices, similarities = exact_neighbours(queries.vectors, searched.vectors, own, k)
    found = np.append(searched.customer_ids, "")[indices]
    return Neighbours.of(queries.customer_ids, found, similarities)


def exact_neighbours(
    queries: NDArray[np.float32], searched: NDArray[np.float32], own: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest rows of `searched` to each query, nearest first, ties by row.

    Args:
        queries: unit vectors, shape (q, dim).
        searched: unit vectors, shape (n, dim).
        own: each query's own row in `searched`, which is left out; -1 for none; shape (q,).
        k: how many.

    Returns:
        Rows of `searched`, -1 where there are fewer than k, and cosine similarities, -inf there; each (q, k).
    """
    indices = np.full((len(queries), k), -1, dtype=np.int32)
    similarities = np.full((len(queries), k), -np.inf, dtype=np.float32)
    if len(searched) == 0:
        return indices, similarities
    columns = searched.T.astype(np.float64)
    step = max(1, BLOCK // len(searched))
    width = min(k, len(searched))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        products = queries[block].astype(np.float64) @ columns
        indices[block, :width], similarities[block, :width] = _largest(products, own[block], width)
    return indices, similarities


def pack(similarities: NDArray[np.float64], columns: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Similarity and column as one number (exact below 2**53): the higher, the nearer; of equals, the lower column.

    Args:
        similarities: rounded to `DECIMALS` here; overwritten.
        columns: from 0 to n - 1, of a shape that fits `similarities`.
        n: how many columns there are.
    """
    keys: NDArray[np.float64] = np.rint(np.multiply(similarities, SCALE, out=similarities), out=similarities)
    keys *= n
    keys += n - 1 - columns
    return keys


def unpack(keys: NDArray[np.float64], n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Columns and similarities of packed keys: -1 and -inf where a key is -inf."""
    found = np.isfinite(keys)
    values, rest = np.divmod(np.where(found, keys, 0.0), n)
    return np.where(found, n - 1 - rest, -1).astype(np.int64), np.where(found, values / SCALE, -np.inf)


def _largest(
    products: NDArray[np.float64], own: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The k largest of each row, `own` left out: columns and rounded values; one partition selects and breaks ties."""
    n = products.shape[1]
    keys = pack(products, np.arange(n), n)
    keys[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
    keys.partition(n - k, axis=1)
    return unpack(np.sort(keys[:, n - k :], axis=1)[:, ::-1], n)

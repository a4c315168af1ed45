"""Random evidence sources, small enough to check by hand."""

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.sources import Rows, SpaceSource, space_source
from ringsight.records.embeddings import Embeddings


def ids(n: int) -> NDArray[np.str_]:
    """Sorted customer ids."""
    return np.array([f"c{i:05d}" for i in range(n)], dtype=np.str_)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same directions at length 1."""
    scaled: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def embeddings_of(
    vectors: NDArray[np.float64], rows: Rows | None = None, customers: int = 0, space: str = "notes"
) -> Embeddings:
    """Embeddings of the customers `rows` of a bank of so many; of the first ones where none are named."""
    rows = np.arange(len(vectors)) if rows is None else rows
    return Embeddings(space, ids(max(customers, len(vectors)))[rows], unit(vectors), "model", "data")


def space_of(vectors: NDArray[np.float64], keep: int = 10, *, every_rank: bool = True) -> SpaceSource:
    """A space of a bank whose customers are all in it."""
    return space_source(embeddings_of(vectors), ids(len(vectors)), keep, 4096 if every_rank else 0)


def all_pairs(n: int) -> tuple[Rows, Rows]:
    """Every pair a < b of n rows."""
    a, b = np.triu_indices(n, 1)
    return a.astype(np.int64), b.astype(np.int64)

"""Neighbours in bulk: the embeddings of one space joined with themselves, in memory.

Exact below `EXACT_UP_TO` customers. Above, an inverted file (Jégou, Douze and Schmid, 2011, "Product quantization
for nearest neighbor search", section 4; here without quantisation): vectors are sorted into cells by k-means, and
each customer is compared with those in the nearest cells. How many cells is measured, not guessed: their number is
doubled until a sample of customers finds nearly all of its true neighbours.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.exact import exact_neighbours
from ringsight.vectors.neighbours import DECIMALS, Candidates, Neighbours, no_neighbours, settle

EXACT_UP_TO = 20_000
"""Customers up to whom comparing all with all is quicker than building cells."""
RECALL = 0.985
"""Share of true neighbours found, below which more cells are searched around each customer."""
SAMPLE = 512
"""Customers by whom recall is measured."""
BATCH = 4096
"""Customers asked about at once."""
GATHER = 2**24
"""Vector components gathered at once to check candidates; 12 bytes each."""


def self_neighbours(embeddings: Embeddings, k: int) -> Neighbours:
    """The k nearest other customers of every customer of a space.

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
    if n <= EXACT_UP_TO:
        found.indices[:], found.similarities[:] = exact_neighbours(
            embeddings.vectors, embeddings.vectors, np.arange(n), k
        )
        return found
    cells = _Cells(embeddings.vectors, k)
    batches = track(range(0, n, BATCH), f"neighbours in {embeddings.space}", disable=not sys.stdout.isatty())
    for start in batches:
        rows = np.arange(start, min(start + BATCH, n))
        columns, similarities = settle(cells.candidates, rows, k, n)
        width = columns.shape[1]
        found.indices[rows, :width] = np.where(np.isfinite(similarities), columns, -1)
        found.similarities[rows, :width] = similarities
    return found


class _Cells:
    """Vectors sorted into cells."""

    def __init__(self, vectors: NDArray[np.float32], k: int) -> None:
        """Find the cells by k-means over a sample, sort the vectors into them, and find how many to search."""
        import faiss

        n, dim = vectors.shape
        cells = int(4 * np.sqrt(n))
        self.vectors = np.ascontiguousarray(vectors)
        self.index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, cells, faiss.METRIC_INNER_PRODUCT)
        self.index.cp.spherical = True
        self.index.cp.seed = 0
        self.index.cp.min_points_per_centroid = 1
        shuffled = np.random.default_rng(0).permutation(n)
        self.index.train(self.vectors[np.sort(shuffled[: 64 * cells])])
        self.index.add(self.vectors)
        asked = self.vectors[np.sort(shuffled[:SAMPLE])]
        true, _ = faiss.knn(asked, self.vectors, k + 1, metric=faiss.METRIC_INNER_PRODUCT)
        self.index.nprobe = min(8, cells)
        while self.index.nprobe < cells and self._recall(asked, true) < RECALL:
            self.index.nprobe = min(2 * self.index.nprobe, cells)

    def _recall(self, asked: NDArray[np.float32], true: NDArray[np.float32]) -> float:
        """Share of the true neighbours' similarities (self first) that are reached."""
        reached, _ = self.index.search(asked, true.shape[1])
        return float(np.mean(reached[:, 1:] >= true[:, -1:] - 10.0**-DECIMALS))

    def candidates(self, rows: NDArray[np.int64], depth: int) -> Candidates:
        """The `depth` nearest of each row, itself at -inf, with similarities computed anew in double precision."""
        _, columns = self.index.search(self.vectors[rows], depth)
        similarities = np.empty(columns.shape)
        step = max(1, GATHER // (depth * self.vectors.shape[1]))
        for start in range(0, len(rows), step):
            block = slice(start, start + step)
            similarities[block] = np.einsum(
                "qd,qcd->qc", self.vectors[rows[block]], self.vectors[columns[block]], dtype=np.float64
            )
        absent = (columns < 0) | (columns == rows[:, None])
        return columns, np.where(absent, -np.inf, similarities.round(DECIMALS))

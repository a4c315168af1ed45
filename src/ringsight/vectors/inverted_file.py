"""Vectors sorted into cells, so that each customer is compared with those in the nearest cells alone.

An inverted file (Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search", section 4; here
without quantisation), walked cell by cell: all customers who search a cell are compared with its members in one matrix
product. Only the products above a bound are looked at: the members of each cell fall into groups, and of the groups
that a customer was compared with, the one with the k-th highest peak bounds the k-th highest product from below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLACK = 4e-6
"""Products in single precision are nearer than half of this to the true ones, rounded to six decimals."""
SAMPLE = 256
"""Customers by whom the number of cells to search is chosen."""
TRAINED_BY = 32
"""Vectors for each cell that k-means looks at."""
ROUNDS = 4
"""Rounds of k-means; more make no cells that are quicker to search."""
PRODUCTS = 2**24
"""Products held at once by each thread; 4 bytes each."""
GROUPS = 8
"""Groups, at least, that the members of a cell fall into."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """The members of one cell, and the customers who search it."""

    first: int
    """Place of the first member, in the order of cells."""
    who: Rows
    """Customers, by their places in a block; shape (q,)."""
    nth: Rows
    """Which of each customer's cells this one is; shape (q,)."""
    products: Floats
    """Shape (members, q)."""


class Cells:
    """The n vectors of a space in about 2 √n cells."""

    def __init__(self, vectors: Floats, k: int, recall: float) -> None:
        """Find the cells by k-means over a sample, sort the vectors into them, and choose how many to search.

        Args:
            vectors: n unit vectors, each customer's among them; shape (n, dim).
            k: how many others each customer will ask for.
            recall: share of a sample's true neighbours that the cells searched hold; above 1, all cells are searched.
        """
        n = len(vectors)
        cells = int(2 * np.sqrt(n))
        centres = _centres(vectors, cells)
        nearest = _nearest(vectors, centres, 1)[:, 0]
        self._depth = min(k + 1, n)
        self._order = np.argsort(nearest, kind="stable")
        self._vectors = vectors[self._order]
        self._starts, cell_of_part = _parts(np.bincount(nearest, minlength=cells), 4 * n // cells)
        self._centres = centres[cell_of_part]
        self._searched = self._enough_cells(recall)

    @property
    def share(self) -> float:
        """Share of all cells that each customer searches."""
        return self._searched / len(self._centres)

    def blocks(self) -> list[slice]:
        """Places, in the order of cells, that together make everybody, each few enough to be searched at once."""
        n = len(self._order)
        step = max(256, PRODUCTS * len(self._centres) // (self._searched * n))
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]

    def candidates(self, block: slice) -> tuple[Rows, Rows]:
        """The customers of a block, and for each the nearest in the cells searched, itself among them.

        Returns:
            Rows of the vectors, shape (q,); and rows of k + 1 candidates or, where some can hardly be told apart,
            more, in any order, -1 where there are fewer; shape (q, depth).
        """
        asked = self._vectors[block]
        groups = max(GROUPS, -(-4 * self._depth // self._searched))
        peaks = np.full((len(asked), self._searched * groups), -np.inf, dtype=np.float32)
        compared = []
        for each in self._compared(asked):
            highest = _peaks(each.products, groups)
            peaks[each.who[:, None], each.nth[:, None] * groups + np.arange(len(highest))] = highest.T
            compared.append(each)
        bound = _highest(peaks, self._depth) - SLACK
        who, members, products = (
            np.concatenate(each) for each in zip(*(_above(c, bound) for c in compared), strict=True)
        )
        return self._order[block], _table(who, self._order[members], products, len(asked), self._depth)

    def _compared(self, asked: Floats) -> Iterator[_Compared]:
        """Each cell that any of some customers search."""
        cells = _nearest(asked, self._centres, self._searched).ravel()
        by_cell = np.argsort(cells, kind="stable")
        starts = np.searchsorted(cells[by_cell], np.arange(len(self._centres) + 1))
        for cell in np.flatnonzero(np.diff(starts)):
            who, nth = np.divmod(by_cell[starts[cell] : starts[cell + 1]], self._searched)
            members = self._vectors[self._starts[cell] : self._starts[cell + 1]]
            yield _Compared(int(self._starts[cell]), who, nth, members @ asked[who].T)

    def _enough_cells(self, recall: float) -> int:
        """How many of its nearest cells a customer must search for the recall asked for."""
        import faiss

        chosen = np.random.default_rng(0).permutation(len(self._vectors))[:SAMPLE]
        asked = self._vectors[np.sort(chosen)]
        reached, _ = faiss.knn(asked, self._vectors, self._depth, metric=faiss.METRIC_INNER_PRODUCT)
        least = reached[:, -1] - SLACK
        parts = zip(self._starts[:-1], self._starts[1:], strict=True)
        held = np.stack([(self._vectors[start:end] @ asked.T >= least).sum(axis=0) for start, end in parts], axis=1)
        nearest_first = np.argsort(-(asked @ self._centres.T), axis=1, kind="stable")
        found = np.cumsum(np.take_along_axis(held, nearest_first, axis=1), axis=1)
        others = np.clip(found - 1, 0, self._depth - 1).mean(axis=0) / (self._depth - 1)
        return min(int(np.searchsorted(others, recall)) + 1, len(self._centres))


def _centres(vectors: Floats, cells: int) -> Floats:
    """Centres of so many cells, by k-means over a sample; shape (cells, dim)."""
    import faiss

    means = faiss.Kmeans(
        vectors.shape[1],
        cells,
        niter=ROUNDS,
        spherical=True,
        max_points_per_centroid=TRAINED_BY,
        min_points_per_centroid=1,
    )
    means.train(vectors)
    return np.asarray(means.centroids)


def _nearest(vectors: Floats, centres: Floats, count: int) -> Rows:
    """The nearest centres of each vector, nearest first; shape (n, count)."""
    import faiss

    _, found = faiss.knn(vectors, centres, count, metric=faiss.METRIC_INNER_PRODUCT)
    nearest: Rows = found
    return nearest


def _parts(sizes: Rows, most: int) -> tuple[Rows, Rows]:
    """Cells in parts of at most so many members: where each part starts, and the end; and its cell.

    A cell is large where many vectors are equal; parts bound what is compared at once.
    """
    pieces = -(-sizes // most)
    cell = np.repeat(np.arange(len(sizes)), pieces)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin = (np.cumsum(sizes) - sizes)[cell] + nth * most
    return np.append(begin, sizes.sum()), cell


def _peaks(products: Floats, groups: int) -> Floats:
    """The highest product of each group of members; shape (groups or fewer, q)."""
    size = len(products) // groups
    if size < 2:
        return products[:groups]
    peaks: Floats = products[: size * groups].reshape(groups, size, -1).max(axis=1)
    return peaks


def _highest(values: Floats, count: int) -> Floats:
    """The so-many-th highest of each row; -inf if there are not so many."""
    width = values.shape[1]
    if width < count:
        return np.full(len(values), -np.inf, dtype=np.float32)
    at = width - count
    highest: Floats = np.partition(values, at, axis=1)[:, at]
    return highest


def _above(compared: _Compared, bound: Floats) -> tuple[Rows, Rows, Floats]:
    """Customers, members and products above each customer's bound."""
    kept = np.flatnonzero(compared.products >= bound[compared.who])
    member, column = np.divmod(kept, len(compared.who))
    return compared.who[column], compared.first + member, compared.products.ravel()[kept]


def _table(who: Rows, rows: Rows, products: Floats, count: int, depth: int) -> Rows:
    """The `depth` highest of each of `count` customers, and those as high; -1 where there are fewer.

    Of very many as high, those of the lowest rows.
    """
    radix = np.uint16 if count <= np.iinfo(np.uint16).max else np.int64  # NumPy sorts 16 bits without comparing
    order = np.argsort(who.astype(radix), kind="stable")
    who, rows, products = who[order], rows[order], products[order]
    if np.bincount(who, minlength=count).max() > depth:
        last = _highest(_laid_out(who, products, count, -np.inf), depth)[who]
        kept = products >= last - SLACK
        who, rows, higher = who[kept], rows[kept], products[kept] > last[kept] + SLACK
        if np.bincount(who, minlength=count).max() > 2 * depth:
            order = np.lexsort((rows, ~higher, who))
            who, rows = who[order], rows[order]
            kept = _nth(who, count) < 2 * depth
            who, rows = who[kept], rows[kept]
    return _laid_out(who, rows, count, -1)


def _laid_out(who: Rows, values: NDArray[Any], count: int, blank: float) -> NDArray[Any]:
    """Values in a row for each customer, of whom `who` is a sorted list."""
    nth = _nth(who, count)
    table = np.full((count, nth.max(initial=-1) + 1), blank, dtype=values.dtype)
    table[who, nth] = values
    return table


def _nth(who: Rows, count: int) -> Rows:
    """Which entry of its customer's each one is, from 0, in a sorted list."""
    counts = np.bincount(who, minlength=count)
    nth: Rows = np.arange(len(who)) - (np.cumsum(counts) - counts)[who]
    return nth

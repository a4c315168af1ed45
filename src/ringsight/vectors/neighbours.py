"""Who lies near whom: the result of every search, and the one order that all searches keep.

Nearest first by cosine similarity, ties by customer id. Similarities are rounded to six decimals, so that equal
vectors tie whatever arithmetic found them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DECIMALS = 6
"""Decimals kept of a similarity; beyond them float32 products differ from one kernel to the next."""
DEEPEST = 1024
"""How many neighbours an index is asked for to settle a tie at the k-th place, unless k itself is more."""

Candidates = tuple[NDArray[Any], NDArray[np.float64]]
"""Columns (rows of an array, or ids) and their rounded similarities, -inf where there is none; each (rows, depth)."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The k nearest other customers of each of q customers."""

    customer_ids: NDArray[np.str_]
    """Who was asked about, sorted; shape (q,)."""
    neighbour_ids: NDArray[np.str_]
    """What `indices` points into, sorted: at least all who were asked about or found; shape (m,)."""
    indices: NDArray[np.int32]
    """Rows of `neighbour_ids`, nearest first, -1 where there are fewer than k; shape (q, k)."""
    similarities: NDArray[np.float32]
    """Cosine similarities, descending, -inf where `indices` is -1; shape (q, k)."""

    @property
    def ids(self) -> NDArray[np.str_]:
        """The neighbours' ids, the empty string where there are fewer than k; shape (q, k)."""
        return np.append(self.neighbour_ids, "")[self.indices]

    @classmethod
    def of(
        cls, customer_ids: NDArray[np.str_], found: NDArray[np.str_], similarities: NDArray[np.floating[Any]]
    ) -> "Neighbours":
        """From the neighbours' ids, the empty string where there are fewer than k; both (q, k), in order."""
        ids = np.union1d(customer_ids, found[found != ""])
        indices = np.where(found == "", -1, np.searchsorted(ids, found))
        return cls(customer_ids, ids, indices.astype(np.int32), similarities.astype(np.float32))


def no_neighbours(customer_ids: NDArray[np.str_], k: int) -> Neighbours:
    """What a search finds where nobody is."""
    shape = (len(customer_ids), k)
    return Neighbours(
        customer_ids=customer_ids,
        neighbour_ids=customer_ids,
        indices=np.full(shape, -1, dtype=np.int32),
        similarities=np.full(shape, -np.inf, dtype=np.float32),
    )


def settle(
    ask: Callable[[NDArray[np.int64], int], Candidates], rows: NDArray[np.int64], k: int, searched: int
) -> Candidates:
    """The k best of an index that breaks ties its own way, with ties broken by column.

    One candidate beyond the k-th shows whether the k-th place is tied; where it is, the index is asked deeper.

    Args:
        ask: gives `depth` candidates for each of the rows given; a row itself counts, at -inf.
        rows: who to ask about; shape (q,).
        k: how many are wanted.
        searched: how many the index holds, or can give at the most.

    Returns:
        The best candidates in order, each (q, min(k, searched)).
    """
    deepest = min(max(k + 2, DEEPEST), searched)
    return _settle(ask, rows, k, (min(k + 2, searched), deepest))


def _settle(
    ask: Callable[[NDArray[np.int64], int], Candidates], rows: NDArray[np.int64], k: int, depths: tuple[int, int]
) -> Candidates:
    depth, deepest = depths
    columns, similarities = ask(rows, depth)
    order = np.lexsort((columns, -similarities), axis=1)
    columns, similarities = np.take_along_axis(columns, order, 1), np.take_along_axis(similarities, order, 1)
    if depth < deepest:
        full = np.isfinite(similarities[:, -2])
        tied = full & (similarities[:, k - 1] <= np.where(np.isfinite(similarities), similarities, np.inf).min(axis=1))
        if tied.any():
            deeper, similarities[tied, :k] = _settle(ask, rows[tied], k, (min(4 * depth, deepest), deepest))
            columns = columns.astype(np.result_type(columns, deeper))
            columns[tied, :k] = deeper
    return columns[:, :k], similarities[:, :k]

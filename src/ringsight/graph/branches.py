"""Branches of the single-linkage tree: groups too large, or too much alike, for communities of near neighbours.

Forty customers with one picture are each other's 39 nearest, in no order, so that no two of them are among each
other's nearest thirty. In the single-linkage tree of a modality (a minimum spanning tree over near neighbours) they
are one branch, held together up to its longest link and ended by the distance to the nearest stranger.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from ringsight.graph.sources import Rows, SpaceSource
from ringsight.vectors.neighbours import DECIMALS

NEAREST = float(np.sqrt(2 * 10.0**-DECIMALS))
"""Distances below this are equal: similarities are kept to so many decimals."""
STANDS_APART = 1.5
"""A small branch stands apart if the link that ends it is so many times as long as its longest."""
LARGE_STANDS_APART = 1.01
"""A large one, if it is this many times as long: in a large bank some customer joins at nearly every length."""
LARGEST_SHARE = 0.1
"""A branch with more of those who have the modality is a part of the bank, not a ring; 50 are always allowed."""


def branches(space: SpaceSource, minimum: int, smallest: int) -> list[Rows]:
    """Branches of the single-linkage tree that stand apart, each sorted, but for those with too many members.

    Those of `minimum` members or more need stand apart by less (`LARGE_STANDS_APART`) than those of `smallest` members
    or more (`STANDS_APART`).
    """
    start, end, distance = _spanning_tree(space)
    largest = max(50, int(LARGEST_SHARE * space.count))
    owner = np.flatnonzero(space.present)
    parts = _Parts(space.count)
    found: list[Rows] = []

    def close(part: int, height: float) -> None:
        members = parts.members[part]
        longest = parts.height[part]
        apart = LARGE_STANDS_APART if len(members) >= minimum else STANDS_APART
        if smallest <= len(members) <= largest and height >= apart * longest:
            found.append(np.sort(owner[members]))

    for a, b, height in zip(start.tolist(), end.tolist(), distance.tolist(), strict=True):
        one, other = parts.find(a), parts.find(b)
        close(one, height)
        close(other, height)
        parts.join(one, other, height)
    for members in parts.members.values():
        if minimum <= len(members) <= min(largest, space.count - 1):
            found.append(np.sort(owner[members]))
    return found


class _Parts:
    """Customers in parts that grow together, with the longest link inside each."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.members: dict[int, list[int]] = {row: [row] for row in range(count)}
        self.height = [NEAREST] * count

    def find(self, row: int) -> int:
        while self.parent[row] != row:
            self.parent[row] = row = self.parent[self.parent[row]]
        return row

    def join(self, one: int, other: int, height: float) -> None:
        if len(self.members[one]) < len(self.members[other]):
            one, other = other, one
        self.parent[other] = one
        self.members[one] += self.members.pop(other)
        self.height[one] = height


def _spanning_tree(space: SpaceSource) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Links (a, b, distance) of the minimum spanning forest over near neighbours, shortest first."""
    start, column = np.nonzero(space.neighbours >= 0)
    end = space.neighbours[start, column].astype(np.int64)
    a, b = np.minimum(start, end), np.maximum(start, end)
    _, first = np.unique(a * space.count + b, return_index=True)
    a, b = a[first], b[first]
    distance = distances(space.similarities[start, column][first])
    tree = minimum_spanning_tree(coo_array((distance, (a, b)), shape=(space.count, space.count)).tocsr()).tocoo()
    order = np.lexsort((tree.col, tree.row, tree.data))
    return tree.row[order].astype(np.int64), tree.col[order].astype(np.int64), tree.data[order]


def distances(similarity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Euclidean distances of unit vectors, by their similarities; never below `NEAREST`."""
    return np.maximum(np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64).round(DECIMALS), 0)), NEAREST)

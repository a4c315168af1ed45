"""The second null, for rings tied in one modality: one picture on forty accounts, one script in sixty calls.

Permuting traces against each other says nothing about a ring that shows in one trace alone. Such a ring is judged by
how far its members stand apart from the nearest strangers. In the single-linkage tree of a modality (a minimum
spanning tree over near neighbours) each branch is held together up to a height, its longest link, and ends at another,
the distance to its nearest stranger. Were customers scattered with one density around it, the logarithm of the ratio,
times the links of the branch, would fall exponentially (gaps of a Poisson process), at a rate that depends on the
space alone. That rate is learned from the bulk of the branches, of whom nearly all are honest (the empirical null of
Efron 2004, Journal of the American Statistical Association 99:96): whatever clumps are common in this bank, common
templates and photo studios among them, make a branch less surprising.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from ringsight.graph.evidence import ModalityTrace, Rows
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.neighbours import DECIMALS

NEAREST = float(np.sqrt(2 * 10.0**-DECIMALS))
"""Distances below this are equal: similarities are kept to so many decimals."""
BULK = (0.5, 0.9)
"""The quantiles of the branches between which the rate is learned: above them rings may lie."""
FEWEST_BRANCHES = 30
"""With fewer branches in a modality nothing is learned, and nothing judged."""
LARGEST_SHARE = 0.1
"""A branch with more of those who have the modality is a part of the bank, not a ring; 50 are always allowed."""
BLOCK = 2**24
"""Similarities held at once; 4 bytes each."""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Customers who stand apart from strangers in one modality."""

    members: Rows
    """Customers, sorted."""
    apart: float
    """(size - 1) * ln(distance to the nearest stranger / longest link inside)."""


@dataclass(frozen=True, slots=True, eq=False)
class DenseRings:
    """The branches of one modality, judged."""

    members: list[Rows]
    p: NDArray[np.float64]
    """Chance of one branch to stand so far apart; shape (branches,)."""
    surprise: NDArray[np.float64]
    """Minus log2 of the branches, of all modalities judged, that chance would set so far apart; shape (branches,)."""


def dense_rings(
    traces: Mapping[int, ModalityTrace], embeddings: Mapping[str, Embeddings], minimum: int
) -> dict[int, DenseRings]:
    """Judge the branches of every modality that has enough of them.

    Args:
        traces: modalities by their index among all traces.
        embeddings: by modality.
        minimum: smallest ring.

    Returns:
        By index. The surprise counts the branches of all modalities: s bits mean 2^-s false rings expected.
    """
    branches = {index: _branches(trace, embeddings[trace.name], minimum) for index, trace in traces.items()}
    judged = {index: found for index, found in branches.items() if len(found) >= FEWEST_BRANCHES}
    tested = sum(len(found) for found in judged.values())
    rings = {}
    for index, found in judged.items():
        p = _chance(np.array([branch.apart for branch in found]))
        rings[index] = DenseRings([branch.members for branch in found], p, -np.log2(p * tested))
    return rings


def _chance(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tail of an exponential through the bulk; its scale is widened by its standard error, which few branches need."""
    low, high = np.quantile(apart, BULK)
    scale = (high - low) / np.log((1 - BULK[0]) / (1 - BULK[1]))
    variance = (BULK[1] / (1 - BULK[1]) - BULK[0] / (1 - BULK[0])) / np.log((1 - BULK[0]) / (1 - BULK[1])) ** 2
    scale = max(scale * (1 + 2 * np.sqrt(variance / len(apart))), np.finfo(np.float64).tiny)
    tail: NDArray[np.float64] = np.clip((1 - BULK[1]) * np.exp(-(apart - high) / scale), 1e-300, 1.0)
    return tail


def _branches(trace: ModalityTrace, embeddings: Embeddings, minimum: int) -> list[Branch]:
    """Every branch of the single-linkage tree with at least `minimum` members, and not too many.

    Parts that equal distances join at once are no branches: nobody among them stands apart.
    """
    start, end, distance = _spanning_tree(trace)
    largest = max(50, int(LARGEST_SHARE * trace.count))
    owner = np.flatnonzero(trace.present)
    parts = _Parts(trace.count)
    found: list[Branch] = []

    def close(part: int, height: float) -> None:
        members = parts.members[part]
        if minimum <= len(members) <= largest and height > parts.height[part]:
            apart = (len(members) - 1) * float(np.log(height / parts.height[part]))
            found.append(Branch(np.sort(owner[members]), apart))

    for a, b, height in zip(start.tolist(), end.tolist(), distance.tolist(), strict=True):
        one, other = parts.find(a), parts.find(b)
        close(one, height)
        close(other, height)
        parts.join(one, other, height)
    for part, members in parts.members.items():
        if minimum <= len(members) <= min(largest, trace.count - 1):
            close(part, _nearest_stranger(embeddings.vectors, members))
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


def _spanning_tree(trace: ModalityTrace) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Links (a, b, distance) of the minimum spanning forest over near neighbours, shortest first."""
    start, column = np.nonzero(trace.neighbours >= 0)
    end = trace.neighbours[start, column].astype(np.int64)
    a, b = np.minimum(start, end), np.maximum(start, end)
    _, first = np.unique(a * trace.count + b, return_index=True)
    a, b = a[first], b[first]
    distance = _distance(trace.similarities[start, column][first])
    tree = minimum_spanning_tree(coo_array((distance, (a, b)), shape=(trace.count, trace.count)).tocsr()).tocoo()
    order = np.lexsort((tree.col, tree.row, tree.data))
    return tree.row[order].astype(np.int64), tree.col[order].astype(np.int64), tree.data[order]


def _nearest_stranger(vectors: NDArray[np.float32], members: list[int]) -> float:
    """Distance from a part of the forest to whoever is nearest outside it."""
    outside = np.ones(len(vectors), dtype=np.bool_)
    outside[members] = False
    blocks = np.array_split(np.array(members), len(members) * len(vectors) // BLOCK + 1)
    return float(_distance(np.max([(vectors[block] @ vectors[outside].T).max() for block in blocks])))


def _distance(similarity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Euclidean distance of unit vectors."""
    return np.maximum(np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64).round(DECIMALS), 0)), NEAREST)

"""The vectors of a live space, row by row, with what ranks among the last night's customers are told by."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Codes = NDArray[np.int64]
"""Customers, by their numbers in the live graph."""
Array = TypeVar("Array", bound=NDArray[Any])
ROOM = 64
"""Places for newcomers that are made at once, at first."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """By what ranks among the last night's customers are told; one row for each of some customers."""

    kept: NDArray[np.float32]
    """Similarities of the nearest of the night, descending; shape (customers, depth)."""
    reach: NDArray[np.float32]
    """Of them, that of the last whose nearness links two, side by side; shape (customers,)."""
    mean: NDArray[np.float64]
    """Mean similarity to the night's customers, and its standard deviation; both of shape (customers,)."""
    spread: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> "Standing":
        """Some of the customers, in the order given."""
        return Standing(self.kept[rows], self.reach[rows], self.mean[rows], self.spread[rows])

    @classmethod
    def empty(cls, customers: int, depth: int) -> "Standing":
        """Of customers of whom nothing is known yet."""
        reach = np.zeros(customers, np.float32)
        return cls(np.zeros((customers, depth), np.float32), reach, np.zeros(customers), np.zeros(customers))

    def put(self, rows: NDArray[np.int64] | NDArray[np.bool_], standing: "Standing") -> None:
        """Give some of the customers their standing."""
        self.kept[rows], self.reach[rows] = standing.kept, standing.reach
        self.mean[rows], self.spread[rows] = standing.mean, standing.spread

    def ranks(self, similarities: NDArray[np.float64], of_night: NDArray[np.bool_], others: int) -> NDArray[np.float64]:
        """Ranks of somebody so similar among the others of each customer; shape (customers,).

        Args:
            similarities: shape (customers,).
            of_night: whether that somebody is counted among the night's customers already; shape (customers,).
            others: customers of the night whom anyone could be near.
        """
        single = similarities.astype(np.float32)
        nearer = (self.kept >= single[:, None]).sum(axis=1)
        rank = (nearer + ~of_night).astype(np.float64)
        depth = self.kept.shape[1]
        if depth < others:
            far = np.flatnonzero(single < self.kept[:, -1])
            estimate = others * ndtr((self.mean[far] - similarities[far]) / self.spread[far])
            rank[far] = np.maximum(estimate, depth + 1)
        ranks: NDArray[np.float64] = np.clip(rank, 1, others)
        return ranks


@dataclass(slots=True, eq=False)
class Rows:
    """Vectors of some customers, places of those who are gone among them."""

    vectors: NDArray[np.float32]
    codes: Codes
    alive: NDArray[np.bool_]
    standing: Standing
    unused: list[int]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], codes: Codes, standing: Standing) -> "Rows":
        """The night's customers."""
        return cls(vectors, codes, np.ones(len(codes), dtype=np.bool_), standing, [])

    @classmethod
    def empty(cls, dim: int, depth: int) -> "Rows":
        """Nobody yet."""
        standing = Standing.empty(0, depth)
        return cls(np.zeros((0, dim), np.float32), np.zeros(0, np.int64), np.zeros(0, np.bool_), standing, [])

    def put(self, code: int, vector: NDArray[np.float32]) -> int:
        """Take somebody in, whose standing is not known yet; gives the place."""
        if not self.unused:
            self._grow(max(ROOM, len(self.codes)))
        place = self.unused.pop()
        self.vectors[place], self.codes[place], self.alive[place] = vector, code, True
        return place

    def free(self, place: int) -> None:
        """Let go of whoever is at a place, the vector too."""
        self.alive[place], self.codes[place] = False, -1
        self.vectors[place] = 0
        self.standing.kept[place], self.standing.reach[place] = 0, 0
        self.unused.append(place)

    def _grow(self, by: int) -> None:
        size = len(self.codes)

        def longer(array: Array) -> Array:
            grown: Array = np.concatenate([array, np.zeros((by, *array.shape[1:]), dtype=array.dtype)])  # type: ignore[assignment]
            return grown

        self.vectors, self.codes, self.alive = longer(self.vectors), longer(self.codes), longer(self.alive)
        told = self.standing
        self.standing = Standing(longer(told.kept), longer(told.reach), longer(told.mean), longer(told.spread))
        self.unused = list(range(size + by - 1, size - 1, -1))

"""Groups of customers laid end to end, and the pairs inside each: what every statistic of a group runs over."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.sources import Rows

Values = TypeVar("Values", NDArray[np.float64], NDArray[np.int64])

LARGEST_COMPARED_WHOLE = 64
"""In a larger group each member is compared with this many others only, so that the work grows with the group."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of customers, one after the other."""

    members: Rows
    """Customers, group after group, sorted within each; shape (members,)."""
    start: NDArray[np.int64]
    """Where each group begins in `members`, and the end of the last; shape (groups + 1,)."""

    @classmethod
    def of(cls, groups: Sequence[Rows]) -> "Groups":
        """Lay out `groups`, each a sorted array of customers."""
        sizes = np.array([len(members) for members in groups], dtype=np.int64)
        return cls(np.concatenate([np.zeros(0, np.int64), *groups]), np.concatenate([[0], np.cumsum(sizes)]))

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.start) - 1

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each group; shape (groups,)."""
        return np.diff(self.start)

    @cached_property
    def group(self) -> NDArray[np.int64]:
        """Group of each member; shape (members,)."""
        return np.repeat(np.arange(self.count), self.sizes)

    def __getitem__(self, group: int) -> Rows:
        """The customers of one group."""
        return self.members[self.start[group] : self.start[group + 1]]

    def among(self, customers: Rows) -> NDArray[np.int64]:
        """How many of each group's members are among these customers; shape (groups,)."""
        return np.bincount(self.group, np.isin(self.members, customers), self.count).astype(np.int64)

    def touching(self, customers: Rows) -> NDArray[np.int64]:
        """Numbers of the groups that any of these customers is in, ascending."""
        group, ordered = self._by_customer
        begin, end = (np.searchsorted(ordered, customers, side) for side in ("left", "right"))
        parts = [group[one:other] for one, other in zip(begin, end, strict=True)]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))

    @cached_property
    def _by_customer(self) -> tuple[NDArray[np.int64], Rows]:
        """Groups of the members, and the members, customer after customer."""
        order = np.argsort(self.members, kind="stable")
        return self.group[order], self.members[order]

    def take(self, groups: NDArray[np.int64]) -> "Groups":
        """Some of the groups, in the order given."""
        sizes = self.sizes[groups]
        start = np.concatenate([[0], np.cumsum(sizes)])
        position = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[groups], sizes)
        return Groups(self.members[position], start)

    @cached_property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions in `members` of both ends of every pair, group after group; each of shape (pairs,)."""
        lefts, rights, order = [], [], []
        for size in np.unique(self.sizes):
            here = np.flatnonzero(self.sizes == size)
            left, right = pairs_of(int(size))
            lefts.append((self.start[here][:, None] + left).ravel())
            rights.append((self.start[here][:, None] + right).ravel())
            order.append(np.repeat(here, len(left)))
        by_group = np.argsort(np.concatenate([np.zeros(0, np.int64), *order]), kind="stable")
        empty = np.zeros(0, np.int64)
        return np.concatenate([empty, *lefts])[by_group], np.concatenate([empty, *rights])[by_group]

    @cached_property
    def pair_counts(self) -> NDArray[np.int64]:
        """Pairs of each group; shape (groups,)."""
        compared = np.where(self.sizes <= LARGEST_COMPARED_WHOLE, self.sizes - 1, LARGEST_COMPARED_WHOLE)
        counts: NDArray[np.int64] = self.sizes * compared // 2
        return counts

    def sum_of_pairs(self, values: Values) -> Values:
        """What the pairs of each group have, added up; from shape (pairs,) to (groups,)."""
        return _sums_of(values, self.pair_counts)

    def sum_of_members(self, values: Values) -> Values:
        """What the members of each group have, added up; from shape (members,) to (groups,)."""
        return _sums_of(values, self.sizes)

    @cached_property
    def pairs_by_member(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the pairs that each member is in, member after member, and where each member's begin."""
        left, right = self.pairs
        ends = np.concatenate([left, right])
        order = np.argsort(ends, kind="stable")
        start = np.searchsorted(ends[order], np.arange(len(self.members)))
        return order % max(len(left), 1), start


def _sums_of(values: Values, counts: NDArray[np.int64]) -> Values:
    """Sums of runs of so many values each, 0 of none."""
    sums = np.zeros(len(counts), dtype=values.dtype)
    some = np.flatnonzero(counts)
    if len(some):
        sums[some] = np.add.reduceat(values, (np.cumsum(counts) - counts)[some])
    return sums


@lru_cache(maxsize=1024)
def pairs_of(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of a small group; in a large one, each member with its successors round a circle."""
    if size <= LARGEST_COMPARED_WHOLE:
        left, right = np.triu_indices(size, 1)
        return left, right
    step = np.arange(1, LARGEST_COMPARED_WHOLE // 2 + 1)
    left = np.repeat(np.arange(size), len(step))
    return left, (left + np.tile(step, size)) % size

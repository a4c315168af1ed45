"""Whom two nights have in common, and how chance draws them anew.

The same customers on both nights are no two samples: what a customer is like shows on both. So they are compared with
themselves (`stayed`), and chance exchanges the two nights of each with one half. Customers who came since are compared
with customers of the reference who have about as many records (`came`), for what a space makes of few records differs
from what it makes of many; chance deals out anew who came.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FEWEST = 20
"""A group of fewer customers is not compared."""
PEERS = 8
"""Customers of the reference, at most, who are compared for each one who came."""
BLOCK = 2**22
"""Labels that are drawn at once."""

Ids = NDArray[np.str_]


class ContrastGroup(StrEnum):
    """Who is compared with whom."""

    stayed = "stayed"
    """Customers of both nights, each with themselves."""
    came = "came"
    """Customers of this night alone, with those of the reference who have about as many records."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The customers of one comparison, and which night chance gives each."""

    group: ContrastGroup
    came: int
    """Of `came`, how many are new; they stand first. 0 of `stayed`."""
    customers: int
    """How many rows there are."""

    def draws(self, permutations: int, seed: int) -> Iterator[NDArray[np.float32]]:
        """The labels as they are, then those of chance, in blocks; each of shape (block, customers).

        Of `stayed` they are 1, and -1 where the nights are exchanged; of `came` 1 for who came, and 0.
        """
        rng = np.random.default_rng(seed)
        step = max(1, BLOCK // max(self.customers, 1))
        told = np.ones((1, self.customers), dtype=np.float32)
        if self.group is ContrastGroup.came:
            told[0, self.came :] = 0
        yield told
        for start in range(0, permutations, step):
            count = min(step, permutations - start)
            if self.group is ContrastGroup.stayed:
                yield rng.integers(0, 2, (count, self.customers), dtype=np.int8).astype(np.float32) * 2 - 1
            else:
                yield rng.permuted(np.repeat(told, count, axis=0), axis=1)


@dataclass(frozen=True, eq=False)
class Who:
    """The customers of two nights; ids sorted and unique."""

    reference: Ids
    tonight: Ids
    alike: Ids | None = None
    """Of the reference, those with whom who came is compared; None for all."""

    @cached_property
    def stayed(self) -> Ids:
        """Of both nights."""
        return np.intersect1d(self.reference, self.tonight, assume_unique=True)

    @cached_property
    def came(self) -> Ids:
        """Of this night alone."""
        return np.setdiff1d(self.tonight, self.reference, assume_unique=True)

    @cached_property
    def left(self) -> Ids:
        """Of the reference alone."""
        return np.setdiff1d(self.reference, self.tonight, assume_unique=True)

    @cached_property
    def compared(self) -> Ids:
        """Of the reference, those with whom who came is compared."""
        return self.reference if self.alike is None else self.alike

    def labels(self, group: ContrastGroup) -> Labels:
        """The rows of a comparison: those who stayed; or those who came, then those of the reference."""
        if group is ContrastGroup.stayed:
            return Labels(group, 0, len(self.stayed))
        return Labels(group, len(self.came), len(self.came) + len(self.compared))


def with_as_many(customers: Ids, records: NDArray[np.int64], wanted: NDArray[np.int64]) -> Ids:
    """Of some customers those who have about as many records as others do, up to `PEERS` for each of these.

    Args:
        customers: ids, sorted.
        records: how many each has; shape (customers,).
        wanted: how many each of the others has.
    """
    size, asked = (np.floor(2 * np.log2(1 + counts)).astype(np.int64) for counts in (records, wanted))
    most = np.bincount(asked, minlength=int(size.max(initial=0)) + 1) * PEERS
    lot = np.random.default_rng(0).permutation(len(customers))
    order = lot[np.argsort(size[lot], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(size[order], size[order])
    kept: Ids = customers[np.sort(order[place < most[size[order]]])]
    return kept

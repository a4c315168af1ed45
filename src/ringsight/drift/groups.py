"""Whom two nights have in common, and how chance draws them anew.

The same customers on both nights are no two samples: what a customer is like shows on both. So they are compared with
themselves (`stayed`), and chance exchanges the two nights of each with one half. Customers who came since are compared
with everybody of the reference (`came`), and chance deals out anew who came.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FEWEST = 20
"""A group of fewer customers is not compared."""
BLOCK = 2**22
"""Labels that are drawn at once."""

Ids = NDArray[np.str_]


class Group(StrEnum):
    """Who is compared with whom."""

    stayed = "stayed"
    """Customers of both nights, each with themselves."""
    came = "came"
    """Customers of this night alone, with all of the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The customers of one comparison, and which night chance gives each."""

    group: Group
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
        if self.group is Group.came:
            told[0, self.came :] = 0
        yield told
        for start in range(0, permutations, step):
            count = min(step, permutations - start)
            if self.group is Group.stayed:
                yield rng.integers(0, 2, (count, self.customers), dtype=np.int8).astype(np.float32) * 2 - 1
            else:
                yield rng.permuted(np.repeat(told, count, axis=0), axis=1)


@dataclass(frozen=True, eq=False)
class Who:
    """The customers of two nights; ids sorted and unique."""

    reference: Ids
    tonight: Ids

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

    def labels(self, group: Group) -> Labels:
        """The rows of a comparison: those who stayed; or those who came, then all of the reference."""
        if group is Group.stayed:
            return Labels(group, 0, len(self.stayed))
        return Labels(group, len(self.came), len(self.came) + len(self.reference))

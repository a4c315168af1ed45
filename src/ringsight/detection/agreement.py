"""How closely a group agrees in one trace, in bits: minus log2 of the chance that strangers agree as much.

For a modality the mean evidence of the group's pairs is compared with that of random groups of as many
customers who have the modality. For an entity a value that c of s members share, carried by f of n customers,
counts the union bound on that coincidence, choose(s, c) * (f / n)^(c - 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ringsight.detection.rarity import rarity_bits
from ringsight.graph.sources import CHANCE_BITS, EntitySource, Rows, SpaceSource

LARGEST_COMPARED_WHOLE = 64
"""In a larger group each member is compared with this many others only, so that the work grows with the group."""
RANDOM_GROUPS = 2_000
"""How many random groups of each size a modality is calibrated by."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups of customers laid end to end, and the pairs inside each."""

    members: Rows
    """Customers, group after group; shape (members,)."""
    group: NDArray[np.int64]
    """Group of each member; shape (members,)."""
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    """Positions in `members` of the two ends of each pair; shape (pairs,)."""
    count: int
    """How many groups there are."""

    @classmethod
    def of(cls, groups: Sequence[Rows]) -> "Groups":
        """Lay out `groups`, each a sorted array of customers."""
        sizes = [len(members) for members in groups]
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        pairs = [pairs_of(size) for size in sizes]
        return cls(
            members=np.concatenate([np.zeros(0, np.int64), *groups]),
            group=np.repeat(np.arange(len(groups)), sizes),
            left=np.concatenate([np.zeros(0, np.int64), *(p[0] + s for p, s in zip(pairs, starts, strict=False))]),
            right=np.concatenate([np.zeros(0, np.int64), *(p[1] + s for p, s in zip(pairs, starts, strict=False))]),
            count=len(groups),
        )


@lru_cache(maxsize=LARGEST_COMPARED_WHOLE)
def pairs_of(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of a small group; in a large one, each member with its successors round a circle."""
    if size <= LARGEST_COMPARED_WHOLE:
        left, right = np.triu_indices(size, 1)
        return left, right
    step = np.arange(1, LARGEST_COMPARED_WHOLE // 2 + 1)
    left = np.repeat(np.arange(size), len(step))
    return left, (left + np.tile(step, size)) % size


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The agreement of random groups in one modality, by group size."""

    means: NDArray[np.float64]
    """Mean evidence of random groups, sorted; row s is for groups of s members; shape (sizes, random groups)."""

    def bits(self, mean: NDArray[np.float64], size: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minus log2 of the share of random groups that agree at least as much, less its expectation.

        A random pair's evidence in one direction falls by a factor of e over CHANCE_BITS; the mean of both
        directions of all pairs is taken to fall no faster than if only one of them had grown.

        Args:
            mean: mean pair evidence of each group; shape (groups,).
            size: members who have the modality; shape (groups,).
        """
        bits = np.zeros(len(mean))
        for s in np.unique(size[size >= 2]):
            here = size == s
            known = min(s, len(self.means) - 1)
            least_scale = CHANCE_BITS / (known * (known - 1))
            bits[here] = rarity_bits(mean[here], self.means[known], least_scale) - CHANCE_BITS
        return bits


def calibrate(trace: SpaceSource, seed: int) -> Calibration:
    """Draw random groups of customers who have the modality and measure their agreement.

    Each draw serves all sizes: its first s members are a random group of s.
    """
    owners = np.flatnonzero(trace.present)
    largest = min(LARGEST_COMPARED_WHOLE, len(owners))
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.choice(owners, largest, replace=False) for _ in range(RANDOM_GROUPS)])
    means = np.zeros((largest + 1, RANDOM_GROUPS))
    total = np.zeros(RANDOM_GROUPS)
    for s in range(2, largest + 1):
        newcomer = np.repeat(drawn[:, s - 1], s - 1)
        total += trace.pair_bits(newcomer, drawn[:, : s - 1].ravel()).reshape(RANDOM_GROUPS, s - 1).sum(axis=1)
        means[s] = np.sort(total / (s * (s - 1) / 2))
    return Calibration(means)


@dataclass(frozen=True, slots=True, eq=False)
class PairEvidence:
    """The pairs of each group who both have a modality."""

    mean: NDArray[np.float64]
    """Mean bits of these pairs, 0 without any; shape (groups,)."""
    size: NDArray[np.int64]
    """Members who have the modality, 0 without any pair; shape (groups,)."""


def pair_evidence(trace: SpaceSource, groups: Groups, owner: Rows) -> PairEvidence:
    """Average each group's evidence in one modality over its pairs.

    Args:
        trace: the modality.
        groups: of customers.
        owner: customer -> the customer whose trace it carries.
    """
    carried = owner[groups.members]
    present = trace.present[carried]
    both = present[groups.left] & present[groups.right]
    left, right = groups.left[both], groups.right[both]
    pair_group = groups.group[left]
    bits = np.bincount(pair_group, trace.pair_bits(carried[left], carried[right]), groups.count)
    pairs = np.bincount(pair_group, minlength=groups.count)
    size = np.bincount(groups.group[present], minlength=groups.count)
    return PairEvidence(bits / np.maximum(pairs, 1), np.where(pairs > 0, size, 0))


def entity_agreement(trace: EntitySource, groups: Groups, owner: Rows) -> NDArray[np.float64]:
    """Bits of the values that several members of each group share; shape (groups,)."""
    code = trace.codes[owner[groups.members]]
    held = code >= 0
    values = max(len(trace.bits), 1)
    key, sharers = np.unique(groups.group[held] * values + code[held], return_counts=True)
    size = np.bincount(groups.group[held], minlength=groups.count)[key // values]
    choices = (gammaln(size + 1) - gammaln(sharers + 1) - gammaln(size - sharers + 1)) * CHANCE_BITS
    bits = np.maximum((sharers - 1) * trace.bits[key % values] - choices, 0.0) if len(key) else np.zeros(0)
    return np.bincount(key // values, bits, groups.count).astype(np.float64)

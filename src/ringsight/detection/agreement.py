"""How closely a group agrees in one evidence source, in bits: minus log2 of the chance that strangers agree as much.

For a space the mean evidence of the group's pairs is compared with that of random groups of as many customers. For an
entity column a value that c of s members share, carried by f of n customers, counts the union bound on that
coincidence, choose(s, c) * (f / n)^(c - 1).

Every figure comes twice. The second leaves out each member's best partner: a pair who are alike and any stranger agree
as a group of three, but not by second ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ringsight.detection.groups import LARGEST_COMPARED_WHOLE, Groups
from ringsight.detection.rarity import TAIL
from ringsight.graph.relations import TransferSource, rarity_of_relations
from ringsight.graph.sources import CHANCE_BITS, EntitySource, Rows

STEP = 1e4
"""More than any difference between means of evidence."""
RANDOM_GROUPS = 2_000
"""How many random groups of each size a space is calibrated by."""


class Ties(Protocol):
    """Evidence between customers in one space."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who has a vector there; shape (customers,)."""

    def pair_bits(self, a: Rows, b: Rows) -> NDArray[np.float64]:
        """Bits between customers a[i] and b[i], both present; shape (pairs,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How closely groups agree; both of shape (groups,) or (groups, sources)."""

    full: NDArray[np.float64]
    second: NDArray[np.float64]
    """By second ties: without each member's best partner."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The agreement of random groups in one space, by group size."""

    means: NDArray[np.float64]
    """Mean evidence of random groups, sorted; row s is for groups of s members; shape (sizes, random groups)."""

    @cached_property
    def tails(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By group size where the tail begins, and the scale at which it falls; each of shape (sizes,).

        A random pair's evidence in one direction falls by a factor of e over CHANCE_BITS; the mean of both
        directions of all pairs is taken to fall no faster than if only one of them had grown.
        """
        cut = self.means[:, int((1 - TAIL) * self.means.shape[1])]
        beyond = self.means >= cut[:, None]
        excess = ((self.means - cut[:, None]) * beyond).sum(axis=1) / beyond.sum(axis=1)
        sizes = np.maximum(np.arange(len(self.means)), 2)
        return cut, np.maximum(excess, CHANCE_BITS / (sizes * (sizes - 1)))

    @cached_property
    def ladder(self) -> NDArray[np.float64]:
        """All means in one ascending row, each size `STEP` above the one before."""
        raised: NDArray[np.float64] = (self.means + STEP * np.arange(len(self.means))[:, None]).ravel()
        return raised

    def bits(self, mean: NDArray[np.float64], size: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minus log2 of the share of random groups that agree at least as much, less its expectation.

        Args:
            mean: mean pair evidence of each group; shape (groups,).
            size: members who have a vector; shape (groups,).
        """
        known = np.minimum(size, len(self.means) - 1)
        cut, scale = (each[known] for each in self.tails)
        random = self.means.shape[1]
        below = np.searchsorted(self.ladder, mean + STEP * known) - random * known
        share = np.maximum(1 - np.clip(below, 0, random) / random, TAIL)
        beyond = np.log2(np.e) * (mean - cut) / scale - np.log2(TAIL)
        bits = np.where(mean > cut, beyond, -np.log2(share)) - CHANCE_BITS
        return np.where(size >= 2, bits, 0.0)


def calibrate(ties: Ties, seed: int) -> Calibration:
    """Draw random groups of customers who have a vector and measure their agreement.

    Each draw serves all sizes: its first s members are a random group of s.
    """
    owners = np.flatnonzero(ties.present)
    largest = min(LARGEST_COMPARED_WHOLE, len(owners))
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.choice(owners, largest, replace=False) for _ in range(RANDOM_GROUPS)])
    means = np.zeros((largest + 1, RANDOM_GROUPS))
    total = np.zeros(RANDOM_GROUPS)
    for s in range(2, largest + 1):
        newcomer = np.repeat(drawn[:, s - 1], s - 1)
        total += ties.pair_bits(newcomer, drawn[:, : s - 1].ravel()).reshape(RANDOM_GROUPS, s - 1).sum(axis=1)
        means[s] = np.sort(total / (s * (s - 1) / 2))
    return Calibration(means)


@dataclass(frozen=True, slots=True, eq=False)
class PairMeans:
    """Mean evidence of each group's pairs in several spaces; each of shape (spaces, groups)."""

    full: NDArray[np.float64]
    second: NDArray[np.float64]
    """Without each member's best partner in all these spaces together."""
    size: NDArray[np.int64]
    """Members who have a vector, 0 where no two have."""


def pair_means(spaces: Sequence[Ties], groups: Groups, owners: Sequence[Rows]) -> PairMeans:
    """Average each group's evidence over its pairs, in several spaces.

    Args:
        spaces: of the evidence.
        groups: of customers.
        owners: for each space, customer -> the customer whose vector it carries.
    """
    carried = _carried_pairs(spaces, owners, groups)
    bits, together = [], np.zeros(len(groups.pairs[0]))
    for space, pairs in zip(spaces, carried, strict=True):
        bits.append(pairs.spread(space.pair_bits(pairs.a, pairs.b)))
        together += bits[-1]
        together -= CHANCE_BITS * pairs.both
    best = _best_pair(together, groups)
    full, second = np.zeros((2, len(spaces), groups.count))
    size = np.zeros((len(spaces), groups.count), dtype=np.int64)
    for number, (of_space, pairs) in enumerate(zip(bits, carried, strict=True)):
        total, taken = groups.sum_of_pairs(of_space), groups.sum_of_members(of_space[best])
        taken_pairs = groups.sum_of_members(pairs.both[best])
        full[number] = total / np.maximum(pairs.count, 1)
        second[number] = (2 * total - taken) / np.maximum(2 * pairs.count - taken_pairs, 1)
        size[number] = pairs.size
    return PairMeans(full, second, size)


@dataclass(frozen=True, slots=True, eq=False)
class _CarriedPairs:
    """Whose records the pairs of groups carry in a space."""

    counted: NDArray[np.int64]
    """The pairs of whom both are present."""
    a: Rows
    b: Rows
    """Whose records they carry, at both ends; each of shape (counted,)."""
    both: NDArray[np.int64]
    """1 for pairs that are counted, 0 for others; shape (pairs,)."""
    count: NDArray[np.int64]
    """How many of each group's pairs are counted; shape (groups,)."""
    size: NDArray[np.int64]
    """Members who are present, 0 where no two are; shape (groups,)."""

    @classmethod
    def of(cls, present: NDArray[np.bool_], owner: Rows, groups: Groups) -> "_CarriedPairs":
        left, right = groups.pairs
        carried = owner[groups.members]
        here = present[carried]
        both = here[left] & here[right]
        counted = np.flatnonzero(both)
        ones = both.astype(np.int64)
        count = groups.sum_of_pairs(ones)
        size = np.where(count > 0, groups.sum_of_members(here.astype(np.int64)), 0)
        return cls(counted, carried[left[counted]], carried[right[counted]], ones, count, size)

    def spread(self, bits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bits of the pairs counted, laid out for all pairs, 0 for others; shape (pairs,)."""
        if len(self.counted) == len(self.both):
            return bits
        spread = np.zeros(len(self.both))
        spread[self.counted] = bits
        return spread


def _carried_pairs(spaces: Sequence[Ties], owners: Sequence[Rows], groups: Groups) -> list[_CarriedPairs]:
    """Of each space, worked out once for all those of the same customers and owners."""
    found: list[_CarriedPairs] = []
    for number, (space, owner) in enumerate(zip(spaces, owners, strict=True)):
        same = (at for at in range(number) if owners[at] is owner and np.array_equal(spaces[at].present, space.present))
        first = next(same, None)
        found.append(_CarriedPairs.of(space.present, owner, groups) if first is None else found[first])
    return found


def _best_pair(total: NDArray[np.float64], groups: Groups) -> NDArray[np.int64]:
    """For each member the pair in which it is tied most closely, the first of equals; shape (members,)."""
    order, start = groups.pairs_by_member
    ends = total[order]
    highest = np.maximum.reduceat(ends, start) if len(ends) else ends
    degree = np.diff(np.append(start, len(order)))
    reached = np.flatnonzero(ends == np.repeat(highest, degree))
    _, first = np.unique(np.repeat(np.arange(len(start)), degree)[reached], return_index=True)
    best: NDArray[np.int64] = order[reached[first]]
    return best


def entity_agreement(source: EntitySource, groups: Groups, owner: Rows) -> Agreement:
    """Bits of the values that several members of each group share; by second ties one sharer fewer counts.

    A member with several values counts by the one that most of its group have, the rarest of equals: people who share
    two phones do not agree twice.
    """
    code = source.every_code[owner[groups.members]]
    values = max(len(source.bits), 1)
    held = code[:, 0] >= 0
    of_member = _most_shared(groups.group[held, None] * values + code[held], code[held] >= 0, source.bits)
    key, sharers = np.unique(of_member, return_counts=True)
    group = key // values
    size = np.bincount(groups.group[held], minlength=groups.count)[group]
    choices = (gammaln(size + 1) - gammaln(sharers + 1) - gammaln(size - sharers + 1)) * CHANCE_BITS
    worth = source.bits[key % values] if len(key) else np.zeros(0)
    full, second = (
        np.bincount(group, np.maximum(links * worth - choices, 0.0), groups.count)
        for links in (sharers - 1, sharers - 2)
    )
    return Agreement(full.astype(np.float64), second.astype(np.float64))


def _most_shared(keys: NDArray[np.int64], held: NDArray[np.bool_], bits: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of each member's values in its group, as keys, the one worth anything that most members have; shape (members,).

    Args:
        keys: `group * values + code`; shape (members, most).
        held: which of them there are, the first in any case; same shape.
        bits: by code.
    """
    if keys.shape[1] == 1:
        return keys[:, 0]
    _, where, counts = np.unique(np.where(held, keys, -1), return_inverse=True, return_counts=True)
    worth = np.where(held, bits[keys % len(bits)], 0.0) if len(bits) else np.zeros(keys.shape)
    rank = np.where(worth > 0, counts[where.reshape(keys.shape)] * (bits.max(initial=0.0) + 1) + worth, 0.0)
    most: NDArray[np.int64] = keys[np.arange(len(keys)), rank.argmax(axis=1)]
    return most


def transfer_agreement(source: TransferSource, groups: Groups, owner: Rows) -> Agreement:
    """Bits of how many pairs of each group send each other money; by second ties one pair fewer counts."""
    left, right = groups.pairs
    a, b = owner[groups.members[left]], owner[groups.members[right]]
    related = groups.sum_of_pairs(source.related(a, b).astype(np.int64))
    expected = groups.sum_of_pairs(source.expected(a, b))
    return Agreement(rarity_of_relations(related, expected), rarity_of_relations(related - 1, expected))

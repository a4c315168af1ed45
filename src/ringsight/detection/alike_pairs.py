"""Pairs of customers who are alike in all that is known, and alike nobody else: one person twice, or a couple.

A pair and any stranger would pass as a ring of three. So alike pairs are sought first, listed apart with a rate of
their own, and count as one person when rings are proposed.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.corroboration import Measured, Owners, as_observed
from ringsight.detection.error_rate import Chance
from ringsight.detection.evidence import Evidence
from ringsight.detection.worlds import ChanceWorlds
from ringsight.graph.links import carried_bits
from ringsight.graph.sources import CHANCE_BITS, Rows, distinct_keys
from ringsight.records.joint_owners import JOINT
from ringsight.records.written import carried
from ringsight.workers import spread

PAIR_RATE = 0.05
"""False-discovery rate of the list of pairs. It does not follow the rate asked of rings: pairs leave before rings are
sought, and a list at another rate would be of other rings."""
WORLDS = 20
"""Most chance worlds that pairs are held against,"""
FEWEST_WORLDS = 4
"""and fewest: no more are drawn once they tell enough (`Chance.tells_enough`)."""
GAP = 0.6
"""A pair is isolated if neither has a third who is tied by so large a part of their bits,"""
COMMON = 0.9
"""or by no more than this share of the customers of chance worlds are to whoever is nearest."""
NEIGHBOURS = 8
"""Nearest customers in each space among whom a pair is sought."""


@dataclass(frozen=True, slots=True, eq=False)
class AlikePairs:
    """Isolated pairs, the most alike first."""

    a: Rows
    b: Rows
    """a < b; each of shape (pairs,)."""
    bits: NDArray[np.float64]
    """Bits above chance, each modality counted once by the mean of its spaces; shape (pairs,)."""
    q_values: NDArray[np.float64]
    """Share of coincidences expected among the pairs down to each; shape (pairs,)."""

    def listed(self, rate: float) -> "AlikePairs":
        """The pairs up to a false-discovery rate."""
        return self._take(self.q_values <= rate)

    def undeclared(self, customers: pl.DataFrame) -> "AlikePairs":
        """The pairs of whom no record names both, which would make them alike by construction."""
        if JOINT not in customers.columns:
            return self
        held = carried(customers, JOINT)
        both = held.join(held, on="value").select("row", "row_right").to_numpy().astype(np.int64)
        joint = both[:, 0] * customers.height + both[:, 1]
        return self._take(~np.isin(self.a * customers.height + self.b, joint))

    def _take(self, kept: NDArray[np.bool_]) -> "AlikePairs":
        return AlikePairs(self.a[kept], self.b[kept], self.bits[kept], self.q_values[kept])


_NOBODY = AlikePairs(*np.zeros((2, 0), dtype=np.int64), *np.zeros((2, 0)))


def alike_pairs(worlds: ChanceWorlds, measured: Measured) -> AlikePairs:
    """Find the pairs who are each other's nearest by all evidence, while everybody else is far less near.

    Args:
        worlds: of the bank, that pairs are held against.
        measured: how bits are counted.
    """
    evidence = worlds.evidence
    if len(evidence.modalities) + len(evidence.entities) < 2:
        return _NOBODY  # every chance world is the bank under other names
    near = [space.near_pairs(NEIGHBOURS) for space in evidence.spaces]
    nearest = _nearest(evidence, measured, near, as_observed(evidence))

    def of_world(number: int) -> _Nearest:
        owners = worlds.drawn(np.random.default_rng([evidence.seed, number, 2]))
        return _nearest(evidence, measured, near, owners)

    seen: list[_Nearest] = []
    for world in spread(of_world, range(WORLDS)):
        seen.append(world)
        if len(seen) < FEWEST_WORLDS:
            continue
        common = float(np.quantile(np.concatenate([each.highest for each in seen]), COMMON))
        a, b, bits = nearest.isolated(common)
        chance = Chance.of([each.isolated(common)[2] for each in seen])
        if chance.tells_enough(bits, PAIR_RATE):
            break
    q = chance.q_values(bits)
    order = np.lexsort((b, a, -bits))
    return AlikePairs(a[order], b[order], bits[order], q[order])


@dataclass(frozen=True, slots=True, eq=False)
class _Nearest:
    """Whom each customer of one world is nearest to; each of shape (customers,)."""

    partner: NDArray[np.int64]
    """-1 for nobody."""
    highest: NDArray[np.float64]
    """Bits with the partner."""
    runner_up: NDArray[np.float64]
    """Bits with the next nearest."""

    def isolated(self, common: float) -> tuple[Rows, Rows, NDArray[np.float64]]:
        """Pairs who are each other's nearest, and nobody else near either; and their bits."""
        one = np.flatnonzero(self.partner >= 0)
        one = one[(self.partner[self.partner[one]] == one) & (one < self.partner[one]) & (self.highest[one] > 0)]
        other, bits = self.partner[one], self.highest[one]
        third = np.maximum(self.runner_up[one], self.runner_up[other])
        alone = third < np.maximum(GAP * bits, np.minimum(common, bits))
        return one[alone], other[alone], bits[alone]


def _nearest(evidence: Evidence, measured: Measured, near: list[tuple[Rows, Rows]], owners: Owners) -> _Nearest:
    key = _near_keys(evidence, near, owners)
    a, b = key // evidence.customers, key % evidence.customers
    total = _total_bits(evidence, measured, owners, a, b)
    ends, partner, bits = np.r_[a, b], np.r_[b, a], np.r_[total, total]
    order = np.argsort(ends, kind="stable")
    ends, partner, bits = ends[order], partner[order], bits[order]
    start = np.flatnonzero(np.diff(ends, prepend=-1))
    best = np.full(evidence.customers, -1)
    highest, runner_up = np.zeros((2, evidence.customers))
    if len(start):
        here, degree = ends[start], np.diff(start, append=len(ends))
        highest[here] = np.maximum.reduceat(bits, start)
        reached = np.where(bits == highest[ends], partner, evidence.customers)
        best[here] = np.minimum.reduceat(reached, start)
        others = np.where(partner == best[ends], -np.inf, bits)
        runner_up[here] = np.where(degree > 1, np.maximum.reduceat(others, start), 0.0)
    return _Nearest(best, highest, runner_up)


def _near_keys(evidence: Evidence, near: list[tuple[Rows, Rows]], owners: Owners) -> NDArray[np.int64]:
    """Pairs of customers whose records are near each other in some space, as a * customers + b."""
    keys = []
    for space, (start, end) in zip(evidence.spaces, near, strict=True):
        carrier = np.empty(evidence.customers, dtype=np.int64)
        carrier[owners.modalities[space.modality]] = np.arange(evidence.customers)
        one, other = carrier[start], carrier[end]
        keys.append(np.minimum(one, other) * evidence.customers + np.maximum(one, other))
    return distinct_keys(np.concatenate([np.zeros(0, np.int64), *keys]))


def _total_bits(evidence: Evidence, measured: Measured, owners: Owners, a: Rows, b: Rows) -> NDArray[np.float64]:
    """Bits above chance of each pair: of each modality the mean over the spaces that both are in, and entities."""
    total = np.zeros(len(a))
    for modality in evidence.modalities:
        owner = owners.modalities[modality]
        one, other = owner[a], owner[b]
        bits, counted = np.zeros(len(a)), np.zeros(len(a))
        for number in evidence.spaces_of(modality):
            ties = measured.ties[number]
            both = ties.present[one] & ties.present[other]
            bits[both] += ties.pair_bits(one[both], other[both]) - CHANCE_BITS
            counted += both
        total += bits / np.maximum(counted, 1)
    for entity, owner in zip(evidence.entities, owners.entities, strict=True):
        total += carried_bits(entity, owner[a], owner[b])
    return total

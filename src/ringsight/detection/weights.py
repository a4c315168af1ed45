"""How much a bit of each source counts: alike, and as the decided pairs have it.

A logistic regression on the bits above chance tells pairs of one hand from chance pairs, and from those decided
`different`. Each source has a weight that a Gaussian prior holds near 1, so that few decisions move little (MacKay
1992, Neural Computation 4:415).

Weights for the hands that were decided would cost the rings of others: who raises transactions lowers images. So every
group is added up both ways, alike and as taught, and the sum as taught counts where it is the greater by a price, as of
a mixture of any hand and a hand like those decided. Weights are brought to one length, so that chance varies alike in
both sums. The observed world and every chance world are summed by the same rule, so the error rates hold whatever was
learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize

from ringsight.graph.links import bits_above_chance
from ringsight.graph.relations import EvidenceSource
from ringsight.records.decisions import DIFFERENT, SAME_HAND

FEWEST = 10
"""Pairs of one hand below which nothing is learned."""
SPREAD = 1.0
"""Standard deviation of a weight under the prior."""
CHANCE_PAIRS = 2_000
"""Pairs of any two customers, drawn at random, that the pairs of one hand are told from. Together they count as much as
those."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a bit of each source counts, by one or two ways to add up."""

    ways: NDArray[np.float64]
    """All alike first, then as taught, if anything was; never negative; shape (ways, sources)."""
    same_hand: int
    different: int
    """Decided pairs of customers of this bank."""

    @property
    def learned(self) -> bool:
        """Whether there were decisions enough."""
        return len(self.ways) > 1

    def described(self, sources: Sequence[EvidenceSource]) -> dict[str, Any]:
        """For the summary: which regime applied, and the weights."""
        return {
            "regime": "learned from decisions" if self.learned else "label-free",
            "pairs_same_hand": self.same_hand,
            "pairs_different": self.different,
            "by_source": {source.name: float(value) for source, value in zip(sources, self.ways[-1], strict=True)},
        }


def learn_weights(
    sources: Sequence[EvidenceSource], decisions: pl.DataFrame | None, customer_ids: NDArray[np.str_], seed: int
) -> Weights:
    """Weigh the sources by the decided pairs; decisions on customers whom the bank no longer has teach nothing.

    Args:
        sources: of the bank.
        decisions: columns of `records.decisions.DECISIONS`, or None.
        customer_ids: of the bank, sorted; shape (customers,).
        seed: of the chance pairs.
    """
    alike = np.ones((1, len(sources)))
    if decisions is None:
        return Weights(alike, 0, 0)
    row = {str(customer): number for number, customer in enumerate(customer_ids)}
    known = [
        (row[a], row[b], decision == SAME_HAND)
        for a, b, decision in decisions.select("customer_a", "customer_b", "decision").iter_rows()
        if a in row and b in row and decision in (SAME_HAND, DIFFERENT)
    ]
    same = np.array([pair[2] for pair in known], dtype=np.bool_)
    counts = int(same.sum()), int((~same).sum())
    if counts[0] < FEWEST:
        return Weights(alike, *counts)
    decided = np.array([pair[:2] for pair in known], dtype=np.int64)
    chance = _chance_pairs(len(customer_ids), np.random.default_rng(seed))
    pairs = np.concatenate([decided, chance])
    one_hand = np.r_[same, np.zeros(len(chance), dtype=np.bool_)]
    counted = np.r_[np.ones(len(decided)), np.full(len(chance), counts[0] / len(chance))]
    bits = np.stack([bits_above_chance(source, pairs[:, 0], pairs[:, 1]) for source in sources], axis=1)
    return Weights(np.vstack([alike, _fitted(bits, one_hand, counted)]), *counts)


def _chance_pairs(customers: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pairs of two customers each; shape (CHANCE_PAIRS, 2)."""
    first = rng.integers(customers, size=CHANCE_PAIRS)
    return np.stack([first, (first + rng.integers(1, customers, size=CHANCE_PAIRS)) % customers], axis=1)


def _fitted(bits: NDArray[np.float64], same: NDArray[np.bool_], counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maximum a posteriori of (offset, log slope, weights); the weights, as long as if all were 1; shape (sources,)."""
    sign = np.where(same, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> float:
        offset, slope, weights = parameters[0], np.exp(parameters[1]), parameters[2:]
        margin = sign * (offset + slope * (bits @ weights))
        prior = ((weights - 1) ** 2).sum() / SPREAD**2 + parameters[1] ** 2 / 4
        return float(counted @ np.logaddexp(0, -margin) + prior / 2)

    start = np.r_[0.0, -1.0, np.ones(bits.shape[1])]
    bounds = [(None, None), (-6.0, 3.0), *[(0.0, None)] * bits.shape[1]]
    weights = minimize(loss, start, bounds=bounds, method="L-BFGS-B").x[2:]
    length = np.linalg.norm(weights)
    fitted: NDArray[np.float64] = weights * np.sqrt(len(weights)) / length if length > 0 else np.ones(len(weights))
    return fitted

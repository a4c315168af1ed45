"""How much a bit of each source counts: alike without decisions, learned from them where there are enough.

A logistic regression on the bits above chance of the decided pairs, with a weight for each source that a Gaussian prior
holds near 1, so that few decisions move little (MacKay 1992, Neural Computation 4:415). The observed world and every
chance world are scored with the same weights, so the error rates hold whatever was learned.
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
"""Pairs of each decision below which nothing is learned."""
SPREAD = 0.5
"""Standard deviation of a weight under the prior."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a bit of each source counts."""

    values: NDArray[np.float64]
    """Mean 1, never negative; shape (sources,)."""
    same_hand: int
    different: int
    """Decided pairs of customers of this bank."""

    @property
    def learned(self) -> bool:
        """Whether there were decisions enough."""
        return min(self.same_hand, self.different) >= FEWEST

    def described(self, sources: Sequence[EvidenceSource]) -> dict[str, Any]:
        """For the summary: which regime applied, and the weights."""
        return {
            "regime": "learned from decisions" if self.learned else "label-free",
            "pairs_same_hand": self.same_hand,
            "pairs_different": self.different,
            "by_source": {source.name: float(value) for source, value in zip(sources, self.values, strict=True)},
        }


def learn_weights(
    sources: Sequence[EvidenceSource], decisions: pl.DataFrame | None, customer_ids: NDArray[np.str_]
) -> Weights:
    """Weigh the sources by the decided pairs; decisions on customers whom the bank no longer has teach nothing.

    Args:
        sources: of the bank.
        decisions: columns of `records.decisions.DECISIONS`, or None.
        customer_ids: of the bank, sorted; shape (customers,).
    """
    equal = np.ones(len(sources))
    if decisions is None:
        return Weights(equal, 0, 0)
    row = {str(customer): number for number, customer in enumerate(customer_ids)}
    known = [
        (row[a], row[b], decision == SAME_HAND)
        for a, b, decision in decisions.select("customer_a", "customer_b", "decision").iter_rows()
        if a in row and b in row and decision in (SAME_HAND, DIFFERENT)
    ]
    same = np.array([pair[2] for pair in known], dtype=np.bool_)
    weights = Weights(equal, int(same.sum()), int((~same).sum()))
    if not weights.learned:
        return weights
    a, b = (np.array([pair[end] for pair in known], dtype=np.int64) for end in (0, 1))
    bits = np.stack([bits_above_chance(source, a, b) for source in sources], axis=1)
    return Weights(_fitted(bits, same), weights.same_hand, weights.different)


def _fitted(bits: NDArray[np.float64], same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Maximum a posteriori of (offset, log slope, weights); shape (sources,)."""
    sign = np.where(same, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> float:
        offset, slope, weights = parameters[0], np.exp(parameters[1]), parameters[2:]
        margin = sign * (offset + slope * (bits @ weights))
        prior = ((weights - 1) ** 2).sum() / SPREAD**2 + parameters[1] ** 2 / 4
        return float(np.logaddexp(0, -margin).sum() + prior / 2)

    start = np.r_[0.0, -1.0, np.ones(bits.shape[1])]
    bounds = [(None, None), (-6.0, 3.0), *[(0.0, None)] * bits.shape[1]]
    weights = minimize(loss, start, bounds=bounds, method="L-BFGS-B").x[2:]
    fitted: NDArray[np.float64] = weights / weights.mean() if weights.sum() > 0 else np.ones(bits.shape[1])
    return fitted

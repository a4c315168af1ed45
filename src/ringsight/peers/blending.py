"""Scores of several methods as one: each brought to one scale for each history, then weighed.

Weights are chosen on purchases that the recommenders did not see, and that come before those that are reported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.peers.hits import ndcg
from ringsight.peers.settings import BlendWeights

STEPS = (1.0, 0.5, 0.25)
"""By how much a weight is moved, ever finer."""
PASSES = 2
"""Times that all weights are tried at each step."""
LEAST_GAIN = 1e-5
START = "neighbours"


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Scores of every method for some customers, and what they bought afterwards."""

    scores: Mapping[str, NDArray[np.float64]]
    """Recommender -> its scores; shape (customers, items)."""
    bought: NDArray[np.bool_]
    """Whether a customer then bought an item; shape (customers, items)."""


def standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of each row with mean 0 and deviation 1; a row that is the same throughout becomes 0."""
    deviation = scores.std(axis=1, keepdims=True)
    return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / np.where(deviation > 1e-12, deviation, np.inf))


def blended(scores: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """The weighed sum of standardised scores; shape (n, items)."""
    first, *others = [weight * standardised(scores[name]) for name, weight in weights.items()]
    return sum(others, start=first)


def choose_weights(windows: Sequence[Window], k: int = 10) -> BlendWeights:
    """The weights whose blend ranks best, found one weight at a time.

    Args:
        windows: purchases that the recommenders did not see; each window counts alike.
        k: items recommended; NDCG at k is what is maximised, on average over the windows.
    """
    scaled = [({name: standardised(each) for name, each in window.scores.items()}, window.bought) for window in windows]

    def quality(weights: Mapping[str, float]) -> float:
        sums = (
            (
                sum(
                    (weight * scores[name] for name, weight in weights.items() if weight), start=np.zeros(bought.shape)
                ),
                bought,
            )
            for scores, bought in scaled
        )
        return float(np.mean([ndcg(total, bought, k).mean() for total, bought in sums]))

    names = list(windows[0].scores)
    start = START if START in names else names[0]
    return BlendWeights(**{name: 0.0 for name in BlendWeights().given()} | _climbed(quality, names, start))


def _climbed(quality: Callable[[Mapping[str, float]], float], names: Sequence[str], start: str) -> dict[str, float]:
    """Coordinate ascent from the weight of `start` alone."""
    weights = dict.fromkeys(names, 0.0) | {start: 2.0}
    best = quality(weights)
    for step in STEPS:
        for name in list(names) * PASSES:
            for moved in (weights[name] + step, weights[name] - step):
                tried = weights | {name: moved}
                if moved < 0 or not any(tried.values()):
                    continue
                reached = quality(tried)
                if reached > best + LEAST_GAIN:
                    best, weights = reached, tried
    return weights

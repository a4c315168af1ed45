"""p-values and q-values of rings, from the rings that chance worlds show.

The false-discovery rate of all rings at least as surprising as s is estimated by the mean number of such rings
in a chance world over their number in the observed one: the permutation plug-in of Storey and Tibshirani
(2003, PNAS 100:9440, with all rings taken as null) and of Tusher, Tibshirani and Chu (2001). One is added to the
count of the chance worlds, so that a finite number of them never claims a rate of zero.
"""

import numpy as np
from numpy.typing import NDArray


def p_values(observed: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of chance rings at least as surprising as each observed one, the observed counted in; shape (rings,)."""
    return (1 + _at_least(observed, null)) / (1 + len(null))


def expected_false(observed: NDArray[np.float64], null: NDArray[np.float64], worlds: int) -> NDArray[np.float64]:
    """Rings at least as surprising as each observed one that a chance world shows on average; shape (rings,)."""
    return (1 + _at_least(observed, null)) / (1 + worlds)


def q_values(observed: NDArray[np.float64], null: NDArray[np.float64], worlds: int) -> NDArray[np.float64]:
    """Smallest false-discovery rate at which each ring is flagged; shape (rings,).

    Args:
        observed: surprise of each observed ring, in descending order.
        null: surprise of every ring of every chance world.
        worlds: how many chance worlds there were.
    """
    rate = expected_false(observed, null, worlds) / _at_least(observed, observed)
    return np.minimum(np.minimum.accumulate(rate[::-1])[::-1], 1.0) if len(rate) else rate


def _at_least(scores: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.int64]:
    return len(among) - np.searchsorted(np.sort(among), scores, side="left")

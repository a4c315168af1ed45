"""p-values and q-values of rings, from the rings that chance shows.

The false-discovery rate of all rings at least as surprising as s is estimated by the number of such rings expected of
chance over their number in the bank: the plug-in of Storey and Tibshirani (2003, PNAS 100:9440, with all rings taken
as null) and of Tusher, Tibshirani and Chu (2001). What chance shows is the mean number in a chance world, one added
to the count of all worlds so that a finite number of them never claims a rate of zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

ENOUGH = 50
"""Findings on the list that chance must have shown for its rate to be known within a seventh."""


@dataclass(frozen=True, eq=False)
class Chance:
    """What chance shows of rings, by their score."""

    scores: NDArray[np.float64]
    """Surprise of every ring of every judging world."""
    worlds: int
    """How many worlds judged."""

    @classmethod
    def of(cls, worlds: Sequence[NDArray[np.float64]]) -> "Chance":
        """By the scores of each judging world."""
        return cls(np.concatenate([np.zeros(0), *worlds]), len(worlds))

    def tells_enough(self, observed: NDArray[np.float64], rate: float) -> bool:
        """Whether more worlds would hardly change the list at a rate: `ENOUGH` scores of chance are as high as its end.

        Where the list is empty, as high as the best observed (sequential Monte Carlo test: Besag and Clifford 1991,
        Biometrika 78:301).
        """
        listed = observed[self.q_values(observed) <= rate]
        line = listed.min() if len(listed) else observed.max(initial=-np.inf)
        return int((self.scores >= line).sum()) >= ENOUGH

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """The scores, ascending."""
        return np.sort(self.scores)

    def p_values(self, observed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of chance rings at least as surprising as each observed, the observed counted in; shape (rings,)."""
        return (1 + _at_least(observed, self.ordered)) / (1 + len(self.scores))

    def expected_false(self, observed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rings at least as surprising as each observed one that chance shows in such a bank; shape (rings,)."""
        return (1 + _at_least(observed, self.ordered)) / (1 + self.worlds)

    def q_values(self, observed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Smallest false-discovery rate at which each ring is flagged, in the order of `observed`; shape (rings,)."""
        order = np.argsort(-observed, kind="stable")
        ordered = observed[order]
        rate = self.expected_false(ordered) / _at_least(ordered, ordered[::-1])
        q = np.empty(len(observed))
        q[order] = np.minimum(np.minimum.accumulate(rate[::-1])[::-1], 1.0)
        return q

    def q_if(self, score: float, others: NDArray[np.float64]) -> float:
        """The q-value that a ring of another score would have in the company of `others`."""
        return float(self.q_values(np.append(others, score))[-1])


def _at_least(scores: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many of `among`, ascending, are at least as high as each score; shape (scores,)."""
    return len(among) - np.searchsorted(among, scores)

"""From bits of corroboration to a score: how rarely chance shows a candidate as good.

Corroboration across modalities and inside one are independent under the null, for a permutation of the other modalities
moves the one and not the other: their chances combine by their product (`rarity.fisher_bits`). Candidates are compared
with those of the same proposer. Observed and chance worlds are scored by one function, fixed by calibration worlds that
judge nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates
from ringsight.detection.groups import Groups
from ringsight.detection.rarity import fisher_bits, rarity_bits
from ringsight.graph.sources import CHANCE_BITS

FEWEST = 20
"""A proposer with fewer candidates than this in all calibration worlds is topped up with uncorroborated ones."""
DECIMALS = 3
"""Corroboration is told apart to so many decimals of a bit: chance worlds keep it in single precision."""
LOWEST = -3.0
"""Scores below this are not told apart: chance shows eight candidates of the proposer as good in every world."""


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """How rarely chance shows a candidate so well corroborated."""

    proposer: NDArray[np.int64]
    """Of each candidate; shape (candidates,)."""
    expected: NDArray[np.float64]
    """Mean corroboration of each candidate in the calibration worlds; shape (candidates,).

    Customers who share much with each other corroborate more in every world, and are compared with that."""
    calibration: Sequence[NDArray[np.float64]]
    """For each proposer the corroboration of its candidates beyond what is expected of each, sorted."""
    tries: NDArray[np.float64]
    """Log2 of how many candidates the proposer of each has; shape (candidates,)."""

    @classmethod
    def learn(cls, candidates: Candidates, worlds: NDArray[np.float32]) -> "Scorer":
        """Learn from the corroboration of the candidates in calibration worlds, shape (worlds, candidates)."""
        expected = worlds.mean(axis=0, dtype=np.float64)
        beyond = (worlds - expected) * (len(worlds) / (len(worlds) - 1))  # as if each had been left out of the mean
        beyond = beyond.round(DECIMALS)
        pooled = []
        tries = np.zeros(candidates.groups.count)
        for number in range(len(candidates.proposers)):
            rows = candidates.of(number)
            found = beyond[:, rows].ravel()
            pooled.append(np.sort(np.concatenate([found, np.zeros(max(FEWEST - len(found), 0))])))
            tries[rows] = np.log2(max(len(rows), 1))
        return cls(candidates.proposer, expected, pooled, tries)

    def across(self, corroboration: NDArray[Any], rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Minus log2 of the chance of so much corroboration across modalities.

        Args:
            corroboration: of candidates `rows`, by default of all, along the last axis.
            rows: numbers of candidates.
        """
        proposer = self.proposer if rows is None else self.proposer[rows]
        beyond = (corroboration - (self.expected if rows is None else self.expected[rows])).round(DECIMALS)
        bits = np.zeros(beyond.shape)
        for number in np.flatnonzero(np.bincount(proposer)).tolist():
            here = proposer == number
            bits[..., here] = rarity_bits(beyond[..., here], self.calibration[number], CHANCE_BITS)
        return bits

    def score(
        self,
        across: NDArray[np.float64],
        inside: NDArray[np.float64],
        judged: NDArray[np.bool_],
        rows: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float64]:
        """Minus log2 of how many candidates of the proposer, as good as each, one chance world shows.

        Args:
            across: of `across`.
            inside: bits of agreement inside the modality.
            judged: candidates whose agreement inside the modality is judged.
            rows: numbers of the candidates, by default of all.
        """
        together = np.where(judged, fisher_bits(across + inside), across)
        scores: NDArray[np.float64] = together - (self.tries if rows is None else self.tries[rows])
        return scores


def distinct(groups: Groups, score: NDArray[np.float64], lowest: float = LOWEST) -> NDArray[np.int64]:
    """The candidates left when each customer may be in one only, the highest score first; those below `lowest` go.

    Ties go to the larger candidate, then to the order of proposal.
    """
    contending = np.flatnonzero(score > lowest)
    order = contending[np.lexsort((contending, -groups.sizes[contending], -score[contending]))]
    taken = np.zeros(int(groups.members.max(initial=-1)) + 1, dtype=np.bool_)
    kept = []
    for number in order:
        members = groups[int(number)]
        if not taken[members].any():
            taken[members] = True
            kept.append(int(number))
    return np.array(kept, dtype=np.int64)

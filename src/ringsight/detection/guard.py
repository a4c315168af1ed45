"""The guard: how much dependence between modalities the chance worlds leave unexplained.

Candidates that touch no flagged ring, and hold no two of one declared household or other small circle, should
corroborate, at their median, as much as the chance worlds show. Where they corroborate more, modalities of ordinary
customers know of each other in a way that neither strata nor shared directions explain, and no rate can be stated.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates
from ringsight.detection.results import CALIBRATION

FEWEST = 20
"""A proposer with fewer free candidates tells nothing."""
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98])


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """What dependence is left."""

    shift: float
    """Bits by which free candidates corroborate beyond chance worlds, at their median, averaged over proposers."""
    spread: float
    """Standard deviation of that figure over chance worlds."""
    bound: float
    """Beyond this no rate is stated."""
    calibration: pl.DataFrame
    """Columns of `CALIBRATION`: quantiles of the free candidates' corroboration, in the bank and in chance worlds."""

    @property
    def rate_stated(self) -> bool:
        """Whether a rate can be stated."""
        return self.shift <= self.bound


def guard(
    candidates: Candidates,
    corroboration: NDArray[np.float64],
    worlds: NDArray[np.float32],
    free: NDArray[np.bool_],
    bound: float,
) -> Guard:
    """Hold the corroboration of ordinary candidates against chance worlds.

    Args:
        candidates: of the bank.
        corroboration: across modalities, nothing predicted taken off; shape (candidates,).
        worlds: the same in chance worlds; shape (worlds, candidates).
        free: candidates that touch no flagged ring and no declared circle; shape (candidates,).
        bound: bits of `Guard.bound`.
    """
    observed, chance = [], []
    for number, proposer in enumerate(candidates.proposers):
        rows = candidates.of(number)
        rows = rows[free[rows]]
        if len(rows) >= FEWEST and proposer.modality:
            observed.append(np.quantile(corroboration[rows], QUANTILES))
            chance.append(np.quantile(worlds[:, rows], QUANTILES, axis=1))
    if not observed:
        return Guard(0.0, 0.0, bound, pl.DataFrame(schema=CALIBRATION))
    seen, drawn = np.mean(observed, axis=0), np.mean(chance, axis=0)  # (quantiles,), (quantiles, worlds)
    table = pl.DataFrame(
        {"quantile": QUANTILES, "observed": seen, "chance": drawn.mean(axis=1), "spread": drawn.std(axis=1)},
        schema=CALIBRATION,
    )
    median = int(np.flatnonzero(QUANTILES == 0.5)[0])
    return Guard(float(seen[median] - drawn[median].mean()), float(drawn[median].std()), bound, table)

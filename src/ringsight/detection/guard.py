"""The guard: how much dependence between modalities the chance worlds leave unexplained.

Candidates that touch no flagged or held ring, and hold no two of one declared household or other small circle, should
corroborate as much as the chance worlds show: at their median, and where the upper tenth of them begins. Where they
corroborate more, modalities of ordinary customers know of each other in a way that neither strata nor shared directions
explain, and no rate can be stated. The median shows what ties customers everywhere, the upper tenth what ties those of
some segments much and others not.

Where one kind of record is all that can tie customers, nothing corroborates, and nothing can be held against chance
worlds: scores rest on agreement inside that kind alone, which nobody checks. Then no rate is stated either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates
from ringsight.detection.results import CALIBRATION

FEWEST = 20
"""A proposer with fewer free candidates tells nothing."""
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98])


MEDIAN, UPPER = 0.5, 0.9
"""The quantiles that are bounded."""


class Unrated(StrEnum):
    """Why no error rate can be stated of a list."""

    entities_alone = "entities_alone"
    """Nothing but entity columns was compared, and nothing shows how often honest people share several of them, as a
    family does its phone and its device."""
    one_kind = "one_kind_of_record"
    """One kind of record is all that can tie customers."""
    dependence = "dependence"
    """Ordinary customers agree more than chance explains."""


@dataclass(frozen=True, slots=True)
class Check:
    """One quantile of the free candidates' corroboration, held against chance worlds; averaged over proposers."""

    quantile: float
    shift: float
    """Bits by which it is beyond that of chance worlds."""
    spread: float
    """Standard deviation of that of chance worlds."""
    bound: float
    """Beyond this no rate is stated."""


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """What dependence is left."""

    checks: tuple[Check, ...]
    """None where too few candidates are free."""
    calibration: pl.DataFrame
    """Columns of `CALIBRATION`: quantiles of the free candidates' corroboration, in the bank and in chance worlds."""
    known: Unrated | None = None
    """Why no rate can be stated whatever the checks show; None where they decide."""

    @property
    def unrated(self) -> Unrated | None:
        """Why no rate can be stated; None where one can."""
        if self.known is not None:
            return self.known
        return None if all(check.shift <= check.bound for check in self.checks) else Unrated.dependence

    @property
    def rate_stated(self) -> bool:
        """Whether a rate can be stated."""
        return self.unrated is None


def guard(
    candidates: Candidates,
    corroboration: NDArray[np.float64],
    worlds: NDArray[np.float32],
    free: NDArray[np.bool_],
    bounds: Mapping[float, float],
) -> Guard:
    """Hold the corroboration of ordinary candidates against chance worlds.

    Args:
        candidates: of the bank.
        corroboration: across modalities, nothing predicted taken off; shape (candidates,).
        worlds: the same in chance worlds; shape (worlds, candidates).
        free: candidates that touch no flagged or held ring and no declared circle; shape (candidates,).
        bounds: by quantile, one of `QUANTILES`, bits of `Check.bound`.
    """
    observed, chance = [], []
    for number, proposer in enumerate(candidates.proposers):
        rows = candidates.of(number)
        rows = rows[free[rows]]
        if len(rows) >= FEWEST and proposer.modality:
            observed.append(np.quantile(corroboration[rows], QUANTILES))
            chance.append(np.quantile(worlds[:, rows], QUANTILES, axis=1))
    if not observed:
        return Guard((), pl.DataFrame(schema=CALIBRATION))
    seen, drawn = np.mean(observed, axis=0), np.mean(chance, axis=0)  # (quantiles,), (quantiles, worlds)
    table = pl.DataFrame(
        {"quantile": QUANTILES, "observed": seen, "chance": drawn.mean(axis=1), "spread": drawn.std(axis=1)},
        schema=CALIBRATION,
    )
    checks = []
    for quantile, bound in bounds.items():
        at = int(np.flatnonzero(quantile == QUANTILES)[0])
        checks.append(Check(quantile, float(seen[at] - drawn[at].mean()), float(drawn[at].std()), bound))
    return Guard(tuple(checks), table)

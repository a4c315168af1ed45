"""The fairness audit of a whole list: whether one protected group is flagged more often than the others."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.results import FAIRNESS
from ringsight.graph.sources import Rows

FEWEST = 20
"""Values that fewer customers carry are too rare for a rate, and are left out."""
DRAWS = 1_000


def fairness(
    conditions: Sequence[Condition], flagged: Sequence[Rows], among: NDArray[np.bool_], seed: int
) -> pl.DataFrame:
    """Compare the share of flagged customers in each protected group with that among all others.

    Over innocent customers alone the share is the false-positive rate, and the ratio the one that fairness audits ask
    for (predictive equality: Corbett-Davies et al. 2017, KDD); over all it needs no truth.

    Args:
        conditions: of all kinds; the protected ones are audited.
        flagged: members of each flagged ring.
        among: customers who count; shape (customers,).
        seed: of the bootstrap.

    Returns:
        Columns of `FAIRNESS`. The ratio has a 95 % bootstrap interval over rings (Efron 1979), for whole rings are
        flagged, not customers one by one. One flagged customer, shared out by size, is added, so that few flags claim
        no extreme ratio. Without a flag, or without others, there is no ratio.
    """
    rng = np.random.default_rng(seed)
    rings = len(flagged)
    draws = rng.multinomial(rings, np.full(rings, 1 / rings), DRAWS) if flagged else np.zeros((DRAWS, 0))
    rows = []
    for condition in conditions:
        if condition.kind is not ConditionKind.protected:
            continue
        known = among & (condition.codes >= 0)
        size = np.bincount(condition.codes[known], minlength=len(condition.values))
        inside = [condition.codes[members[known[members]]] for members in flagged]
        by_ring = np.array([np.bincount(codes, minlength=len(size)) for codes in inside]).reshape(
            len(flagged), len(size)
        )
        for value in np.flatnonzero(size >= FEWEST):
            own, others = by_ring[:, value], by_ring.sum(axis=1) - by_ring[:, value]
            sizes = (int(size[value]), int(known.sum() - size[value]))
            compared = bool(flagged) and sizes[1] > 0
            drawn = np.stack([draws @ own, draws @ others], axis=1)
            low, high = np.quantile(_ratio(drawn, sizes), [0.025, 0.975]) if compared else (None, None)
            ratio = _ratio(np.array([[own.sum(), others.sum()]]), sizes)[0] if compared else None
            count = int(own.sum())
            rows.append((condition.name, condition.values[value], sizes[0], count, count / sizes[0], ratio, low, high))
    return pl.DataFrame(rows, schema=FAIRNESS, orient="row")


def _ratio(flagged: NDArray[np.float64], sizes: tuple[int, int]) -> NDArray[np.float64]:
    """Rate in a group over the rate among the others; shape (draws,)."""
    share = sizes[0] / sum(sizes)
    own, others = flagged[:, 0] + share, flagged[:, 1] + 1 - share
    ratio: NDArray[np.float64] = (own / sizes[0]) / (others / max(sizes[1], 1))
    return ratio

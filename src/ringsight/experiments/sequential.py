"""Intervals that hold however often one looks, and whenever one stops.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas ("Time-uniform central limit
theory and asymptotic confidence sequences", 2021, theorem 2.2): Robbins' normal mixture around the mean. The mixture
sequential probability ratio test (Johari, Koomen, Pekelis and Walsh 2017) stops where this interval leaves out 0.
"""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

WARM_UP = 50
"""Units of each arm before the first interval: the bound is asymptotic, and says nothing before."""


def mixture_for(tightest_at: int, confidence: float = 0.95) -> float:
    """Spread of the mixture for which the interval is the tightest at so many units (ibid., appendix)."""
    error = -2 * math.log(1 - confidence)
    return math.sqrt((error + math.log(error + 1)) / tightest_at)


def sequential_width(
    deviation: NDArray[np.float64], units: NDArray[np.int64], tightest_at: int, confidence: float = 0.95
) -> NDArray[np.float64]:
    """Half the width of the sequential interval of a mean.

    Args:
        deviation: standard deviation of the units so far; shape (looks,).
        units: how many, so far; shape (looks,).
        tightest_at: units at which it is to be the tightest, chosen before the data.
        confidence: with which it holds at all looks at once.

    Returns:
        Shape (looks,).
    """
    spread = units * mixture_for(tightest_at, confidence) ** 2
    width: NDArray[np.float64] = deviation * np.sqrt(
        2 * (spread + 1) / (units * spread) * np.log(np.sqrt(spread + 1) / (1 - confidence))
    )
    return width


def looks(
    values: NDArray[np.float64], treated: NDArray[np.bool_], tightest_at: int, confidence: float, at: NDArray[np.int64]
) -> pl.DataFrame:
    """The difference of two arms as it stood after some numbers of units, with its sequential interval.

    Args:
        values: of the units, in the order in which they came; shape (units,).
        treated: whether each got the arm, and not the control; shape (units,).
        tightest_at: units at which the interval is to be the tightest.
        confidence: with which it holds at all looks at once.
        at: after how many units; shape (looks,).

    Returns:
        `units`, `difference`, `error` (standard error), `low`, `high`; one row for each look at which both arms had
        `WARM_UP` units.
    """
    means, variances, counts = [], [], []
    for of_arm in (~treated, treated):
        count = np.cumsum(of_arm)[at - 1]
        centre = values.mean() if len(values) else 0.0  # so that squares do not cancel
        sums = np.cumsum(np.where(of_arm, values - centre, 0.0))[at - 1]
        squares = np.cumsum(np.where(of_arm, (values - centre) ** 2, 0.0))[at - 1]
        safe = np.maximum(count, 2)
        counts.append(count)
        means.append(sums / safe)
        variances.append(np.maximum(squares - sums**2 / safe, 0.0) / (safe - 1) / safe)
    error = np.sqrt(variances[0] + variances[1])
    width = sequential_width(error * np.sqrt(at), at, tightest_at, confidence)
    difference = means[1] - means[0]
    told = pl.DataFrame(
        {"units": at, "difference": difference, "error": error, "low": difference - width, "high": difference + width}
    )
    return told.filter(pl.Series(np.minimum(*counts) >= WARM_UP))

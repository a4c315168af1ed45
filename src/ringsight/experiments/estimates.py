"""What two arms differ by, and how sure that is: for one look.

Formulas: the difference of means with unequal variances (Welch 1947); a ratio of sums, and a relative lift, by the
delta method (Deng, Knoblich and Lu 2018); CUPED (Deng, Xu, Kohavi and Walker 2013).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm, t

from ringsight.errors import DataError
from ringsight.experiments.sequential import sequential_width

LEAST = 2
"""Units of an arm, for a variance."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a figure."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm against the control."""

    control: float
    """Mean of the control."""
    arm: float
    """Mean of the arm."""
    difference: float
    interval: Interval
    """Of the difference."""
    lift: float
    """The difference over the control's mean; NaN where that is 0."""
    lift_interval: Interval
    p_value: float
    """How often chance alone shows as much, two-sided."""


def linearised(values: NDArray[np.float64], per: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values whose mean is the sum of values over the sum of what they are divided by, with its variance.

    Shape (units,).

    Raises:
        DataError: if what they are divided by adds up to 0.
    """
    mean = per.mean() if len(per) else 0.0
    if mean <= 0:
        raise DataError("what the outcome is divided by adds up to nothing", remedy="record it for every unit")
    ratio = values.mean() / mean
    return np.asarray(ratio + (values - ratio * per) / mean)


def adjusted(values: NDArray[np.float64], pre: NDArray[np.float64], arms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values less what the pre-period foretells of them, with the same expectation; shape (units,).

    Args:
        values: of the units.
        pre: of the same units, before the experiment.
        arms: number of each unit's arm; the slope is that within arms.
    """
    within = [arms == arm for arm in np.unique(arms)]
    covariance = sum(float(((values[arm] - values[arm].mean()) * (pre[arm] - pre[arm].mean())).sum()) for arm in within)
    variance = sum(float(((pre[arm] - pre[arm].mean()) ** 2).sum()) for arm in within)
    return values if variance <= 0 else values - covariance / variance * (pre - pre.mean())


def compared(control: NDArray[np.float64], arm: NDArray[np.float64], confidence: float = 0.95) -> Difference:
    """An arm against the control, by Welch's t.

    Args:
        control: values of its units.
        arm: values of its units.
        confidence: of the intervals.

    Raises:
        DataError: if either has fewer than two units.
    """
    if min(len(control), len(arm)) < LEAST:
        raise DataError(f"an arm needs {LEAST} units (control {len(control)}, arm {len(arm)})")
    of_control, of_arm = (float(each.var(ddof=1)) / len(each) for each in (control, arm))
    error = math.sqrt(of_control + of_arm)
    before, after = float(control.mean()), float(arm.mean())
    freedom = error**4 / (of_control**2 / (len(control) - 1) + of_arm**2 / (len(arm) - 1)) if error else 1.0
    bound = float(t.ppf((1 + confidence) / 2, freedom))
    gained = after - before
    p_value = float(2 * t.sf(abs(gained) / error, freedom)) if error else float(gained == 0)
    relative, relative_error = math.nan, math.nan
    if before != 0:
        relative = gained / before
        relative_error = math.sqrt(of_arm + (after / before) ** 2 * of_control) / abs(before)
    return Difference(
        control=before,
        arm=after,
        difference=gained,
        interval=Interval(gained - bound * error, gained + bound * error),
        lift=relative,
        lift_interval=Interval(relative - bound * relative_error, relative + bound * relative_error),
        p_value=p_value,
    )


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """How often chance alone has arms so uneven: Pearson's chi-squared test of the counts against the shares."""
    total = sum(counts.values())
    if not total:
        return 1.0
    statistic = sum((counts.get(arm, 0) - total * share) ** 2 / (total * share) for arm, share in shares.items())
    return float(chi2.sf(statistic, len(shares) - 1))


def units_needed(
    deviation: float,
    difference: float,
    share: float = 0.5,
    confidence: float = 0.95,
    power: float = 0.8,
    every_look: bool = False,
) -> int:
    """Units, in both arms together, with which a difference is found with the power asked (Lehr 1992, before rounding).

    Args:
        deviation: standard deviation of the outcome among units. Where it differs between the arms, the root of
            `share` times the control's variance and `1 - share` times the arm's.
        difference: between the means, either way; not 0.
        share: of the units that get the arm; the others get the control.
        confidence: of the interval.
        power: chance of an interval that leaves out 0, if the difference is as large.
        every_look: whether it is the sequential interval that is to leave out 0, at the last look at the latest; it has
            to be the tightest at this number (`ReportConfig.tightest_at`), and often does so much earlier.
    """
    width = float(sequential_width(np.ones(1), np.ones(1, np.int64), 1, confidence)[0])
    reach = (width if every_look else norm.ppf((1 + confidence) / 2)) + norm.ppf(power)
    return math.ceil((reach * deviation / difference) ** 2 / (share * (1 - share)))


def power_of(deviation: float, difference: float, units: int, share: float = 0.5, confidence: float = 0.95) -> float:
    """Chance that the interval for one look leaves out 0 on the right side, if the difference is as large."""
    error = deviation * math.sqrt(1 / (units * share * (1 - share)))
    return float(norm.cdf(abs(difference) / error - norm.ppf((1 + confidence) / 2)))

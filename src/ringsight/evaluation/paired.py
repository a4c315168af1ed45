"""What one model gains on another in a figure that both have of the same units, and how sure that is.

A unit is what varies by itself: a customer, a ring, a group of decided pairs that share customers. Its two figures are
subtracted, so that what is hard for both models cancels (paired t: Student 1908). The interval is for one look at a
model that was not chosen by these units.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

FEWEST_UNITS = 8
"""From fewer units nothing is said of a gain."""


@dataclass(frozen=True, slots=True)
class PairedGain:
    """A challenger against the champion in one figure, from 0 to 1."""

    figure: str
    units: int
    champion: float
    challenger: float
    """Means over the units."""
    gain: float
    low: float
    high: float
    """Bounds of the gain at the confidence asked."""
    surely_above: float
    """Its lower bound where several figures are asked at once (Bonferroni)."""
    least_found: float
    """The least true gain that such units show with the power asked."""
    power: float
    """Chance that the lower bound would clear the margin, were both models equally good."""

    @property
    def judged(self) -> bool:
        """Whether there are units enough."""
        return self.units >= FEWEST_UNITS


def paired_gain(
    figure: str,
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    *,
    margin: float,
    confidence: float,
    power: float,
    figures: int = 1,
) -> PairedGain:
    """Compare two models on the same units.

    Args:
        figure: its name.
        champion: of each unit; shape (units,).
        challenger: of the same units; shape (units,).
        margin: most that a challenger may lose and still be no worse.
        confidence: of the interval, two-sided.
        power: with which a gain shall be found.
        figures: how many are asked at once.
    """
    units = len(champion)
    if units < FEWEST_UNITS:
        before, after = (float(each.mean()) if units else np.nan for each in (champion, challenger))
        return PairedGain(figure, units, before, after, after - before, np.nan, np.nan, np.nan, np.nan, np.nan)
    gains = challenger - champion
    error, freedom = float(gains.std(ddof=1)) / units**0.5, units - 1
    reach = float(t.ppf((1 + confidence) / 2, freedom))
    of_several = float(t.ppf(1 - (1 - confidence) / (2 * figures), freedom))
    gain = float(gains.mean())
    return PairedGain(
        figure=figure,
        units=units,
        champion=float(champion.mean()),
        challenger=float(challenger.mean()),
        gain=gain,
        low=gain - reach * error,
        high=gain + reach * error,
        surely_above=gain - of_several * error,
        least_found=(of_several + float(norm.ppf(power))) * error,
        power=float(norm.cdf(margin / error - reach)) if error else 1.0,
    )

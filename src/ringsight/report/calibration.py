"""How well chance was imitated: agreement of a bank's ordinary groups against that of chance, quantile by quantile.

Where chance is imitated well, every dot lies on the diagonal, but for its spread over chance worlds. (The calibration
plot of negative controls in single-cell screens: Barry, Mason, Roeder and Katsevich, Genome Biology 2024.)
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

WIDTH, HEIGHT = 400, 320
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 44
SPREADS = 2
"""The band reaches so many standard deviations to each side."""
MEDIAN = 0.5


@dataclass(frozen=True, slots=True)
class Quantile:
    """One quantile of the agreement of groups that touch no flag, in bits."""

    share: float
    """Of the groups that agree less."""
    chance: float
    observed: float
    spread: float
    """Standard deviation over chance worlds."""

    @property
    def label(self) -> str:
        """What people call it."""
        return "median" if self.share == MEDIAN else f"{self.share:.0%}"


@dataclass(frozen=True, slots=True)
class CalibrationChart:
    """The picture: bits, and where they stand in SVG units from the top left."""

    quantiles: tuple[Quantile, ...]
    """Upwards."""
    ticks: tuple[float, ...]
    """Gridlines of both axes, from the lowest to the highest."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    floor: int = HEIGHT - BOTTOM

    @property
    def ends(self) -> tuple[float, float]:
        """Where both axes begin and end, in bits."""
        return self.ticks[0], self.ticks[-1]

    def x(self, bits: float) -> float:
        """The place of agreement by chance."""
        low, high = self.ends
        return round(self.left + (bits - low) / (high - low) * (self.right - self.left), 1)

    def y(self, bits: float) -> float:
        """The height of agreement that was seen."""
        low, high = self.ends
        return round(self.floor - (bits - low) / (high - low) * (self.floor - self.top), 1)

    @property
    def band(self) -> tuple[tuple[float, float], ...]:
        """Corners of what chance spreads over, as (chance, observed) in bits."""
        above = [(each.chance, each.chance + SPREADS * each.spread) for each in self.quantiles]
        below = [(each.chance, each.chance - SPREADS * each.spread) for each in self.quantiles]
        return (*above, *reversed(below))

    @property
    def outline(self) -> str:
        """The band as SVG points."""
        return " ".join(f"{self.x(chance)},{self.y(bits)}" for chance, bits in self.band)

    @property
    def spoken(self) -> str:
        """The picture in words."""
        return "; ".join(
            f"{each.label}: {each.observed:.1f} seen, {each.chance:.1f} by chance" for each in self.quantiles
        )


def calibration_chart(calibration: pl.DataFrame) -> CalibrationChart | None:
    """Lay the picture out.

    Args:
        calibration: columns of `CALIBRATION`, in bits.

    Returns:
        None where too few groups touch no flag, so that there is nothing to hold against chance.
    """
    if calibration.is_empty():
        return None
    rows = calibration.sort("quantile").select("quantile", "chance", "observed", "spread").iter_rows()
    quantiles = tuple(Quantile(*row) for row in rows)
    reach = [each.chance + side * SPREADS * each.spread for each in quantiles for side in (-1, 1)]
    reach += [each.observed for each in quantiles]
    return CalibrationChart(quantiles, _ticks(min(reach), max(reach)))


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Multiples of a round step, at most nine, around both ends."""
    steps = (step * 10.0**power for power in range(-3, 9) for step in (1, 2, 5))
    step = next(step for step in steps if max(high - low, 1e-3) <= 7 * step)
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    return tuple(round(number * step, 3) for number in range(first, max(last, first + 1) + 1))

"""Ring scores by size: those of the bank, over those that permutations yield."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.results import Results

WIDTH, HEIGHT = 600, 400
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 44
BINS = 56
WIDEST = 64.0
"""At most so much of a column's width is drawn on."""
HALF = 0.44
"""Largest half width of what chance yields, as a share of what is drawn on."""
UPPER_SIZES = (3, 4, 5, 6, 7, 8, 9, 10, 15, 25, 50)
"""The largest size of each column; rings larger than all have a column of their own."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An observed ring."""

    ring_id: str
    score: float
    """Beyond the best innocent explanation, in bits."""
    flagged: bool
    """Flagged, or held for a protected column."""
    offset: float
    """Places right of the middle, from -1 / 4 to 1 / 4 of what is drawn on."""


@dataclass(frozen=True, slots=True)
class Band:
    """How many rings chance yields between two scores."""

    low: float
    high: float
    width: float
    """From 0 to 1; it follows the logarithm of the count, so that one ring still shows."""


@dataclass(frozen=True, slots=True)
class Column:
    """Rings of one size or a few neighbouring ones."""

    label: str
    chance: tuple[Band, ...]
    """Scores under permutation, upwards; empty where no permutation gave such a ring."""
    dots: tuple[Dot, ...]
    threshold: float | None
    """The lowest score that is flagged: of all sizes where one score separates them, else of this column."""


@dataclass(frozen=True, slots=True)
class NullChart:
    """The picture: scores in bits, and where they stand in SVG units from the top left."""

    columns: tuple[Column, ...]
    ticks: tuple[int, ...]
    """Score of each gridline; the last is the top."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM

    @property
    def column_width(self) -> float:
        """Of every column."""
        return (self.right - self.left) / len(self.columns)

    @property
    def drawn_on(self) -> float:
        """Width in the middle of a column that is drawn on."""
        return min(self.column_width, WIDEST)

    def x(self, at: int) -> float:
        """The middle of a column."""
        return round(self.left + self.column_width * (at + 0.5), 1)

    def y(self, score: float) -> float:
        """The height of a score; below zero all stand on the floor."""
        return round(self.floor - max(score, 0.0) / self.ticks[-1] * (self.floor - TOP), 1)

    def dot_x(self, dot: Dot, at: int) -> float:
        """Where a dot of a column stands."""
        return round(self.x(at) + self.drawn_on * dot.offset, 1)

    def outline(self, at: int) -> str:
        """What chance yields in a column, mirrored about its middle, as an SVG path."""
        bands, x, half = self.columns[at].chance, self.x(at), self.drawn_on * HALF
        right = [(x + half * band.width, self.y(score)) for band in bands for score in (band.low, band.high)]
        left = [(2 * x - across, y) for across, y in reversed(right)]
        return "M" + "L".join(f"{across:.1f} {y}" for across, y in [*right, *left]) + "Z"


def null_chart(results: Results) -> NullChart | None:
    """Lay the picture out; None where there is neither a ring nor a null."""
    above = pl.col("flagged") | (pl.col("held") != "")
    rings = results.rings.select("ring_id", "size", score="adjusted_score", flagged=above)
    scores = pl.concat([rings["score"], results.null["score"]])
    if scores.is_empty():
        return None
    ticks = _ticks(max(float(scores.max()), 1.0))  # type: ignore[arg-type]
    rings = rings.with_columns(column=_column_of(rings["size"]))
    null = results.null.with_columns(column=_column_of(results.null["size"]))
    everywhere = _parting_score(rings)
    columns = []
    for at in sorted({*rings["column"], *null["column"]}):
        here = rings.filter(pl.col("column") == at)
        lowest = min(here.filter("flagged")["score"], default=None) if everywhere is None else everywhere
        chance = null.filter(pl.col("column") == at)["score"].to_numpy()
        columns.append(Column(_label(at), _bands(chance, ticks[-1]), _dots(here), lowest))
    return NullChart(tuple(columns), ticks)


def _parting_score(rings: pl.DataFrame) -> float | None:
    """The score that separates flagged from unflagged rings of all sizes; None where no score does."""
    flagged, others = (rings.filter(pl.col("flagged") == which)["score"].to_list() for which in (True, False))
    return min(flagged) if flagged and min(flagged) > max(others, default=-np.inf) else None


def _ticks(largest: float) -> tuple[int, ...]:
    """Multiples of a round step, at most nine, from 0 to the first that is large enough."""
    step = next(step * 10**power for power in range(9) for step in (1, 2, 5) if largest <= 8 * step * 10**power)
    return tuple(range(0, step * int(np.ceil(largest / step)) + 1, step))


def _column_of(sizes: pl.Series) -> pl.Series:
    return pl.Series(np.searchsorted(UPPER_SIZES, sizes.to_numpy()), dtype=pl.Int64)


def _label(at: int) -> str:
    if at == len(UPPER_SIZES):
        return f"{UPPER_SIZES[-1] + 1}+"
    first = UPPER_SIZES[at - 1] + 1 if at else UPPER_SIZES[0]
    return str(first) if first == UPPER_SIZES[at] else f"{first}–{UPPER_SIZES[at]}"


def _dots(rings: pl.DataFrame) -> tuple[Dot, ...]:
    """Spread the rings of a column sideways by the golden ratio, so that equal scores stay apart."""
    return tuple(
        Dot(ring_id, score, flagged, offset=0.5 * ((number * 0.618034) % 1 - 0.5))
        for number, (ring_id, score, flagged) in enumerate(rings.select("ring_id", "score", "flagged").iter_rows())
    )


def _bands(scores: NDArray[np.float64], top: int) -> tuple[Band, ...]:
    """A histogram from the lowest score to the highest."""
    if len(scores) == 0:
        return ()
    counts, edges = np.histogram(np.clip(scores, 0, top), bins=BINS, range=(0, top))
    filled = np.flatnonzero(counts)
    widths = np.log1p(counts) / np.log1p(counts.max())
    return tuple(
        Band(float(edges[at]), float(edges[at + 1]), float(widths[at])) for at in range(filled[0], filled[-1] + 1)
    )

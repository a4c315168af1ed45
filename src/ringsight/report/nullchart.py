"""What chance yields against what was observed: ring scores by size, from the permutations and from the bank."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.results import Results

WIDTH, HEIGHT = 600, 400
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 44
BINS = 56
WIDEST = 64.0
UPPER_SIZES = (3, 4, 5, 6, 7, 8, 9, 10, 15, 25, 50)
"""Rings up to each of these sizes share a column with nothing smaller; larger ones share the last column."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An observed ring; `x` and `y` in the picture's units."""

    x: float
    y: float
    ring_id: str
    score: float
    """Beyond the best innocent explanation."""
    flagged: bool
    """Flagged, or held for a protected column."""


@dataclass(frozen=True, slots=True)
class Column:
    """Rings of one size or a few neighbouring ones."""

    label: str
    x: float
    chance: str
    """Outline of the scores under permutation, as an SVG path; empty where no permutation gave such a ring."""
    dots: tuple[Dot, ...]
    threshold: float | None
    """Height of the lowest score that is flagged: of all sizes where one score parts them, else of this column."""


@dataclass(frozen=True, slots=True)
class NullChart:
    """The picture, in SVG units from the top left."""

    columns: tuple[Column, ...]
    column_width: float
    ticks: tuple[tuple[int, float], ...]
    """Score and height of each gridline."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def null_chart(results: Results) -> NullChart | None:
    """Lay the picture out; None where there is neither a ring nor a null."""
    above = pl.col("flagged") | (pl.col("held") != "")
    rings = results.rings.select("ring_id", "size", score="adjusted_score", flagged=above)
    scores = pl.concat([rings["score"], results.null["score"]])
    if scores.is_empty():
        return None
    step, top = _scale(max(float(scores.max()), 1.0))  # type: ignore[arg-type]
    rings = rings.with_columns(column=_column_of(rings["size"]))
    null = results.null.with_columns(column=_column_of(results.null["size"]))
    present = sorted({*rings["column"], *null["column"]})
    width = (WIDTH - LEFT - RIGHT) / len(present)
    everywhere = _parting_score(rings)
    columns = []
    for place, at in enumerate(present):
        here = rings.filter(pl.col("column") == at)
        chance = null.filter(pl.col("column") == at)["score"].to_numpy()
        x = LEFT + width * (place + 0.5)
        lowest = min(here.filter("flagged")["score"], default=None) if everywhere is None else everywhere
        columns.append(
            Column(
                label=_label(at),
                x=round(x, 1),
                chance=_outline(x, min(width, WIDEST) * 0.44, top, chance),
                dots=_dots(x, min(width, WIDEST), top, here),
                threshold=None if lowest is None else _height(lowest, top),
            )
        )
    ticks = tuple((score, _height(score, top)) for score in range(0, top + 1, step))
    return NullChart(columns=tuple(columns), column_width=round(width, 1), ticks=ticks)


def _parting_score(rings: pl.DataFrame) -> float | None:
    """The score that parts flagged from unflagged rings whatever their size, None where there is none."""
    flagged, others = (rings.filter(pl.col("flagged") == which)["score"].to_list() for which in (True, False))
    return min(flagged) if flagged and min(flagged) > max(others, default=-np.inf) else None


def _scale(largest: float) -> tuple[int, int]:
    """A round step that gives at most eight gridlines, and the first multiple of it that is large enough."""
    step = next(step * 10**power for power in range(9) for step in (1, 2, 5) if largest <= 8 * step * 10**power)
    return step, step * int(np.ceil(largest / step))


def _height(score: float, top: int) -> float:
    return round(HEIGHT - BOTTOM - max(score, 0.0) / top * (HEIGHT - BOTTOM - TOP), 1)


def _column_of(sizes: pl.Series) -> pl.Series:
    return pl.Series(np.searchsorted(UPPER_SIZES, sizes.to_numpy()), dtype=pl.Int64)


def _label(at: int) -> str:
    if at == len(UPPER_SIZES):
        return f"{UPPER_SIZES[-1] + 1}+"
    first = UPPER_SIZES[at - 1] + 1 if at else UPPER_SIZES[0]
    return str(first) if first == UPPER_SIZES[at] else f"{first}–{UPPER_SIZES[at]}"


def _dots(x: float, width: float, top: int, rings: pl.DataFrame) -> tuple[Dot, ...]:
    """Spread the rings of a column sideways by the golden ratio, so that equal scores stay apart."""
    return tuple(
        Dot(
            x=round(x + width * 0.5 * ((number * 0.618034) % 1 - 0.5), 1),
            y=_height(ring["score"], top),
            ring_id=ring["ring_id"],
            score=ring["score"],
            flagged=ring["flagged"],
        )
        for number, ring in enumerate(rings.iter_rows(named=True))
    )


def _outline(x: float, half: float, top: int, scores: NDArray[np.float64]) -> str:
    """A histogram mirrored about `x`; its width follows the logarithm of the count, so that one ring still shows."""
    if len(scores) == 0:
        return ""
    counts, edges = np.histogram(np.clip(scores, 0, top), bins=BINS, range=(0, top))
    filled = np.flatnonzero(counts)
    counts, edges = counts[filled[0] : filled[-1] + 1], edges[filled[0] : filled[-1] + 2]
    widths = half * np.log1p(counts) / np.log1p(counts.max())
    heights = [_height(edge, top) for edge in edges]
    right = [(x + w, y) for w, *pair in zip(widths, heights[:-1], heights[1:], strict=True) for y in pair]
    left = [(2 * x - across, y) for across, y in reversed(right)]
    return "M" + "L".join(f"{across:.1f} {y}" for across, y in [*right, *left]) + "Z"

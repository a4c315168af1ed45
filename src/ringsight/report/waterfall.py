"""What a ring's score is made of, in bits: a waterfall from the traces that count to the score that is compared."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ringsight.detection.results import Results
from ringsight.explain.ledger import Ledger
from ringsight.explain.statements import spoken, tells
from ringsight.report.palette import PAINTS

WIDTH, LEFT, RIGHT = 560, 190, 64
ROW, BAR, TOP, FLOOR = 24, 14, 6, 20
LEAST = 0.05
"""Bits; less is not drawn."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the waterfall, in bits."""

    label: str
    css: str
    """Class of the bar."""
    start: float
    end: float

    @property
    def bits(self) -> float:
        """What it adds, or takes off."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class WaterfallBar:
    """A step in the picture's units."""

    step: Step
    x: float
    y: float
    width: float
    joint: float
    """Where the step ends: the next one that counts begins there."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The picture, in SVG units from the top left."""

    bars: tuple[WaterfallBar, ...]
    zero: float
    cut: float | None
    """Where the list is cut; None where nothing is flagged."""
    cut_bits: float
    height: int
    width: int = WIDTH
    left: int = LEFT
    row: int = ROW
    bar: int = BAR

    @property
    def spoken(self) -> str:
        """The picture in words."""
        return "; ".join(f"{bar.step.label} {bar.step.bits:.1f}" for bar in self.bars)


def cut_score(results: Results) -> float | None:
    """The lowest score, beyond the best innocent explanation, that is flagged or held; None where none is."""
    above = results.rings.filter(pl.col("flagged") | (pl.col("held") != ""))["adjusted_score"]
    return min(above, default=None)


def waterfall(ledger: Ledger, cut: float | None) -> Waterfall:
    """Lay out what the score of a ring is made of.

    Args:
        ledger: of the ring.
        cut: of `cut_score`.
    """
    steps = list(_steps(ledger))
    ends = [0.0, cut or 0.0, *(step.start for step in steps), *(step.end for step in steps)]
    low, high = min(ends), max(*ends, 1.0)
    unit = (WIDTH - LEFT - RIGHT) / (high - low)

    def place(bits: float) -> float:
        return round(LEFT + (bits - low) * unit, 1)

    bars = tuple(
        WaterfallBar(
            step=step,
            x=place(min(step.start, step.end)),
            y=TOP + ROW * number,
            width=round(max(abs(step.bits) * unit, 1.0), 1),
            joint=place(step.end),
        )
        for number, step in enumerate(steps)
    )
    return Waterfall(
        bars=bars,
        zero=place(0.0),
        cut=None if cut is None else place(cut),
        cut_bits=cut or 0.0,
        height=TOP + ROW * len(steps) + FLOOR,
    )


def _steps(ledger: Ledger) -> Iterator[Step]:
    """Corroboration and standing; less what an innocent column explains, and what chance finds by searching."""
    for row in ledger.agreement:
        if row["proposed"]:
            yield Step(f"{spoken(row['trace'])}, not counted", f"{_paint(row['trace'])} uncounted", 0.0, row["bits"])
    level = 0.0
    for row in sorted(ledger.agreement, key=lambda row: -row["bits"]):
        if not row["proposed"] and abs(row["bits"]) >= LEAST:
            yield Step(spoken(row["trace"]), _paint(row["trace"]), level, level + row["bits"])
            level += row["bits"]
    apart = ledger.ring["isolation_score"]
    if apart >= LEAST:
        yield Step(f"apart in {spoken(ledger.ring['proposer'])}", _paint(ledger.ring["proposer"]), level, level + apart)
        level += apart
    given = [row for row in ledger.conditions if row["kind"] == "innocent" and tells(row)]
    best = min(given, key=lambda row: (row["score"], row["name"]), default=None)
    if best is not None and level - best["bits"] >= LEAST:
        yield Step(f"explained by {spoken(best['name'])}", "explained", level, best["bits"])
        level = best["bits"]
    beyond = ledger.ring["adjusted_score"]
    if abs(level - beyond) >= LEAST:
        yield Step("what chance finds", "searched", level, beyond)
    yield Step("score", "score", 0.0, beyond)


def _paint(trace: str) -> str:
    """The class of a modality's colour, or that of shared values."""
    css = {paint.column: paint.css for paint in PAINTS}
    return f"fill-{css.get(f'bits_{trace}', css['bits_entities'])}"

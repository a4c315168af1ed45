"""The steps of a ring's score as a picture: a waterfall, in bits."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ringsight.detection.results import Results
from ringsight.explain.score_steps import Step, StepKind
from ringsight.report.palette import paint_of

WIDTH, LEFT, RIGHT = 640, 270, 64
ROW, BAR, TOP, FLOOR = 24, 14, 6, 20


@dataclass(frozen=True, slots=True)
class WaterfallBar:
    """A step in the picture's units."""

    step: Step
    css: str
    """Classes of the bar."""
    x: float
    y: float
    width: float
    joint: float | None
    """Where the next step begins; None after the last one, and after one that does not count."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The picture, in SVG units from the top left."""

    bars: tuple[WaterfallBar, ...]
    zero: float
    cut: float | None
    """Where the list is cut; None where nothing is flagged, and where the score is hidden."""
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
    """The lowest adjusted score that is flagged or held; None where none is."""
    above = results.rings.filter(pl.col("flagged") | (pl.col("held") != ""))["adjusted_score"]
    return min(above, default=None)


def waterfall(steps: Sequence[Step], cut: float | None) -> Waterfall:
    """Lay out the steps of a score, or those of them that are shown.

    Args:
        steps: of `score_steps`.
        cut: of `cut_score`; None leaves it out.
    """
    ends = [0.0, cut or 0.0, *(step.start for step in steps), *(step.end for step in steps)]
    low, high = min(ends), max(*ends, 1.0)
    unit = (WIDTH - LEFT - RIGHT) / (high - low)

    def place(bits: float) -> float:
        return round(LEFT + (bits - low) * unit, 1)

    last = len(steps) - 1
    bars = tuple(
        WaterfallBar(
            step=step,
            css=css_of(step),
            x=place(min(step.start, step.end)),
            y=TOP + ROW * number,
            width=round(max(abs(step.bits) * unit, 1.0), 1),
            joint=None if number == last or step.kind is StepKind.proposer else place(step.end),
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


def css_of(step: Step) -> str:
    """The classes of a step's bar."""
    match step.kind:
        case StepKind.proposer:
            return f"fill-{paint_of(step.modality).css} uncounted"
        case StepKind.source | StepKind.inside:
            return f"fill-{paint_of(step.modality).css}"
        case StepKind.explained:
            return "explained"
        case StepKind.chance:
            return "searched"
        case StepKind.score:
            return "score"

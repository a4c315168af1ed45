"""What happened when in a ring as a picture: money in above the line, out below it, and marks in lanes beneath."""

from dataclasses import dataclass
from datetime import date

from ringsight.explain.timeline import MarkKind, Timeline, TimelineSpan

WIDTH, LEFT, RIGHT = 900, 150, 4
TOP, UP, DOWN = 4, 40, 26
"""Room above the line for money in, and below it for money out and among members."""
LANE = 15
LANES = {MarkKind.opening: "opened", MarkKind.photograph: "photographs", MarkKind.call: "calls"}
DATES = 5
"""Dates along the line."""


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """A span of time: heights in the picture's units."""

    x: float
    width: float
    up: float
    """Money in."""
    down: float
    """Money out,"""
    among: float
    """and from member to member, below it."""
    spoken: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The marks of one kind."""

    label: str
    y: int
    ticks: tuple[tuple[float, str], ...]
    """Place along the line, and what stands there in words."""
    earlier: int
    """Marks before the line begins."""


@dataclass(frozen=True, slots=True)
class TimelineChart:
    """The picture, in SVG units from the top left."""

    bars: tuple[TimelineBar, ...]
    lanes: tuple[Lane, ...]
    dates: tuple[tuple[float, str], ...]
    sums: TimelineSpan
    """In all."""
    currencies: str
    """In words; empty where the bank does not say."""
    spoken: str
    height: int
    base: int = TOP + UP
    width: int = WIDTH
    left: int = LEFT


def timeline_chart(timeline: Timeline) -> TimelineChart | None:
    """Draw what happened when; None where there is nothing to lay it along."""
    if not timeline.spans:
        return None
    step = (WIDTH - LEFT - RIGHT) / len(timeline.spans)
    tallest = max(max(each.incoming, each.outgoing + each.among) for each in timeline.spans) or 1.0
    first, days = timeline.spans[0].first, timeline.width * len(timeline.spans)
    lanes = _lanes(timeline, first, days)
    every = max(1, len(timeline.spans) // DATES)
    sums = timeline.sums()
    return TimelineChart(
        bars=tuple(_bar(each, LEFT + at * step, step, tallest) for at, each in enumerate(timeline.spans)),
        lanes=lanes,
        dates=tuple(
            (round(LEFT + at * step, 1), f"{timeline.spans[at].first}")
            for at in range(0, len(timeline.spans), every)
            if at + every / 2 < len(timeline.spans)
        ),
        sums=sums,
        currencies=" and ".join(timeline.currencies),
        spoken=f"{sums.incoming:,.0f} came in, {sums.outgoing:,.0f} went out, {sums.among:,.0f} moved among members, "
        f"from {first} on, in spans of {timeline.width} days",
        height=TOP + UP + DOWN + 12 + LANE * len(lanes) + 14,
    )


def _lanes(timeline: Timeline, first: date, days: int) -> tuple[Lane, ...]:
    """The lanes that have any mark, one below the other."""
    lanes: list[Lane] = []
    for kind, label in LANES.items():
        seen = [mark for mark in timeline.marks if mark.kind is kind]
        inside = [mark for mark in seen if 0 <= (mark.day - first).days < days]
        ticks = tuple((_place(mark.day, first, days), f"{label}: {mark.day}, {mark.customer_id}") for mark in inside)
        earlier = sum(mark.day < first for mark in seen)
        if ticks or earlier:
            lanes.append(Lane(label, TOP + UP + DOWN + 16 + len(lanes) * LANE, ticks, earlier))
    return tuple(lanes)


def _place(day: date, first: date, days: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * ((day - first).days + 0.5) / days, 1)


def _bar(each: TimelineSpan, x: float, step: float, tallest: float) -> TimelineBar:
    return TimelineBar(
        x=round(x, 1),
        width=round(max(step - 1.5, 0.8), 1),
        up=round(UP * each.incoming / tallest, 1),
        down=round(DOWN * each.outgoing / tallest, 1),
        among=round(DOWN * each.among / tallest, 1),
        spoken=f"from {each.first}: {each.incoming:,.0f} in, {each.outgoing:,.0f} out, {each.among:,.0f} among members",
    )

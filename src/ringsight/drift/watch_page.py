"""The page of a watched night: one self-contained HTML file without a script, on which no customer is named."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ringsight.drift.watched import Watched
from ringsight.explain.words import percent, spoken
from ringsight.records.writing import write_atomically
from ringsight.report.palette import COLOURS, NEUTRAL, PAINTS
from ringsight.report.spacemap import HEIGHT, WIDTH

IN_FULL = 12
"""Shifts that are shown at once; the others are folded away."""
BAR, GAP, TALL, LEFT, FLOOR = 14, 10, 120, 34, 140
"""Units of the picture of sizes."""


@dataclass(frozen=True, slots=True)
class SizeBar:
    """Rings of one size on both nights, in units of the picture."""

    size: int
    x: float
    before: float
    now: float
    counts: tuple[int, int]


def write_watch_page(watched: Watched, path: Path) -> None:
    """Write the page, the same bytes for the same night; the file is replaced atomically."""
    page = _environment().get_template("watch.html.j2")
    html = page.render(
        watched=watched,
        night=Path(watched.run).resolve().name,
        reference=Path(watched.reference).resolve().name,
        paints=(*PAINTS, NEUTRAL),
        colours=COLOURS,
        in_full=IN_FULL,
        shifts=watched.shifts.to_dicts(),
        alarms=int(watched.shifts["alarm"].sum()),
        tests=int(watched.shifts["p_value"].is_not_null().sum()),
        bars=size_bars(watched),
        picture={"tall": TALL, "left": LEFT, "floor": FLOOR, "bar": BAR},
        map_size=(WIDTH, HEIGHT),
    )
    with write_atomically(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def size_bars(watched: Watched) -> list[SizeBar]:
    """How many rings have so many members, as pairs of bars."""
    rows = list(watched.churn.sizes.iter_rows())
    most = max((max(before, now) for _, before, now in rows), default=0)
    scale = TALL / max(most, 1)
    return [
        SizeBar(size, LEFT + at * (2 * BAR + GAP), round(before * scale, 1), round(now * scale, 1), (before, now))
        for at, (size, before, now) in enumerate(rows)
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("ringsight.drift"), PackageLoader("ringsight.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"reach": _reach, "percent": percent, "spoken": spoken, "chance": _chance, "told": _told}
    return environment


def _reach(effect: float, least: float) -> str:
    """How long a bar is, in percent: a quarter is what an alarm needs."""
    return f"{min(effect / max(4 * least, 1e-9), 1) * 100:.1f}"


def _chance(value: float | None) -> str:
    """Write a p-value so that a column of them lines up; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}"


def _told(value: float | None) -> str:
    """A figure as people read it: whole numbers whole, others to two decimals; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".replace("-", "−")

"""The lines of the queue: each case in one sentence, with what ties it, and only the columns that say anything."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ringsight.cases.case import Case, CaseRow, Status
from ringsight.errors import DataError
from ringsight.explain.glance import Glance
from ringsight.report.palette import PAINTS, Paint, paint_of
from ringsight.web.reviewed_runs import NotReadyError, Runs

TALLEST = 16
"""Of a small bar, in pixels,"""
FULL = 40.0
"""for so many bits or more."""


@dataclass(frozen=True, slots=True)
class QueueBar:
    """How much one kind of evidence says."""

    paint: Paint
    height: float
    spoken: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A case of the queue."""

    row: CaseRow
    headline: str
    """Empty where its evidence is not there."""
    pattern: tuple[str, ...]
    bars: tuple[QueueBar, ...]
    currencies: tuple[str, ...]
    days: int
    """Days since it was opened."""


@dataclass(frozen=True, slots=True)
class QueueLines:
    """The lines of a page, and what is to be shown of them."""

    lines: tuple[QueueLine, ...]
    columns: frozenset[str]
    """Of `status`, `who`, `judged` and `new`, those that say something of any case."""
    gathering: bool
    """Whether the evidence is still being gathered."""


def queue_lines(rows: Sequence[CaseRow], cases: Mapping[str, Case], runs: Runs, now: datetime) -> QueueLines:
    """Say of each case what it is about.

    Args:
        rows: of the queue.
        cases: by case id.
        runs: that hold their evidence.
        now: the moment.
    """
    glances: dict[str, Glance | None] = {}
    gathering = False
    for row in rows:
        try:
            glances[row.case_id] = runs.glance(cases[row.case_id])
        except NotReadyError:
            gathering = True
            break
        except DataError:  # the page of the case says it
            glances[row.case_id] = None
    line = partial(_line, now=now)
    return QueueLines(
        lines=tuple(line(row, None if gathering else glances[row.case_id]) for row in rows),
        columns=_columns(rows),
        gathering=gathering,
    )


def _line(row: CaseRow, glance: Glance | None, now: datetime) -> QueueLine:
    return QueueLine(
        row=row,
        headline=glance.headline.text if glance else "",
        pattern=glance.headline.pattern if glance else (),
        bars=_bars(glance) if glance else (),
        currencies=glance.timeline.currencies if glance else (),
        days=max((now - row.opened_at).days, 0),
    )


def _bars(glance: Glance) -> tuple[QueueBar, ...]:
    """One bar for each paint, in their order; entity columns have one together, that of the most telling."""
    best: dict[str, float] = {}
    for group in glance.groups:
        best[group.modality] = max(best.get(group.modality, 0.0), group.bits)
    paints = [*PAINTS, *(paint_of(modality) for modality in sorted(best.keys() - {paint.modality for paint in PAINTS}))]
    return tuple(
        QueueBar(paint, round(TALLEST * min(max(bits, 0.0) / FULL, 1.0), 1), f"{paint.label} {max(bits, 0.0):.0f}")
        for paint in paints
        for bits in [best.get(paint.modality, 0.0)]
    )


def _columns(rows: Collection[CaseRow]) -> frozenset[str]:
    tells = {
        "status": any(row.status is not Status.open for row in rows),
        "who": any(row.holder for row in rows),
        "judged": any(row.verdict for row in rows),
        "new": any(row.news for row in rows),
    }
    return frozenset(name for name, any_does in tells.items() if any_does)

"""What is measured of the work: the list's error rate, what is missed below the line, minutes by case."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import hypergeom
from sqlalchemy import Connection, select

from ringsight.cases import clock
from ringsight.cases.audit_trail import Look
from ringsight.cases.case import Case, Judgement
from ringsight.cases.schema import ENTRIES

CONFIDENCE = 0.95
TIMES = {
    "case_id": pl.String,
    "user": pl.String,
    "minutes": pl.Float64,
    "verdict": pl.String,
    "score_seen": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands above the queue."""

    fdr: float
    """Rate asked of the last run taken in; NaN before the first."""
    expected_false_flags: float
    """Of that run; NaN before the first."""
    flags: int
    """Rings that it flagged."""
    capacity: int
    """Cases that the team can open in a day."""
    opened_today: int
    """Cases claimed since midnight UTC."""
    open: int
    """Cases that wait."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An estimate of the rings below the line that are one hand's."""

    below: int
    """Rings below the line in the last run."""
    drawn: int
    decided: int
    confirmed: int
    """Of the decided, those judged `same_hand`."""
    estimate: float
    """below x confirmed / decided: unbiased once all that were drawn are decided; NaN where none is."""
    low: int
    high: int
    """95 % interval of the number of rings missed (exact, hypergeometric)."""


def missed(below: int, drawn: Sequence[str], verdicts: Mapping[str, Judgement]) -> Missed:
    """Estimate what is missed from a simple random sample of the rings below the line.

    Args:
        below: how many rings there are.
        drawn: ring ids of the sample.
        verdicts: of the rings that are decided.
    """
    decided = [verdicts[ring_id] for ring_id in drawn if ring_id in verdicts]
    confirmed = sum(verdict is Judgement.same_hand for verdict in decided)
    low, high = interval(below, len(decided), confirmed)
    estimate = below * confirmed / len(decided) if decided else math.nan
    return Missed(below, len(drawn), len(decided), confirmed, estimate, low, high)


def interval(population: int, drawn: int, found: int) -> tuple[int, int]:
    """Exact interval of how many of a population are such, when `found` of `drawn` were.

    The numbers that a test at (1 - 0.95) / 2 on either side does not refuse (Wright 1991, Exact Confidence Bounds
    when Sampling from Small Finite Universes).
    """
    if drawn == 0:
        return 0, population
    possible = np.arange(found, population - drawn + found + 1)
    tail = (1 - CONFIDENCE) / 2
    at_least = hypergeom.sf(found - 1, population, possible, drawn)
    at_most = hypergeom.cdf(found, population, possible, drawn)
    kept = possible[(at_least > tail) & (at_most > tail)]
    return int(kept.min()), int(kept.max())


def times(connection: Connection, cases: Mapping[str, Case], idle_minutes: float) -> pl.DataFrame:
    """Minutes of work by case and by who decided its ring; columns of `TIMES`.

    Between two entries of one user on one case with no other between them, time counts as work on it, a pause for
    `idle_minutes` at most. `score_seen` says whether the user had asked for the score before deciding.
    """
    spent: dict[tuple[str, str], float] = {}
    scores: dict[tuple[str, str], str] = {}
    last: dict[str, Any] = {}
    fields = (ENTRIES.c.at, ENTRIES.c.user, ENTRIES.c.action, ENTRIES.c.case_id)
    for entry in connection.execute(select(*fields).order_by(ENTRIES.c.number)):
        before, last[entry.user] = last.get(entry.user), entry
        of = (entry.case_id, entry.user)
        if before is not None and entry.case_id and before.case_id == entry.case_id:
            pause = (clock.read(entry.at) - clock.read(before.at)).total_seconds() / 60
            spent[of] = spent.get(of, 0.0) + min(max(pause, 0.0), idle_minutes)
        if entry.action == Look.view_score:
            scores.setdefault(of, entry.at)
    rows = []
    for case_id, case in cases.items():
        by_user = {each.user: each for each in case.opinions}
        for user, standing in by_user.items():
            seen = scores.get((case_id, user), "~") < clock.written(standing.at)
            minutes = spent.get((case_id, user), 0.0)
            rows.append((case_id, user, minutes, standing.decision.judgement.value, seen))
    return pl.DataFrame(rows, schema=TIMES, orient="row")

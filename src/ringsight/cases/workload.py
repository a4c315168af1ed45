"""Measures of the team's work: how much it can open, the list's error rate, what is missed below the line, minutes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import hypergeom
from sqlalchemy import Connection, select

from ringsight.cases import clock
from ringsight.cases.audit_trail import append, last_of
from ringsight.cases.case import Case, Judgement
from ringsight.cases.database import Database
from ringsight.cases.errors import CaseError
from ringsight.cases.looks import Look
from ringsight.cases.queue import opened_today, waiting
from ringsight.cases.renewal import IMPORTED
from ringsight.cases.schema import ENTRIES
from ringsight.cases.settings import CaseSettings
from ringsight.cases.steps import load_all
from ringsight.cases.users import Right, User
from ringsight.detection.results import CALIBRATION
from ringsight.explain.assurance import Assurance, assurance_of

CAPACITY = "capacity"
"""The action by which a lead sets how many cases a day can be opened."""
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
    """What the page shows above the queue."""

    assurance: Assurance | None
    """What the last run imported says of its list; None before the first."""
    calibration: pl.DataFrame
    """Of that run; columns of `CALIBRATION`."""
    run: str
    """Its folder; empty before the first."""
    flags: int
    """Rings that it flagged."""
    capacity: int
    """Cases that the team can open in a day."""
    opened_today: int
    """Cases claimed since midnight UTC."""
    open: int
    """Open cases whose ring the last run lists."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An estimate of how many rings below the line are one hand's."""

    below: int
    """Rings below the line in the last run."""
    drawn: int
    """Rings in the random sample of them."""
    decided: int
    """Rings of the sample that are decided."""
    confirmed: int
    """Of the decided, those judged `same_hand`."""
    estimate: float
    """below x confirmed / decided: unbiased once the whole sample is decided; NaN while none is."""
    low: int
    high: int
    """95 % interval of the number of rings missed (exact, hypergeometric)."""


class Workload:
    """The measures of one case book's work."""

    def __init__(self, database: Database, settings: CaseSettings) -> None:
        """Measure in this database."""
        self._database = database
        self._settings = settings

    def capacity(self, connection: Connection) -> int:
        """Cases that the team can open in a day: as a lead has set it last, else as the settings say."""
        last = last_of(connection, CAPACITY)
        return int(last.content["cases"]) if last else self._settings.capacity

    def set_capacity(self, user: User, cases: int) -> None:
        """Set how many cases the team can open in a day.

        Raises:
            ForbiddenError: without the right `direct`.
            CaseError: if it is negative.
        """
        user.require(Right.direct)
        if cases < 0:
            raise CaseError(f"a team cannot open {cases} cases")
        with self._database.writing() as connection:
            append(connection, user.name, CAPACITY, {"cases": cases})

    def overview(self) -> Overview:
        """Error rate, capacity and counts."""
        with self._database.reading() as connection:
            last = last_of(connection, IMPORTED)
            facts: Mapping[str, Any] = last.content if last else {}
            return Overview(
                assurance=assurance_of(facts) if facts else None,
                calibration=pl.DataFrame(facts.get("calibration", []), schema=CALIBRATION),
                run=str(facts.get("run", "")),
                flags=int(facts.get("flags", 0)),
                capacity=self.capacity(connection),
                opened_today=opened_today(connection),
                open=waiting(connection),
            )

    def missed(self) -> Missed:
        """An estimate of what is missed, from the random sample below the line of the last run."""
        with self._database.reading() as connection:
            last = last_of(connection, IMPORTED)
            cases = load_all(connection)
        if last is None:
            return estimate_missed(0, [], {})
        verdicts = {case.ring_id: case.settled for case in cases if case.settled and not case.split_from}
        return estimate_missed(last.content["below"], last.content["drawn"], verdicts)

    def times(self) -> pl.DataFrame:
        """Minutes of work by case and by who decided it; columns of `TIMES`."""
        with self._database.reading() as connection:
            cases = {case.case_id: case for case in load_all(connection)}
            return minutes_of_work(connection, cases, self._settings.idle_minutes)


def estimate_missed(below: int, drawn: Sequence[str], verdicts: Mapping[str, Judgement]) -> Missed:
    """Estimate what is missed from a simple random sample of the rings below the line.

    Args:
        below: how many rings there are below the line.
        drawn: ring ids of the sample.
        verdicts: by ring id, of the rings that are decided.
    """
    decided = [verdicts[ring_id] for ring_id in drawn if ring_id in verdicts]
    confirmed = sum(verdict is Judgement.same_hand for verdict in decided)
    low, high = interval(below, len(decided), confirmed)
    estimate = below * confirmed / len(decided) if decided else math.nan
    return Missed(below, len(drawn), len(decided), confirmed, estimate, low, high)


def interval(population: int, drawn: int, found: int) -> tuple[int, int]:
    """Exact 95 % interval of how many of a population have a property that `found` of `drawn` had.

    The numbers that a test at 2.5 % on either side does not reject (Wright 1991, Exact Confidence Bounds when Sampling
    from Small Finite Universes).
    """
    if drawn == 0:
        return 0, population
    possible = np.arange(found, population - drawn + found + 1)
    tail = (1 - CONFIDENCE) / 2
    at_least = hypergeom.sf(found - 1, population, possible, drawn)
    at_most = hypergeom.cdf(found, population, possible, drawn)
    kept = possible[(at_least > tail) & (at_most > tail)]
    return int(kept.min()), int(kept.max())


def minutes_of_work(connection: Connection, cases: Mapping[str, Case], idle_minutes: float) -> pl.DataFrame:
    """Minutes of work by case and by who decided its ring; columns of `TIMES`.

    The time between two entries of a user counts as work on a case if both are on that case and the user made none in
    between; a pause counts for at most `idle_minutes`. `score_seen` says whether the user asked for the score before
    deciding.
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

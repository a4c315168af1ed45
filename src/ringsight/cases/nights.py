"""What each night brought and what became of it: cases opened, decided, confirmed, and waiting as the day ends."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ringsight.cases.case import Case, Judgement, Status

NIGHTS = {
    "day": pl.Date,
    "opened": pl.Int64,
    "decided": pl.Int64,
    "confirmed": pl.Int64,
    "waiting": pl.Int64,
}


def nights(cases: Sequence[Case]) -> pl.DataFrame:
    """Count cases by day (UTC), the latest day first.

    A case counts as decided on the day of its last judgement that counts, as confirmed if that was `same_hand`, and as
    waiting on each day on which it was there and not yet decided. One that went into another case is left out.

    Returns:
        Columns of `NIGHTS`: a row for each day on which a case was opened or decided.
    """
    kept = [case for case in cases if case.status is not Status.merged]
    opened = [case.opened_at.date() for case in kept]
    closed = [_decided(case) for case in kept]
    confirmed = [day for case, day in zip(kept, closed, strict=True) if case.settled is Judgement.same_hand and day]
    decided = [day for day in closed if day]
    rows = [
        (
            day,
            opened.count(day),
            decided.count(day),
            confirmed.count(day),
            sum(begun <= day and (ended is None or ended > day) for begun, ended in zip(opened, closed, strict=True)),
        )
        for day in sorted({*opened, *decided}, reverse=True)
    ]
    return pl.DataFrame(rows, schema=NIGHTS, orient="row")


def _decided(case: Case) -> date | None:
    final = [each.at.date() for each in case.opinions if each.final]
    return final[-1] if final else None

"""When and how much a customer moves money: counts by hour and weekday, and the hours of two in one picture."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.explain.matching import hours_of_week

LEVELS = 4
WIDTH, HEIGHT, FLOOR = 672, 110, 92
"""Of the overlay; an hour is four units wide."""
EPOCH = 3
"""Weekday on which NumPy's days begin, 1 January 1970: a Thursday, where Monday is 0."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A customer's transactions, 24 hours by 7 weekdays (UTC, Monday first)."""

    levels: tuple[str, ...]
    """SVG paths, one for each level of activity, from low to high; an hour is one unit wide."""
    transactions: int
    spoken: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Two customers' hours of the week, in SVG units from the top left."""

    area: str
    """SVG path of the first customer's, filled."""
    line: str
    """SVG path of the second customer's, a line."""
    days: tuple[tuple[str, float], ...]
    """Name of each day and where it begins."""
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = FLOOR


def overlay(one: pl.DataFrame, other: pl.DataFrame) -> Overlay:
    """Draw the hours of the week of two customers in one picture, as shares of each one's transactions."""
    a, b = hours_of_week(one), hours_of_week(other)
    highest = max(float(a.max()), float(b.max())) or 1.0
    hour = WIDTH / len(a)
    first, second = (
        "L".join(
            f"{(at + 0.5) * hour:.1f} {FLOOR - share / highest * (FLOOR - 4):.1f}" for at, share in enumerate(shares)
        )
        for shares in (a, b)
    )
    days = tuple((day, round(number * 24 * hour, 1)) for number, day in enumerate(DAYS))
    return Overlay(area=f"M0 {FLOOR}L{first}L{WIDTH} {FLOOR}Z", line=f"M{second}", days=days)


def rhythm(transactions: pl.DataFrame) -> Rhythm | None:
    """Draw the rhythm of one customer; None without a transaction."""
    if transactions.is_empty():
        return None
    when = transactions["timestamp"].to_numpy()
    days, hours = np.divmod(when.astype("datetime64[h]").astype(np.int64), 24)
    counts = np.bincount((days + EPOCH) % 7 * 24 + hours, minlength=7 * 24).reshape(7, 24)
    level = np.ceil(LEVELS * counts / counts.max()).astype(np.int64)
    paths = tuple(
        "".join(f"M{hour} {day}.5h1" for day, hour in np.argwhere(level == at)) for at in range(1, LEVELS + 1)
    )
    first, last = (day.astype("datetime64[D]") for day in (when.min(), when.max()))
    amounts = transactions["amount"].to_numpy()
    typical, incoming = float(np.median(np.abs(amounts))), int((amounts > 0).sum())
    return Rhythm(
        levels=paths,
        transactions=len(transactions),
        spoken=f"{len(transactions)} transactions from {first} to {last}, "
        f"{incoming} of them incoming, median amount {typical:,.2f}, most at {_busiest(counts)}",
    )


def _busiest(counts: NDArray[np.int64]) -> str:
    """Name the busiest hour of the day."""
    hour = int(counts.sum(axis=0).argmax())
    return f"{hour:02d}–{(hour + 1) % 24:02d} h"

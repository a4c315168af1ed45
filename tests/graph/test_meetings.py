"""Meetings of relations: what is paid on soon, gathered, or scattered; the closer, the more bits."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from ringsight.graph.meetings import DAY, Meetings, Way, meetings
from ringsight.graph.relations import Relations, relations_of
from ringsight.records.transfers import TRANSFERS

IDS = np.array([f"c{number:02d}" for number in range(40)])
Row = tuple[int, int, float, float]
NOISE: list[Row] = [(20 + at % 10, 30 + at % 7, 3.1 * at, 20.0 * 1.3**at) for at in range(28)]
"""Payments of strangers of all sums, over 84 days."""


def relations(rows: Sequence[Row]) -> Relations:
    """Of transfers (sender, receiver, day, amount)."""
    made = [(str(IDS[a]), str(IDS[b]), round(day * DAY), amount, ["T"]) for a, b, day, amount in rows]
    table = pl.DataFrame(made, schema=list(TRANSFERS), orient="row")
    return relations_of(table.with_columns(pl.from_epoch("timestamp")).cast(pl.Schema(TRANSFERS)), IDS)


def met(*rows: Row, hubs: Sequence[int] = ()) -> dict[tuple[str, tuple[int, int], tuple[int, int]], float]:
    """Bits by way and both relations, of those among the first ten customers."""
    told = relations([*rows, *NOISE])
    hub = np.isin(np.arange(len(IDS)), hubs)
    found: Meetings = meetings(told, hub)
    ends = list(zip(told.sender.tolist(), told.receiver.tolist(), strict=True))
    every = zip(found.first.tolist(), found.second.tolist(), found.way.tolist(), found.bits.tolist(), strict=True)
    return {(Way(way).name, ends[e], ends[f]): bits for e, f, way, bits in every if max(*ends[e], *ends[f]) < 10}


def test_the_three_ways_in_which_relations_meet():
    assert met((0, 1, 10, 500), (1, 2, 11, 490)).keys() == {("onward", (0, 1), (1, 2))}
    assert met((0, 1, 10, 500), (2, 1, 11, 490)).keys() == {("gathered", (0, 1), (2, 1))}
    assert met((1, 0, 10, 500), (1, 2, 11, 490)).keys() == {("scattered", (1, 0), (1, 2))}


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 2, 10, 490), (0, 1, 11, 500)],  # goes out before anything came in
        [(0, 1, 10, 500), (1, 0, 11, 490)],  # is paid back
        [(0, 1, 10, 500), (1, 2, 40, 490)],  # long after
        [(0, 1, 10, 500), (0, 1, 11, 490)],  # one relation
        [(0, 1, 10, 500)],
    ],
)
def test_what_is_no_meeting(rows: list[Row]):
    assert met(*rows) == {}


def test_nothing_meets_at_a_hub():
    assert met((0, 1, 10, 500), (1, 2, 11, 490), hubs=[1]) == {}
    assert met((0, 1, 10, 500), (1, 2, 11, 490), hubs=[0, 2])


def test_sooner_and_more_alike_is_more():
    (base,) = met((0, 1, 10, 500), (1, 2, 11, 490)).values()
    (sooner,) = met((0, 1, 10, 500), (1, 2, 10.2, 490)).values()
    (unlike,) = met((0, 1, 10, 500), (1, 2, 11, 300)).values()
    assert unlike < base < sooner


def test_many_rounds_count_once():
    (once,) = met((0, 1, 10, 500), (1, 2, 10.5, 490)).values()
    rounds = [row for week in range(6) for row in ((0, 1, 10 + 7 * week, 500), (1, 2, 10.5 + 7 * week, 490))]
    (often,) = (bits for (way, *_), bits in met(*rounds).items() if way == "onward")
    assert 0 < often < once


def test_standing_payments_make_no_fan_and_may_be_paid_on():
    rents = [(tenant, 0, 1.3 + 30 * month, 700) for month in range(3) for tenant in (1, 2, 3)]
    assert met(*rents) == {}
    assert len(met(*rents[:3])) == 3
    onward = [(0, 5, 1.8 + 30 * month, 690) for month in range(3)]
    assert {way for way, *_ in met(*rents, *onward)} == {"onward"}


def test_no_relations_do_not_meet():
    nothing = relations([])
    assert len(meetings(nothing, np.zeros(len(IDS), dtype=np.bool_)).bits) == 0

"""The picture of what happened when: everything lies inside it, and what came before it is counted."""

from datetime import date, timedelta

import pytest

from ringsight.explain.timeline import Mark, MarkKind, Timeline, TimelineSpan
from ringsight.report.timeline_chart import timeline_chart

FIRST = date(2026, 3, 1)


def spans(count: int, width: int = 2) -> tuple[TimelineSpan, ...]:
    return tuple(TimelineSpan(FIRST + timedelta(days=width * at), 10.0 * at, 5.0, 1.0) for at in range(count))


def test_nothing_to_lay_it_along_is_no_picture():
    assert timeline_chart(Timeline((), 1, (), ())) is None


@pytest.mark.parametrize("count", [1, 2, 60])
def test_everything_lies_inside_the_picture(count: int):
    marks = tuple(Mark(kind, FIRST + timedelta(days=at), "C1") for kind in MarkKind for at in range(2 * count))
    chart = timeline_chart(Timeline(spans(count), 2, marks, ("EUR",)))
    assert chart is not None
    assert len(chart.bars) == count
    for bar in chart.bars:
        assert chart.left <= bar.x < bar.x + bar.width <= chart.width
        assert bar.up <= chart.base
        assert chart.base + bar.down + bar.among < min(lane.y for lane in chart.lanes)
    for lane in chart.lanes:
        assert len(lane.ticks) == 2 * count
        assert all(chart.left <= x <= chart.width for x, _ in lane.ticks)
        assert lane.y < chart.height
    assert all(x < chart.width for x, _ in chart.dates)


def test_marks_before_the_line_are_counted_and_lanes_without_any_are_left_out():
    marks = (Mark(MarkKind.opening, FIRST - timedelta(days=900), "C1"), Mark(MarkKind.call, FIRST, "C2"))
    chart = timeline_chart(Timeline(spans(3), 2, marks, ()))
    assert chart is not None
    assert [(lane.label, len(lane.ticks), lane.earlier) for lane in chart.lanes] == [("opened", 0, 1), ("calls", 1, 0)]


def test_money_that_never_moved_is_drawn_flat():
    still = (TimelineSpan(FIRST, 0.0, 0.0, 0.0),)
    chart = timeline_chart(Timeline(still, 1, (), ()))
    assert chart is not None
    assert (chart.bars[0].up, chart.bars[0].down, chart.bars[0].among) == (0, 0, 0)

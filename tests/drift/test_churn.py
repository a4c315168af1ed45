"""What became of rings and flags between two nights."""

import polars as pl
from made_results import results_with
from two_nights import rings

from ringsight.detection.results import Results
from ringsight.drift.churn import SAME, churn


def of(members: dict[str, list[str]], flagged: set[str], **summary: object) -> Results:
    rows = [(ring, customer) for ring, customers in members.items() for customer in customers]
    table = {"ring_id": list(members), "size": [len(each) for each in members.values()]}
    return results_with(
        {"flagged": len(flagged), "customers": 50, **summary},
        rings=pl.DataFrame(table | {"flagged": [ring in flagged for ring in members]}),
        members=pl.DataFrame(rows, schema=["ring_id", "customer_id"], orient="row"),
    )


def counted(found: pl.DataFrame) -> dict[str, tuple[int, int | None]]:
    return {event: (count, flagged) for event, count, flagged in found.iter_rows() if count}


def test_rings_are_followed_by_their_members_whatever_their_ids():
    before = of({"R1": ["a", "b", "c"], "R2": ["d", "e", "f"], "R3": ["g", "h", "i"]}, {"R1", "R3"})
    now = of({"X1": ["a", "b", "c"], "X2": ["d", "e", "f", "z"], "X4": ["p", "q", "r"]}, {"X1"})
    found = churn(before, now)
    assert counted(found.events) == {SAME: (1, None), "grew": (1, 0), "born": (1, 0), "gone": (1, 1)}
    assert found.flagged_gone == 0.5
    assert found.sizes.rows() == [(3, 3, 2), (4, 0, 1)]


def test_rings_merge_and_split():
    before = of({"R1": ["a", "b", "c"], "R2": ["d", "e", "f"]}, set())
    now = of({"X1": ["a", "b", "c", "d", "e", "f"]}, set())
    assert counted(churn(before, now).events)["merged"] == (1, 0)
    assert counted(churn(now, before).events)["split"] == (1, 0)


def test_as_many_flags_are_no_surprise_and_ten_times_as_many_are():
    same, more = churn(rings(3), rings(3)), churn(rings(1), rings(12))
    assert same.flags_p_value == 1
    assert more.flags_p_value is not None
    assert more.flags_p_value < 0.01
    nothing = churn(of({}, set()), of({}, set()))
    assert nothing.flags_p_value is nothing.sizes_p_value is nothing.flagged_gone is None


def test_the_guard_and_what_a_night_does_not_say_are_told():
    guard = [{"quantile": 0.5, "shift": 0.2, "spread": 0.1, "bound": 0.3}]
    figures = churn(of({}, set()), of({}, set(), guard=guard, expected_false_flags=None)).figures
    told = {name: (before, now) for name, before, now in figures.iter_rows()}
    assert told["guard's shift at quantile 0.5, bits"] == (None, 0.2)
    assert told["expected false flags"] == (0, None)
    assert told["members of a ring, mean"] == (None, None)

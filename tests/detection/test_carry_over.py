"""Decisions carried over: they bear on the rings in which their customers are now."""

import polars as pl

from ringsight.detection.carry_over import CARRIED, carry_over
from ringsight.records.decisions import DECISIONS

MEMBERS_NOW = pl.DataFrame({"ring_id": ["R1", "R1", "R2", "R2"], "customer_id": list("abcd")})


def carried(*decided: tuple[str, str, str]) -> list[tuple[str, ...]]:
    return carry_over(pl.DataFrame(decided, schema=DECISIONS, orient="row"), MEMBERS_NOW).rows()


def test_decisions_bear_inside_a_ring_between_two_and_on_none():
    assert carried(("a", "b", "same_hand"), ("a", "c", "unsure"), ("d", "z", "different"), ("y", "z", "unsure")) == [
        ("a", "b", "same_hand", "R1", "R1", ""),
        ("a", "c", "unsure", "R1", "R2", ""),
        ("d", "z", "different", "R2", "", ""),
        ("y", "z", "unsure", "", "", ""),
    ]


def test_contradictory_decisions_are_named_directly_and_by_the_shortest_way():
    against = {row[:3]: row[5] for row in carried(("a", "b", "same_hand"), ("a", "b", "different"))}
    assert against == {("a", "b", "same_hand"): "", ("a", "b", "different"): "a b"}
    ties = [("a", "b", "same_hand"), ("b", "c", "same_hand"), ("c", "d", "same_hand"), ("b", "d", "same_hand")]
    against = {row[:3]: row[5] for row in carried(*ties, ("a", "d", "different"))}
    assert against["a", "d", "different"] == "a b d"
    assert not any(against[tie] for tie in ties)


def test_what_is_unsure_or_different_ties_nobody():
    rows = carried(("a", "b", "unsure"), ("b", "c", "different"), ("c", "d", "same_hand"), ("a", "d", "different"))
    assert all(row[5] == "" for row in rows)


def test_the_order_of_rows_and_repetition_do_not_matter():
    decided = [("a", "b", "same_hand"), ("b", "c", "same_hand"), ("a", "c", "different")]
    assert carried(*decided) == carried(*decided[::-1], *decided)


def test_no_decisions():
    table = carry_over(pl.DataFrame(schema=DECISIONS), MEMBERS_NOW)
    assert table.is_empty()
    assert table.schema == pl.Schema(CARRIED)

"""Segments that show in a space are seen, and the pairs proposed would teach it those that do not."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from two_nights import space_of, unit

from ringsight.drift.alignment import Neighbourhoods, alignment_row, by_segment, neighbourhoods, pairs_to_teach

IDS = np.array([f"C{number:03d}" for number in range(90)])
SEGMENTS = {customer: "abc"[number % 3] for number, customer in enumerate(IDS.tolist())}


def found(vectors: NDArray[np.float64] | None = None) -> Neighbourhoods:
    space = space_of(IDS, 3) if vectors is None else unit(IDS, vectors)
    near = neighbourhoods(space, SEGMENTS, 200, 5, np.random.default_rng(0))
    assert near is not None
    return near


def row(near: Neighbourhoods) -> tuple[object, ...]:
    return alignment_row(near, 0.01, 0.1, np.random.default_rng(0))


def test_segments_show_where_neighbours_share_them_and_not_where_chance_does():
    rng = np.random.default_rng(0)
    apart = np.eye(3)[np.arange(90) % 3] * 3 + rng.standard_normal((90, 3)) * 0.3
    _, customers, segments, agreement, chance, lift, p_value, shows = row(found(apart))
    assert (customers, segments, shows) == (90, 3, True)
    assert agreement == lift == 1
    assert p_value == 0.001
    assert chance == pytest.approx(29 / 89, abs=0.01)
    assert row(found())[-1] is False


def test_each_segment_has_its_own_figure():
    table = by_segment(found())
    assert table["segment"].to_list() == ["a", "b", "c"]
    assert table["customers"].to_list() == [30, 30, 30]
    near = found()
    assert table["agreement"][1] == pytest.approx(near.shared[near.codes == 1].mean())


def test_pairs_to_part_are_neighbours_of_two_segments_and_pairs_to_bring_together_are_not():
    near = found()
    pairs = pairs_to_teach(near, 40)
    place = {customer: number for number, customer in enumerate(near.customer_ids.tolist())}
    counts: dict[tuple[str, str], int] = {}
    assert 0 < len(pairs) <= 40
    for pair in pairs.iter_rows(named=True):
        a, b = place[pair["customer_a"]], place[pair["customer_b"]]
        neighbours = (b in near.nearest[a], a in near.nearest[b])
        assert pair["customer_a"] < pair["customer_b"]
        if pair["weight"] == -1:
            assert pair["segment"] != pair["segment_of_b"]
            assert neighbours == (True, True)
        else:
            assert pair["weight"] == 1
            assert pair["segment"] == pair["segment_of_b"]
            assert neighbours != (True, True)
        for customer in (pair["customer_a"], pair["customer_b"]):
            counts[customer, pair["label"]] = counts.get((customer, pair["label"]), 0) + 1
    assert set(counts.values()) == {1}
    assert set(pairs["label"]) == {"other segment", "same segment"}


def test_too_few_customers_or_segments_say_nothing():
    rng = np.random.default_rng(0)
    assert neighbourhoods(space_of(IDS, 0), {}, 200, 5, rng) is None
    assert neighbourhoods(space_of(IDS, 0), dict.fromkeys(IDS.tolist(), "a"), 200, 5, rng) is None
    assert neighbourhoods(space_of(IDS[:3], 0), SEGMENTS, 200, 5, rng) is None
    assert pairs_to_teach(found(), 0).is_empty()
    assert pl.Series(found().shared).is_between(0, 1).all()

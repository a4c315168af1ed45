"""The benchmark of pairs: mates among the nearest are counted, and gains go to whom they belong."""

import numpy as np
import pytest
from pairs import Row, _mean, mates

pytestmark = pytest.mark.slow

ROW: Row = {
    "seed": 1,
    "typology": "bust_out",
    "way": "a way",
    "told": ["A"],
    "gained": {"A": 0.5, "B": 0.2, "C": -0.1},
    "kinds": {"A": "bust_out", "B": "bust_out", "C": "patchwork"},
    "before": {"A": 0.1, "B": 0.2, "C": 0.3},
}


def test_mates_are_counted_among_as_many_as_there_can_be():
    near = np.random.default_rng(0).random((20, 20)) - 2 * np.eye(20)
    ring = np.array([0, 1, 2])
    near[np.ix_(ring, ring)] += 1
    np.fill_diagonal(near, -np.inf)
    assert mates(near, {"A": ring})["A"] == 1
    assert mates(near, {"B": np.arange(3, 20)})["B"] < 1


def test_gains_are_parted_into_rings_told_those_of_their_kind_and_others():
    assert [_mean([ROW], who) for who in ("told", "own", "others", "patchwork")] == [0.5, 0.2, -0.1, -0.1]

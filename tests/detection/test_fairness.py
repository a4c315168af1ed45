"""The fairness audit of a list: rates of protected groups, and how sure they are."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.fairness import FEWEST, fairness
from ringsight.detection.results import FAIRNESS

CUSTOMERS = 200


def condition(codes: list[int], kind: ConditionKind = ConditionKind.protected) -> Condition:
    return Condition(kind, "language", np.array(codes), ["en", "tr", "xx"])


HALVES = condition([0] * 100 + [1] * 100)
EVERYBODY = np.ones(CUSTOMERS, dtype=bool)


def rows(found: pl.DataFrame, value: str) -> dict[str, Any]:
    return found.filter(found["value"] == value).row(0, named=True)


def test_counts_and_rates_by_hand():
    found = fairness([HALVES], [np.arange(0, 4), np.array([5, 6, 150])], EVERYBODY, seed=0)
    assert dict(found.schema) == FAIRNESS
    english, turkish = rows(found, "en"), rows(found, "tr")
    assert (english["customers"], english["flagged"], english["share"]) == (100, 6, 0.06)
    assert (turkish["customers"], turkish["flagged"], turkish["share"]) == (100, 1, 0.01)
    assert english["ratio"] == pytest.approx(6.5 / 1.5)
    assert turkish["ratio"] == pytest.approx(1.5 / 6.5)
    assert english["ratio_low"] <= english["ratio"] <= english["ratio_high"]


def test_a_group_flagged_again_and_again_is_surely_above_and_a_balanced_list_is_not():
    one_sided = fairness([HALVES], [np.arange(i, i + 4) for i in range(0, 60, 4)], EVERYBODY, seed=0)
    assert rows(one_sided, "en")["ratio_low"] > 3
    mixed = fairness([HALVES], [np.array([i, i + 1, i + 100, i + 101]) for i in range(0, 60, 4)], EVERYBODY, seed=0)
    assert rows(mixed, "en")["ratio"] == pytest.approx(1)


def test_one_ring_is_less_sure_than_many():
    rng = np.random.default_rng(0)
    few = [rng.choice(CUSTOMERS, 5, replace=False) for _ in range(2)]
    many = [rng.choice(CUSTOMERS, 5, replace=False) for _ in range(30)]
    wide, narrow = (rows(fairness([HALVES], rings, EVERYBODY, seed=0), "en") for rings in (few, many))
    assert wide["ratio_high"] / wide["ratio_low"] > narrow["ratio_high"] / narrow["ratio_low"]


def test_only_those_who_count_are_counted():
    innocent = EVERYBODY.copy()
    innocent[:4] = False
    found = fairness([HALVES], [np.arange(0, 6)], innocent, seed=0)
    assert (rows(found, "en")["customers"], rows(found, "en")["flagged"]) == (96, 2)


def test_rare_values_absent_ones_and_other_kinds_are_left_out():
    rare = condition([2] * (FEWEST - 1) + [-1] * 50 + [0] * (CUSTOMERS - 50 - FEWEST + 1))
    innocent = condition([0] * CUSTOMERS, ConditionKind.innocent)
    found = fairness([rare, innocent], [np.arange(3)], EVERYBODY, seed=0)
    assert found["value"].to_list() == ["en"]


def test_without_a_flag_there_is_no_ratio_and_without_a_protected_column_no_row():
    found = fairness([HALVES], [], EVERYBODY, seed=0)
    assert found["ratio"].null_count() == len(found) == 2
    assert len(fairness([], [np.arange(3)], EVERYBODY, seed=0)) == 0

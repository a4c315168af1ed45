"""The guard: ordinary groups that corroborate more than chance worlds show say that no rate can be stated."""

from dataclasses import replace

import numpy as np
import pytest

from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.groups import Groups
from ringsight.detection.guard import FEWEST, MEDIAN, UPPER, Unrated, guard
from ringsight.detection.results import CALIBRATION

NOTES, DEVICE = Proposer("notes", "notes", spaces=(0,)), Proposer("device", "", entity=0)


def candidates_of(count: int, proposer: Proposer = NOTES) -> Candidates:
    groups = [np.arange(3 * at, 3 * at + 3) for at in range(count)]
    return Candidates((proposer,), Groups.of(groups), np.zeros(count, dtype=np.int64))


def drawn(shift: float, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=count) + shift, rng.normal(size=(40, count)).astype(np.float32)


BOUNDS = {MEDIAN: 0.3, UPPER: 1.0}
ALL = np.ones(60, dtype=np.bool_)


@pytest.mark.parametrize(("shift", "stated"), [(0.0, True), (1.5, False)])
def test_a_shift_of_ordinary_groups_is_measured_and_bounded(shift: float, stated: bool):
    watch = guard(candidates_of(60), *drawn(shift), free=ALL, bounds=BOUNDS)
    assert [(check.quantile, check.bound) for check in watch.checks] == list(BOUNDS.items())
    assert [check.shift for check in watch.checks] == pytest.approx([shift, shift], abs=0.35)
    assert all(0 < check.spread < 0.5 for check in watch.checks)
    assert watch.rate_stated == stated


def test_entity_columns_alone_state_no_rate():
    watch = guard(candidates_of(60, DEVICE), *drawn(0.0), free=ALL, bounds=BOUNDS)
    assert watch.checks == ()
    assert watch.rate_stated
    assert not replace(watch, known=Unrated.entities_alone).rate_stated


def test_a_few_segments_that_are_tied_show_in_the_upper_tenth_alone():
    corroboration, worlds = drawn(-0.2)
    corroboration[np.argsort(corroboration)[-9:]] += 8
    median, upper = guard(candidates_of(60), corroboration, worlds, ALL, BOUNDS).checks
    assert median.shift < median.bound
    assert upper.shift > upper.bound
    assert not guard(candidates_of(60), corroboration, worlds, ALL, BOUNDS).rate_stated
    assert guard(candidates_of(60), corroboration, worlds, ALL, BOUNDS | {UPPER: 9.0}).rate_stated


def test_groups_that_are_not_free_are_left_out():
    corroboration, worlds = drawn(0.0)
    corroboration[:20] += 20
    whole = guard(candidates_of(60), corroboration, worlds, ALL, bounds=BOUNDS)
    without = guard(candidates_of(60), corroboration, worlds, np.arange(60) >= 20, bounds=BOUNDS)
    assert whole.checks[0].shift > without.checks[0].shift + 0.3
    assert without.calibration["observed"].to_numpy().max() < 10


def test_the_calibration_tells_quantiles_of_the_bank_and_of_chance():
    corroboration, worlds = drawn(0.0)
    table = guard(candidates_of(60), corroboration, worlds, ALL, bounds=BOUNDS).calibration
    assert dict(table.schema) == CALIBRATION
    np.testing.assert_allclose(table["observed"], np.quantile(corroboration, table["quantile"]))
    quantiles = np.quantile(worlds, table["quantile"], axis=1)
    np.testing.assert_allclose(table["chance"], quantiles.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(table["spread"], quantiles.std(axis=1), rtol=1e-5)


@pytest.mark.parametrize("candidates", [candidates_of(FEWEST - 1), candidates_of(60, DEVICE)])
def test_few_groups_and_those_of_entity_columns_tell_nothing(candidates: Candidates):
    count = candidates.groups.count
    watch = guard(candidates, np.full(count, 9.0), np.zeros((10, count), dtype=np.float32), ALL[:count], bounds=BOUNDS)
    assert (watch.checks, len(watch.calibration)) == ((), 0)
    assert watch.rate_stated


def test_with_one_kind_of_record_no_rate_is_stated():
    watch = guard(candidates_of(60), *drawn(0.0), free=ALL, bounds=BOUNDS)
    assert watch.rate_stated
    assert not replace(watch, known=Unrated.one_kind).rate_stated

"""The guard: ordinary groups that corroborate more than chance worlds show say that no rate can be stated."""

import numpy as np
import pytest

from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.groups import Groups
from ringsight.detection.guard import FEWEST, guard
from ringsight.detection.results import CALIBRATION

NOTES, DEVICE = Proposer("notes", "notes", spaces=(0,)), Proposer("device", "", entity=0)


def candidates_of(count: int, proposer: Proposer = NOTES) -> Candidates:
    groups = [np.arange(3 * at, 3 * at + 3) for at in range(count)]
    return Candidates((proposer,), Groups.of(groups), np.zeros(count, dtype=np.int64))


def drawn(shift: float, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=count) + shift, rng.normal(size=(40, count)).astype(np.float32)


ALL = np.ones(60, dtype=np.bool_)


@pytest.mark.parametrize(("shift", "stated"), [(0.0, True), (1.5, False)])
def test_a_shift_of_ordinary_groups_is_measured_and_bounded(shift: float, stated: bool):
    watch = guard(candidates_of(60), *drawn(shift), free=ALL, bound=0.3)
    assert watch.shift == pytest.approx(shift, abs=0.35)
    assert watch.rate_stated == stated
    assert 0 < watch.spread < 0.5


def test_groups_that_are_not_free_are_left_out():
    corroboration, worlds = drawn(0.0)
    corroboration[:20] += 20
    whole = guard(candidates_of(60), corroboration, worlds, ALL, bound=0.3)
    without = guard(candidates_of(60), corroboration, worlds, np.arange(60) >= 20, bound=0.3)
    assert whole.shift > without.shift + 0.3
    assert without.calibration["observed"].to_numpy().max() < 10


def test_the_calibration_tells_quantiles_of_the_bank_and_of_chance():
    corroboration, worlds = drawn(0.0)
    table = guard(candidates_of(60), corroboration, worlds, ALL, bound=0.3).calibration
    assert dict(table.schema) == CALIBRATION
    np.testing.assert_allclose(table["observed"], np.quantile(corroboration, table["quantile"]))
    quantiles = np.quantile(worlds, table["quantile"], axis=1)
    np.testing.assert_allclose(table["chance"], quantiles.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(table["spread"], quantiles.std(axis=1), rtol=1e-5)


@pytest.mark.parametrize("candidates", [candidates_of(FEWEST - 1), candidates_of(60, DEVICE)])
def test_few_groups_and_those_of_entity_columns_tell_nothing(candidates: Candidates):
    count = candidates.groups.count
    watch = guard(candidates, np.full(count, 9.0), np.zeros((10, count), dtype=np.float32), ALL[:count], bound=0.3)
    assert (watch.shift, watch.spread, len(watch.calibration)) == (0.0, 0.0, 0)
    assert watch.rate_stated

"""Agreement: strangers agree as much as chance says, members of a tight group by many bits."""

import numpy as np
import polars as pl
import pytest
from simulated_bank import simulate

from ringsight.detection.agreement import Calibration, Groups, calibrate, entity_agreement, pair_evidence
from ringsight.graph.sources import CHANCE_BITS, SpaceSource, entity_sources, space_source

N = 300


@pytest.fixture(scope="module")
def trace() -> SpaceSource:
    """300 strangers."""
    simulation = simulate(1, customers=N, rings=0)
    embeddings = simulation.embeddings["notes"]
    return space_source(embeddings, simulation.bank.customer_ids, keep=30)


@pytest.fixture(scope="module")
def calibration(trace: SpaceSource) -> Calibration:
    return calibrate(trace, seed=0)


def agreement(trace: SpaceSource, calibration: Calibration, groups: list[np.ndarray]) -> np.ndarray:
    evidence = pair_evidence(trace, Groups.of(groups), np.arange(N))
    return calibration.bits(evidence.mean, evidence.size)


def random_groups(size: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng([size, count])
    return [np.sort(rng.choice(N, size, replace=False)) for _ in range(count)]


@pytest.mark.parametrize("size", [2, 3, 6, 20])
def test_random_groups_agree_as_chance_says(trace: SpaceSource, calibration: Calibration, size: int):
    share = 2.0 ** -(agreement(trace, calibration, random_groups(size, 3000)) + CHANCE_BITS)
    # uniform: a deviation of 0.05 is beyond four standard errors of two samples, of 3000 and of 2000
    for expected in (0.01, 0.05, 0.2, 0.5, 0.9):
        assert (share <= expected).mean() == pytest.approx(expected, abs=max(0.05 * np.sqrt(expected), 0.01))


def test_random_groups_agree_by_nothing_on_average(trace: SpaceSource, calibration: Calibration):
    assert agreement(trace, calibration, random_groups(5, 3000)).mean() == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("size", [3, 6, 12, 80])
def test_a_tight_group_agrees_by_many_bits(size: int):
    simulation = simulate(2, customers=N, rings=0)
    embeddings = simulation.embeddings["notes"]
    vectors = np.array(embeddings.vectors)
    vectors[:size] = vectors[0] + 0.3 * vectors[:size]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tight = type(embeddings)("notes", embeddings.customer_ids, vectors, "model", "data")
    trace = space_source(tight, embeddings.customer_ids, keep=30)
    group, others = np.arange(size), np.arange(100, 100 + size)
    bits = agreement(trace, calibrate(trace, seed=0), [group, others])
    assert bits[0] > 12
    assert bits[1] < 8
    # no group shows more than all of its pairs together do, in both directions
    assert bits[0] < 2 * trace.pair_bits(group[:-1], group[1:]).max() * size * (size - 1) / 2


@pytest.mark.parametrize("size", [2, 64, 65, 200])
def test_each_member_is_compared_with_up_to_64_others_and_no_pair_twice(size: int):
    groups = Groups.of([np.arange(10, 13), np.arange(size)])
    inside = groups.group[groups.left] == 1
    pairs = {frozenset(pair) for pair in zip(groups.left[inside], groups.right[inside], strict=True)}
    assert len(pairs) == inside.sum()
    times = np.bincount(np.r_[groups.left[inside], groups.right[inside]] - 3)
    assert set(times.tolist()) == {min(size - 1, 64)}
    np.testing.assert_array_equal(groups.group[groups.left], groups.group[groups.right])


def test_no_groups_no_pairs(trace: SpaceSource, calibration: Calibration):
    assert len(agreement(trace, calibration, [])) == 0


def test_those_without_the_modality_do_not_count():
    have = np.arange(N) % 3 != 0
    simulation = simulate(3, customers=N, rings=0, present={"notes": have})
    trace = space_source(simulation.embeddings["notes"], simulation.bank.customer_ids, keep=30)
    groups = [np.array([1, 2, 4]), np.array([0, 1, 2, 3, 4, 6]), np.array([0, 1, 3]), np.array([0, 3, 6])]
    evidence = pair_evidence(trace, Groups.of(groups), np.arange(N))
    assert evidence.size.tolist() == [3, 3, 0, 0]
    assert evidence.mean[0] == evidence.mean[1]
    bits = calibrate(trace, seed=0).bits(evidence.mean, evidence.size)
    assert bits[0] == bits[1]
    np.testing.assert_array_equal(bits[2:], 0.0)


def test_a_shared_device_counts_its_coincidence():
    devices = ["a"] * 3 + [f"own {i}" for i in range(95)] + [None, None]
    (trace,) = entity_sources(pl.DataFrame({"device": devices}), ["device"], cap=10)
    groups = Groups.of([np.arange(3), np.arange(6), np.arange(10, 16), np.array([0, 98, 99]), np.array([98, 99])])
    rarity = np.log2(98 / 3)
    bits = entity_agreement(trace, groups, np.arange(100))
    np.testing.assert_allclose(bits, [2 * rarity, 2 * rarity - np.log2(20), 0, 0, 0])
    assert len(entity_agreement(trace, Groups.of([]), np.arange(100))) == 0


def test_a_value_beyond_the_cap_is_no_agreement():
    (trace,) = entity_sources(pl.DataFrame({"device": ["a"] * 11 + ["b"] * 3}), ["device"], cap=10)
    bits = entity_agreement(trace, Groups.of([np.arange(4), np.arange(11, 14)]), np.arange(14))
    assert bits[0] == 0
    assert bits[1] > 0

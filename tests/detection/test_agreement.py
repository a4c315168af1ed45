"""Agreement: strangers agree as much as chance says, a tight group by many bits, a pair and strangers by one tie."""

import numpy as np
import polars as pl
import pytest
from simulated_bank import simulate

from ringsight.detection.agreement import Calibration, calibrate, entity_agreement, pair_means
from ringsight.detection.groups import Groups
from ringsight.graph.sources import CHANCE_BITS, SpaceSource, entity_sources, space_source

N = 300
EVERYBODY = np.arange(N)


@pytest.fixture(scope="module")
def space() -> SpaceSource:
    """300 strangers."""
    simulation = simulate(1, customers=N, rings=0)
    return space_source(simulation.embeddings["notes"], simulation.bank.customer_ids, keep=30)


@pytest.fixture(scope="module")
def calibration(space: SpaceSource) -> Calibration:
    return calibrate(space, seed=0)


def tight(alike: int, seed: int = 2) -> SpaceSource:
    """300 customers of whom the first few are alike."""
    embeddings = simulate(seed, customers=N, rings=0).embeddings["notes"]
    vectors = np.array(embeddings.vectors)
    vectors[:alike] = vectors[0] + 0.3 * vectors[:alike]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    changed = type(embeddings)("notes", embeddings.customer_ids, vectors, "model", "data")
    return space_source(changed, embeddings.customer_ids, keep=30)


def agreement(space: SpaceSource, calibration: Calibration, groups: list[np.ndarray]) -> np.ndarray:
    means = pair_means([space], Groups.of(groups), [EVERYBODY])
    return calibration.bits(means.full[0], means.size[0])


def random_groups(size: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng([size, count])
    return [np.sort(rng.choice(N, size, replace=False)) for _ in range(count)]


@pytest.mark.parametrize("size", [2, 3, 6, 20])
def test_random_groups_agree_as_chance_says(space: SpaceSource, calibration: Calibration, size: int):
    share = 2.0 ** -(agreement(space, calibration, random_groups(size, 3000)) + CHANCE_BITS)
    # uniform: a deviation of 0.05 is beyond four standard errors of two samples, of 3000 and of 2000
    for expected in (0.01, 0.05, 0.2, 0.5, 0.9):
        assert (share <= expected).mean() == pytest.approx(expected, abs=max(0.05 * np.sqrt(expected), 0.01))


def test_random_groups_agree_by_nothing_on_average(space: SpaceSource, calibration: Calibration):
    assert agreement(space, calibration, random_groups(5, 3000)).mean() == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("size", [3, 6, 12, 80])
def test_a_tight_group_agrees_by_many_bits(size: int):
    space = tight(size)
    group, others = np.arange(size), np.arange(100, 100 + size)
    bits = agreement(space, calibrate(space, seed=0), [group, others])
    assert bits[0] > 12
    assert bits[1] < 8
    # no group shows more than all of its pairs together do, in both directions
    assert bits[0] < 2 * space.pair_bits(group[:-1], group[1:]).max() * size * (size - 1) / 2


def test_the_share_of_random_groups_is_counted_size_by_size(calibration: Calibration):
    sizes = np.array([2, 5, 5, 40])
    means = np.array([3.0, 1.2, 1.9, 1.45])
    for size, mean, bits in zip(sizes, means, calibration.bits(means, sizes), strict=True):
        share = (calibration.means[size] >= mean).mean()
        if share > 0.02:  # beyond, a tail is fitted
            assert bits == pytest.approx(-np.log2(share) - CHANCE_BITS)


@pytest.mark.parametrize("seed", range(3))
def test_means_of_pairs_by_hand(seed: int):
    rng = np.random.default_rng(seed)
    spaces = [tight(0, seed=3), tight(40, seed=4)]
    owners = [rng.permutation(N), EVERYBODY]
    groups = Groups.of([np.sort(rng.choice(N, size, replace=False)) for size in (2, 3, 7)])
    means = pair_means(spaces, groups, owners)
    for number in range(groups.count):
        members = groups[number]
        a, b = (members[at] for at in np.triu_indices(len(members), 1))
        bits = [space.pair_bits(owner[a], owner[b]) for space, owner in zip(spaces, owners, strict=True)]
        total = bits[0] + bits[1]
        ties = [int(np.flatnonzero((a == m) | (b == m))[np.argmax(total[(a == m) | (b == m)])]) for m in members]
        for place in range(2):
            assert means.full[place, number] == pytest.approx(bits[place].mean())
            rest = 2 * bits[place].sum() - bits[place][ties].sum()
            assert means.second[place, number] == pytest.approx(rest / max(2 * len(a) - len(ties), 1))


def test_a_pair_and_strangers_agree_by_the_pair_alone():
    space = tight(2)
    calibration = calibrate(space, seed=0)
    ring_space = tight(6)
    groups = Groups.of([np.array([0, 1, 50, 60, 70, 80])])
    of_pair = pair_means([space], groups, [EVERYBODY])
    of_ring = pair_means([ring_space], Groups.of([np.arange(6)]), [EVERYBODY])
    assert calibration.bits(of_pair.second[0], of_pair.size[0])[0] < 4
    assert calibrate(ring_space, seed=0).bits(of_ring.second[0], of_ring.size[0])[0] > 10


def test_no_groups_no_pairs(space: SpaceSource, calibration: Calibration):
    assert len(agreement(space, calibration, [])) == 0


def test_those_without_the_modality_do_not_count():
    have = np.arange(N) % 3 != 0
    simulation = simulate(3, customers=N, rings=0, present={"notes": have})
    space = space_source(simulation.embeddings["notes"], simulation.bank.customer_ids, keep=30)
    groups = [np.array([1, 2, 4]), np.array([0, 1, 2, 3, 4, 6]), np.array([0, 1, 3]), np.array([0, 3, 6])]
    means = pair_means([space], Groups.of(groups), [EVERYBODY])
    assert means.size[0].tolist() == [3, 3, 0, 0]
    assert means.full[0, 0] == means.full[0, 1]
    bits = calibrate(space, seed=0).bits(means.full[0], means.size[0])
    assert bits[0] == bits[1]
    np.testing.assert_array_equal(bits[2:], 0.0)


def test_a_shared_device_counts_its_coincidence():
    devices = ["a"] * 3 + [f"own {i}" for i in range(95)] + [None, None]
    (source,) = entity_sources(pl.DataFrame({"device": devices}), ["device"], cap=10)
    groups = Groups.of([np.arange(3), np.arange(6), np.arange(10, 16), np.array([0, 98, 99]), np.array([98, 99])])
    rarity = np.log2(98 / 3)
    found = entity_agreement(source, groups, np.arange(100))
    np.testing.assert_allclose(found.full, [2 * rarity, 2 * rarity - np.log2(20), 0, 0, 0])
    np.testing.assert_allclose(found.second, [rarity, max(rarity - np.log2(20), 0), 0, 0, 0])
    assert len(entity_agreement(source, Groups.of([]), np.arange(100)).full) == 0


def test_a_device_that_two_share_is_no_second_tie():
    devices = ["a"] * 2 + [f"own {i}" for i in range(98)]
    (source,) = entity_sources(pl.DataFrame({"device": devices}), ["device"], cap=10)
    found = entity_agreement(source, Groups.of([np.arange(3)]), np.arange(100))
    assert found.full[0] > 3
    assert found.second[0] == 0


def test_a_value_beyond_the_cap_is_no_agreement():
    (source,) = entity_sources(pl.DataFrame({"device": ["a"] * 11 + ["b"] * 3}), ["device"], cap=10)
    bits = entity_agreement(source, Groups.of([np.arange(4), np.arange(11, 14)]), np.arange(14)).full
    assert bits[0] == 0
    assert bits[1] > 0


def several(values: list[list[str]]) -> pl.DataFrame:
    return pl.DataFrame({"device": [*values, *([f"own {i}"] for i in range(100 - len(values)))]})


def test_members_who_share_two_values_do_not_agree_twice():
    (once,) = entity_sources(several([["a"]] * 3), ["device"], cap=10)
    (twice,) = entity_sources(several([["a", "b"]] * 3), ["device"], cap=10)
    groups = Groups.of([np.arange(3), np.arange(6)])
    one, other = (entity_agreement(source, groups, np.arange(100)) for source in (once, twice))
    np.testing.assert_allclose(one.full, other.full)
    np.testing.assert_allclose(one.second, other.second)


def test_a_member_counts_by_the_value_that_most_of_the_group_have():
    """Also where all of them have a hub, which is worth nothing."""
    hub = [[f"own hub {i}", "hub"] for i in range(12)]
    (plain,) = entity_sources(several([["a"]] * 4), ["device"], cap=10)
    (source,) = entity_sources(several([["hub", "a"], ["b", "a", "hub"], ["a", "b"], ["c", "a"], *hub]), ["device"], 10)
    group = Groups.of([np.arange(4)])
    one, other = (entity_agreement(each, group, np.arange(100)).full[0] for each in (plain, source))
    assert one == pytest.approx(other)

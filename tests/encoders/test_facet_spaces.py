"""The spaces that facets are made of: what they keep of similarities, and what says nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from ringsight.encoders.bag_space import COMMON, fit_bags, leading_axes
from ringsight.encoders.even_space import fit_even
from ringsight.encoders.facets import unit_or_zero
from ringsight.encoders.projection import bucket_of, buckets_of, random_axes

BUCKETS = 400


def bags(seed: int = 0, n: int = 60, held: int = 12) -> NDArray[np.float64]:
    """Bags of things that several hold, none of them too common."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, BUCKETS))
    for row in rows:
        row[rng.choice(BUCKETS // 2, held, replace=False)] = 1
    return rows


def similarities(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    unit = unit_or_zero(vectors)
    return unit @ unit.T


def test_similarities_of_bags_are_kept_where_there_are_directions_enough() -> None:
    rows = bags()
    space = fit_bags(sparse.csr_array(rows), dim=60)
    shared = (rows > 0).sum(axis=0)
    weighed = rows * space.rarity * (shared >= 2)
    np.testing.assert_allclose(similarities(space.apply(sparse.csr_array(rows))), similarities(weighed), atol=0.1)


def test_the_leading_directions_are_those_of_the_singular_values() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 30)) * 0.7 ** np.arange(30)
    axes = leading_axes(sparse.csr_array(rows), 5)
    _, _, expected = np.linalg.svd(rows)
    np.testing.assert_allclose(np.abs(axes.T @ expected[:5].T), np.eye(5), atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (3, 0)])
def test_next_to_no_bags_have_next_to_no_directions(shape: tuple[int, int]) -> None:
    assert leading_axes(sparse.csr_array(np.ones(shape)), 4).shape[1] <= min(shape)
    assert fit_bags(sparse.csr_array(np.ones((shape[0], BUCKETS))), 4).apply(
        sparse.csr_array(np.ones((2, BUCKETS)))
    ).shape == (2, 4)


def test_what_many_have_says_nothing_and_what_is_rare_says_most() -> None:
    rows = bags()
    rows[: int(60 * COMMON) + 1, -1] = 1
    rows[:2, -2] = 1
    space = fit_bags(sparse.csr_array(rows), dim=30)
    assert space.rarity[-1] == 0 < space.rarity[-2]
    assert space.rarity[-2] == space.rarity.max()
    only_common = np.zeros((1, BUCKETS))
    only_common[0, -1] = 1
    assert not space.apply(sparse.csr_array(only_common)).any()


def test_newcomers_who_share_what_nobody_had_are_near_each_other() -> None:
    space = fit_bags(sparse.csr_array(bags()), dim=64)
    newcomers = np.zeros((3, BUCKETS))
    newcomers[:2, -20:-10] = 1
    newcomers[2, -10:] = 1
    alike = similarities(space.apply(sparse.csr_array(newcomers)))
    assert alike[0, 1] == pytest.approx(1, abs=1e-5)
    assert abs(alike[0, 2]) < 0.5


def test_unseen_things_can_be_left_out() -> None:
    newcomer = np.zeros((1, BUCKETS))
    newcomer[0, -5:] = 1
    assert not fit_bags(sparse.csr_array(bags()), 16, unseen=0).apply(sparse.csr_array(newcomer)).any()


def test_a_random_projection_is_fixed_and_keeps_lengths() -> None:
    axes = random_axes(np.arange(500), 256).toarray()
    np.testing.assert_array_equal(axes, random_axes(np.arange(500), 256).toarray())
    assert np.mean(np.square(axes).sum(axis=1)) == pytest.approx(1, abs=0.05)
    assert np.abs((axes @ axes.T)[~np.eye(500, dtype=bool)]).mean() < 0.1


def test_buckets_depend_on_the_thing_alone() -> None:
    assert bucket_of("shop", 100) == bucket_of("shop", 100)
    numbers = np.arange(-1000, 1000)
    counts = np.bincount(buckets_of(numbers, 10), minlength=10)
    assert counts.min() > 100
    np.testing.assert_array_equal(buckets_of(numbers[5:6], 10), buckets_of(numbers, 10)[5:6])


def test_measures_are_evened_out_whatever_their_units() -> None:
    rng = np.random.default_rng(0)
    measures = rng.normal(size=(400, 6)) * 10.0 ** np.arange(-2, 4) + 5
    vectors = fit_even(measures, dim=6, ridge=0.1, scaled=True).apply(measures)
    spread = np.linalg.eigvalsh(np.cov(vectors, rowvar=False))
    assert spread.max() < 1.5 * spread.min()


def test_measures_that_do_not_vary_say_nothing() -> None:
    same = np.full((20, 4), 0.37, dtype=np.float32)
    for scaled in (True, False):
        assert not fit_even(same, dim=4, ridge=0.1, scaled=scaled).apply(same).any()


def test_one_absurd_measure_does_not_drown_the_others() -> None:
    measures = np.random.default_rng(0).normal(size=(200, 5))
    absurd = measures.copy()
    absurd[0, 0] = 1e12
    without, after = (fit_even(each, 5, 0.1, scaled=True).apply(each) for each in (measures[:, 1:], absurd))
    np.testing.assert_allclose(similarities(without)[1:, 1:], similarities(after)[1:, 1:], atol=0.1)

"""Error rates: p-values and q-values against chance worlds, and what they promise."""

import numpy as np
import pytest
from scipy.stats import binom

from ringsight.detection.error_rate import Chance


def test_counted_by_hand():
    observed, null = np.array([9.0, 4.0, 1.0]), np.array([5.0, 4.0, 2.0, 2.0, 0.5])
    chance = Chance(null, worlds=9)
    np.testing.assert_allclose(chance.p_values(observed), [1 / 6, 3 / 6, 5 / 6])
    np.testing.assert_allclose(chance.expected_false(observed), [1 / 10, 3 / 10, 5 / 10])
    np.testing.assert_allclose(chance.q_values(observed), [0.1, 0.15, 0.5 / 3])


def test_a_ring_is_flagged_along_with_better_company():
    # the second alone would cost 0.2 / 2, but all three together cost 0.2 / 3
    observed, null = np.array([9.0, 4.0, 4.0]), np.array([4.5])
    np.testing.assert_allclose(Chance(null, worlds=9).q_values(observed), [0.2 / 3] * 3)


@pytest.mark.parametrize("seed", range(20))
def test_q_values_rise_and_never_claim_more_than_the_worlds_can_show(seed: int):
    rng = np.random.default_rng(seed)
    rings, worlds = int(rng.integers(1, 40)), int(rng.integers(1, 60))
    observed = np.sort(np.round(rng.exponential(2.0, rings), 1))[::-1]
    q = Chance(np.round(rng.exponential(1.0, rings * worlds), 1), worlds).q_values(observed)
    assert (np.diff(q) >= 0).all()
    assert q.min() >= 1 / (worlds + 1) / rings
    assert q.max() <= 1
    for score in np.unique(observed):
        assert len(np.unique(q[observed == score])) == 1


def test_no_rate_is_above_one():
    chance = Chance(np.full(60, 4.0), worlds=20)
    np.testing.assert_array_equal(chance.q_values(np.array([3.0, 2.0])), [1.0, 1.0])
    assert chance.expected_false(np.array([3.0]))[0] > 2


def test_what_chance_shows_at_the_very_score_counts():
    chance = Chance(np.array([4.0, 4.0, 3.0]), worlds=9)
    np.testing.assert_allclose(chance.p_values(np.array([4.0, 4.01])), [3 / 4, 1 / 4])
    np.testing.assert_allclose(chance.q_values(np.array([4.0, 4.0])), [0.3 / 2] * 2)


def test_more_chance_rings_make_nothing_surer():
    rng = np.random.default_rng(0)
    observed, null = np.sort(rng.exponential(2.0, 30))[::-1], rng.exponential(1.0, 200)
    assert (Chance(np.r_[null, 3.0, 9.0], 20).q_values(observed) >= Chance(null, 20).q_values(observed)).all()


def test_no_rings():
    nothing = np.zeros(0)
    chance = Chance(np.ones(3), worlds=5)
    assert len(chance.q_values(nothing)) == len(chance.p_values(nothing)) == len(chance.expected_false(nothing)) == 0


@pytest.mark.parametrize("fdr", [0.05, 0.2])
def test_where_all_is_chance_few_runs_flag_anything(fdr: float):
    rng = np.random.default_rng(11)
    runs, worlds = 500, 100
    flagged = 0
    for _ in range(runs):
        observed = np.sort(rng.exponential(size=rng.poisson(30)))[::-1]
        null = rng.exponential(size=rng.poisson(30 * worlds))
        flagged += bool((Chance(null, worlds).q_values(observed) <= fdr).any())
    # a tenth more than the rate for what the plug-in estimate lets through, then one in ten thousand
    assert flagged <= binom.ppf(0.9999, runs, 1.1 * fdr)
    assert flagged >= binom.ppf(0.0001, runs, 0.5 * fdr)  # nor is the rate thrown away


def test_among_true_rings_the_false_ones_keep_to_the_rate():
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(200):
        true, false = 12 + rng.exponential(size=10), rng.exponential(size=30)
        scores = np.r_[true, false]
        order = np.argsort(-scores)
        flagged = order[Chance(rng.exponential(size=30 * 50), 50).q_values(scores[order]) <= 0.1]
        assert set(range(10)) <= set(flagged.tolist())
        shares.append((flagged >= 10).mean())
    assert np.mean(shares) <= 0.1 + 4 * np.std(shares) / np.sqrt(200)


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_the_rings_does_not_matter(seed: int):
    rng = np.random.default_rng(seed)
    observed, chance = np.round(rng.exponential(2.0, 25), 1), Chance(rng.exponential(1.0, 300), 20)
    order = rng.permutation(25)
    np.testing.assert_array_equal(chance.q_values(observed[order]), chance.q_values(observed)[order])


def test_a_chance_that_shows_no_ring_at_all_still_claims_no_rate_of_zero():
    np.testing.assert_allclose(Chance(np.zeros(0), worlds=19).q_values(np.array([5.0, 5.0])), [0.025, 0.025])
    np.testing.assert_allclose(Chance(np.zeros(0), worlds=19).p_values(np.array([5.0])), [1.0])


@pytest.mark.parametrize("seed", range(10))
def test_a_ring_of_another_score_is_judged_in_the_company_of_the_others(seed: int):
    rng = np.random.default_rng(seed)
    observed, chance = rng.exponential(3.0, 12), Chance(rng.exponential(1.0, 300), 30)
    q = chance.q_values(observed)
    for ring, score in enumerate(observed):
        others = np.delete(observed, ring)
        assert chance.q_if(score, others) == q[ring]
        assert chance.q_if(score + 1.0, others) <= q[ring] <= chance.q_if(score - 1.0, others)


def test_alone_a_ring_is_judged_by_itself():
    chance = Chance(np.array([1.0, 3.0]), worlds=9)
    assert chance.q_if(2.0, np.zeros(0)) == pytest.approx(0.2)

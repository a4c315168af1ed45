"""Error rates: p-values and q-values against chance worlds, and what they promise."""

import numpy as np
import pytest
from scipy.stats import binom

from ringsight.rings.error_rate import expected_false, p_values, q_values


def test_counted_by_hand():
    observed, null = np.array([9.0, 4.0, 1.0]), np.array([5.0, 4.0, 2.0, 2.0, 0.5])
    np.testing.assert_allclose(p_values(observed, null), [1 / 6, 3 / 6, 5 / 6])
    np.testing.assert_allclose(expected_false(observed, null, 9), [1 / 10, 3 / 10, 5 / 10])
    np.testing.assert_allclose(q_values(observed, null, 9), [0.1, 0.15, 0.5 / 3])


def test_a_ring_is_flagged_along_with_better_company():
    # the second alone would cost 0.2 / 2, but all three together cost 0.2 / 3
    observed, null = np.array([9.0, 4.0, 4.0]), np.array([4.5])
    np.testing.assert_allclose(q_values(observed, null, 9), [0.2 / 3] * 3)


@pytest.mark.parametrize("seed", range(20))
def test_q_values_rise_and_never_claim_more_than_the_worlds_can_show(seed: int):
    rng = np.random.default_rng(seed)
    rings, worlds = int(rng.integers(1, 40)), int(rng.integers(1, 60))
    observed = np.sort(np.round(rng.exponential(2.0, rings), 1))[::-1]
    q = q_values(observed, np.round(rng.exponential(1.0, rings * worlds), 1), worlds)
    assert (np.diff(q) >= 0).all()
    assert q.min() >= 1 / (worlds + 1) / rings
    assert q.max() <= 1
    for score in np.unique(observed):
        assert len(np.unique(q[observed == score])) == 1


def test_more_chance_rings_make_nothing_surer():
    rng = np.random.default_rng(0)
    observed, null = np.sort(rng.exponential(2.0, 30))[::-1], rng.exponential(1.0, 200)
    assert (q_values(observed, np.r_[null, 3.0, 9.0], 20) >= q_values(observed, null, 20)).all()


def test_no_rings():
    nothing = np.zeros(0)
    assert len(q_values(nothing, np.ones(3), 5)) == len(p_values(nothing, np.ones(3))) == 0


@pytest.mark.parametrize("fdr", [0.05, 0.2])
def test_where_all_is_chance_few_runs_flag_anything(fdr: float):
    rng = np.random.default_rng(11)
    runs, worlds = 500, 100
    flagged = 0
    for _ in range(runs):
        observed = np.sort(rng.exponential(size=rng.poisson(30)))[::-1]
        null = rng.exponential(size=rng.poisson(30 * worlds))
        flagged += bool((q_values(observed, null, worlds) <= fdr).any())
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
        flagged = order[q_values(scores[order], rng.exponential(size=30 * 50), 50) <= 0.1]
        assert set(range(10)) <= set(flagged.tolist())
        shares.append((flagged >= 10).mean())
    assert np.mean(shares) <= 0.1 + 4 * np.std(shares) / np.sqrt(200)

"""Rarity: the share of chance figures in bits, and a tail that never falls off a cliff."""

import numpy as np
import pytest

from ringsight.detection.rarity import TAIL, rarity_bits


@pytest.fixture
def chance() -> np.ndarray:
    """Exponential figures: the share at or above x is 2^-x."""
    return np.sort(-np.log2(np.random.default_rng(0).random(4000)))


def test_rarity_is_minus_log2_of_the_share(chance: np.ndarray):
    given = np.array([-1.0, 0.0, 0.5, 1.0, 3.0])
    shares = [(chance >= value).mean() for value in given]
    np.testing.assert_allclose(rarity_bits(given, chance, 1e-3), -np.log2(shares))


def test_the_tail_goes_on_beyond_all_chance_figures(chance: np.ndarray):
    given = np.array([10.0, 20.0, 40.0])
    np.testing.assert_allclose(rarity_bits(given, chance, 1e-3), given, rtol=0.15)


def test_the_higher_the_rarer(chance: np.ndarray):
    bits = rarity_bits(np.linspace(-1, 50, 500), chance, 1e-3)
    assert (np.diff(bits) >= 0).all()
    assert np.isfinite(bits).all()


@pytest.mark.parametrize("chance", [np.zeros(1), np.zeros(20), np.full(500, 3.0), np.r_[np.zeros(19), 4.0]])
def test_without_any_excess_to_learn_from_the_tail_falls_as_slowly_as_it_is_told(chance: np.ndarray):
    top = chance[-1]
    bits = rarity_bits(np.array([top, top + 2.0]), chance, least_scale=float(np.log2(np.e)))
    assert bits[0] >= 0
    assert bits[1] == pytest.approx(2.0 - np.log2(TAIL))  # a bit for a bit


def test_nothing_given_nothing_said(chance: np.ndarray):
    assert len(rarity_bits(np.zeros(0), chance, 1.0)) == 0

"""The interval that holds at every look: a second implementation, and many looks at nothing."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from ringsight.experiments.sequential import WARM_UP, looks, mixture_for, sequential_width


@pytest.mark.parametrize(
    ("units", "deviation", "confidence"), [(50, 1.0, 0.95), (1_000, 3.0, 0.9), (20_000, 0.2, 0.99)]
)
def test_the_width_is_where_the_mixture_of_likelihood_ratios_reaches_its_bound(
    units: int, deviation: float, confidence: float
):
    spread = mixture_for(5_000, confidence) * deviation

    def mixed(mean: float) -> float:
        """Likelihood ratio against 0, over means drawn from a normal prior: by numerical integration."""
        peak = mean * units * spread**2 / (units * spread**2 + deviation**2)
        width = 1 / math.sqrt(units / deviation**2 + 1 / spread**2)
        value, _ = quad(
            lambda true: math.exp(units * (true * mean - true**2 / 2) / deviation**2) * norm.pdf(true, scale=spread),
            peak - 12 * width, peak + 12 * width, epsabs=0, epsrel=1e-9,
        )  # fmt: skip
        return value

    bound = 1 / (1 - confidence)
    reached = brentq(lambda mean: math.log(mixed(mean) / bound), 1e-9, 10 * deviation / math.sqrt(units))
    ours = sequential_width(np.array([deviation]), np.array([units]), 5_000, confidence)[0]
    assert ours == pytest.approx(reached, rel=1e-6)


def test_it_is_the_tightest_where_it_was_asked_to_be():
    units = np.array([1_000])
    widths = {at: sequential_width(np.ones(1), units, at)[0] for at in (100, 1_000, 10_000)}
    assert min(widths, key=lambda at: widths[at]) == 1_000


def test_looking_at_nothing_again_and_again_finds_nothing():
    rng = np.random.default_rng(0)
    at = np.arange(100, 2_001, 20)
    once, always = [], []
    for _ in range(300):
        told = looks(rng.exponential(size=2_000), rng.random(2_000) < 0.5, 1_000, 0.95, at)
        once.append(bool((told["difference"].abs() > 1.96 * told["error"]).any()))
        always.append(bool(((told["low"] > 0) | (told["high"] < 0)).any()))
    assert np.mean(once) > 0.2
    assert np.mean(always) < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 300)


def test_no_interval_before_both_arms_have_enough_units():
    treated = np.arange(400) % 4 == 0
    told = looks(np.random.default_rng(0).normal(size=400), treated, 1_000, 0.95, np.arange(1, 401))
    assert told["units"][0] == 4 * (WARM_UP - 1) + 1
    assert looks(np.zeros(0), np.zeros(0, bool), 1_000, 0.95, np.zeros(0, np.int64)).is_empty()

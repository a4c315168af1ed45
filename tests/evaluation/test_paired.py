"""Two models on the same units: the interval holds, what is hard for both cancels, and few units say nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ringsight.evaluation.paired import FEWEST_UNITS, PairedGain, paired_gain


def gain(champion: NDArray[np.float64], challenger: NDArray[np.float64], figures: int = 1) -> PairedGain:
    return paired_gain("f", champion, challenger, margin=0.02, confidence=0.95, power=0.8, figures=figures)


def test_the_interval_holds_the_true_gain_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held, found = 0, 0
    for _ in range(400):
        hard = rng.normal(0.5, 0.3, 40)
        found_gain = gain(hard, hard + rng.normal(0.05, 0.1, 40))
        held += found_gain.low <= 0.05 <= found_gain.high
        found += found_gain.low > 0
    assert 0.92 <= held / 400 <= 0.98
    assert found / 400 > 0.8  # though units differ by far more than the models


def test_a_gain_as_large_as_the_least_found_is_found_with_the_power_asked():
    rng = np.random.default_rng(1)
    least = np.mean([gain(np.zeros(40), rng.normal(0, 0.1, 40)).least_found for _ in range(50)])
    found = [gain(np.zeros(40), rng.normal(least, 0.1, 40)).low > 0 for _ in range(400)]
    assert 0.74 <= np.mean(found) <= 0.86


def test_several_figures_at_once_ask_more_of_each():
    rng = np.random.default_rng(2)
    champion, challenger = rng.random((2, 30))
    one, three = (gain(champion, challenger, figures) for figures in (1, 3))
    assert one.surely_above == pytest.approx(one.low)
    assert three.surely_above < one.surely_above
    assert three.least_found > one.least_found
    assert (three.low, three.high) == (one.low, one.high)


def test_the_same_model_twice_gains_nothing_and_that_is_sure():
    same = np.linspace(0, 1, 20)
    nothing = gain(same, same)
    assert (nothing.gain, nothing.low, nothing.high, nothing.power) == (0, 0, 0, 1)


@pytest.mark.parametrize("units", [0, 1, FEWEST_UNITS - 1])
def test_few_units_say_nothing(units: int):
    few = gain(np.zeros(units), np.ones(units))
    assert not few.judged
    assert few.units == units
    assert np.isnan([few.low, few.high, few.power]).all()

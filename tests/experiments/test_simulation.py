"""The simulation of experiments: what it draws is what it says."""

import numpy as np
import pytest

from experiments import DRAWS, UNITS, an_experiment, arms, lift_for, read


def test_arms_are_halves_and_differ_from_test_to_test():
    assert arms(0).mean() == pytest.approx(0.5, abs=0.03)
    assert (arms(0) == arms(1)).mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("name", DRAWS)
def test_outcomes_have_their_mean_and_their_lift(name: str):
    draw, mean = DRAWS[name]
    values = np.mean([draw(np.random.default_rng(seed), arms(0), 0.2) for seed in range(30)], axis=0)
    assert values[~arms(0)].mean() == pytest.approx(mean, rel=0.03)
    assert values[arms(0)].mean() == pytest.approx(1.2 * mean, rel=0.03)


def test_a_lift_that_is_large_is_found_by_every_rule_and_early():
    draw, _ = DRAWS["click-through (peers)"]
    once, peeking, sequential, units = read(draw, 0, 1.0)
    assert once and peeking and sequential
    assert units < UNITS / 2


def test_more_must_be_there_to_be_found_at_every_look():
    draw, mean = DRAWS["spending"]
    assert lift_for(draw, mean, every_look=True) > 1.2 * lift_for(draw, mean, every_look=False)


def test_the_pictured_experiment_is_sound():
    report = an_experiment()
    assert report.doubts == []
    assert report.arms[0].best.interval.low > 0

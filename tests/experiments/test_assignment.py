"""Arms by hash: always the same, in the shares asked, independent of other salts, exclusive within a layer."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from ringsight.errors import SettingsError
from ringsight.experiments.assignment import arm_of, arms_of, check_layers, place_of
from ringsight.experiments.settings import ExperimentConfig

UNITS = [f"C{number:05d}" for number in range(20_000)]
THIRDS = ExperimentConfig(name="thirds", arms={"control": 0.5, "one": 0.3, "two": 0.2})


def test_an_arm_is_the_same_in_another_process_and_for_ever():
    program = (
        "from ringsight.experiments.assignment import arms_of; from ringsight.experiments.settings import *;"
        "print(''.join(str(a)[0] for a in arms_of(ExperimentConfig(name='halves'), map(str, range(24)))))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert said == "".join(str(arm)[0] for arm in arms_of(ExperimentConfig(name="halves"), map(str, range(24))))
    assert said == FOR_EVER


def test_arms_have_their_shares():
    arms = arms_of(THIRDS, UNITS)
    counts = [arms.count(arm) for arm in THIRDS.arms]
    assert sum(counts) == len(UNITS)
    assert chisquare(counts, [share * len(UNITS) for share in THIRDS.arms.values()]).pvalue > 0.001


@pytest.mark.parametrize("other", [ExperimentConfig(name="other"), ExperimentConfig(name="third", layer="its own")])
def test_experiments_of_two_salts_are_independent(other: ExperimentConfig):
    table = np.zeros((3, 2))
    for one, two in zip(arms_of(THIRDS, UNITS), arms_of(other, UNITS), strict=True):
        table[[*THIRDS.arms].index(str(one)), [*other.arms].index(str(two))] += 1
    assert chi2_contingency(table).pvalue > 0.001


def test_experiments_of_one_layer_exclude_one_another_and_the_layer_is_used_up():
    first = ExperimentConfig(name="first", ends=0.4)
    second = ExperimentConfig(name="second", begins=0.4)
    check_layers([first, second])
    both = [(arm_of(first, unit), arm_of(second, unit)) for unit in UNITS]
    assert all((one is None) is not (two is None) for one, two in both)
    assert np.mean([one is not None for one, _ in both]) == pytest.approx(0.4, abs=0.02)


def test_who_is_in_an_experiment_says_nothing_of_the_arm_there_or_in_another_layer():
    first = ExperimentConfig(name="first", ends=0.4)
    elsewhere = ExperimentConfig(name="elsewhere", layer="its own")
    inside = [unit for unit in UNITS if arm_of(first, unit)]
    for experiment in (first, elsewhere):
        assert np.mean([arm_of(experiment, unit) == "new" for unit in inside]) == pytest.approx(0.5, abs=0.03)


def test_experiments_that_would_disturb_one_another_are_refused():
    with pytest.raises(SettingsError, match="share a part of layer"):
        check_layers([ExperimentConfig(name="a", ends=0.5), ExperimentConfig(name="b", begins=0.4)])
    with pytest.raises(SettingsError, match="one name or salt"):
        check_layers([ExperimentConfig(name="a", layer="x"), ExperimentConfig(name="b", salt="a", layer="y")])


def test_salts_and_units_do_not_run_into_one_another():
    assert place_of("1unit", "salt") != place_of("unit", "salt1")
    assert all(0 <= place_of(unit, "salt") < 1 for unit in UNITS[:100])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "a", "arms": {"control": 1.0}},
        {"name": "a", "arms": {"control": 0.5, "new": 0.6}},
        {"name": "a", "arms": {"control": 1.5, "new": -0.5}},
        {"name": "a", "arms": {"control": float("nan"), "new": 0.5}},
        {"name": "a", "begins": 0.5, "ends": 0.5},
        {"name": "a", "ends": 1.1},
        {"name": "a", "layer": "<layer>"},
    ],
)
def test_experiments_that_make_no_sense_are_refused(wrong: dict[str, object]):
    with pytest.raises(SettingsError):
        ExperimentConfig(**wrong)  # type: ignore[arg-type]


FOR_EVER = "nccnnnncnnnnncccnncncccc"
"""Arms of the units 0 to 23, as they were on the first day; if these change, running experiments break."""

"""A log that is only added to: what was written is there, what was cut off is passed over, what was begun stays so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ringsight.errors import DataError, SettingsError
from ringsight.experiments.assignment import arm_of
from ringsight.experiments.experiment_log import EXPOSURE_FILE, ExperimentLog
from ringsight.experiments.settings import ExperimentConfig

EXPERIMENT = ExperimentConfig(name="peers on the page")
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def log(tmp_path: Path) -> ExperimentLog:
    return ExperimentLog(tmp_path / "log", EXPERIMENT)


def test_what_was_written_is_there_after_opening_anew(log: ExperimentLog):
    arm = log.expose("C1", NOON)
    log.record("C1", "click", 1, NOON.replace(tzinfo=timezone(timedelta(hours=2))))
    again = ExperimentLog(log.folder)
    assert again.experiment == EXPERIMENT
    assert again.exposures().rows() == [("C1", arm, EXPERIMENT.salt, NOON)]
    assert again.outcomes().rows() == [("C1", "click", 1.0, NOON - timedelta(hours=2))]
    assert arm == arm_of(EXPERIMENT, "C1")


def test_an_empty_log_has_empty_tables(log: ExperimentLog):
    assert log.exposures().is_empty() and log.outcomes().is_empty() and log.cut_off() == 0


def test_by_default_it_is_now(log: ExperimentLog):
    log.expose("C1")
    assert abs(log.exposures()["at"][0] - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)


def test_a_line_that_was_cut_off_is_passed_over_and_spoils_no_other(log: ExperimentLog):
    log.expose("C1", NOON)
    file = log.folder / EXPOSURE_FILE
    file.write_bytes(file.read_bytes() + b'{"unit": "C2", "ar')
    log.expose("C3", NOON)
    assert log.exposures()["unit"].to_list() == ["C1", "C3"]
    assert log.cut_off() == 1


def test_who_is_in_another_experiment_of_the_layer_is_not_written(tmp_path: Path):
    log = ExperimentLog(tmp_path, ExperimentConfig(name="a", ends=1e-9))
    assert log.expose("C1") is None
    assert log.exposures().is_empty()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (ExperimentConfig(name="peers on the page", salt="another"), "another salt"),
        (ExperimentConfig(name="peers on the page", arms={"control": 0.4, "new": 0.6}), "another arms"),
        (ExperimentConfig(name="peers on the page", arms={"new": 0.5, "control": 0.5}), "order of arms"),
        (ExperimentConfig(name="peers on the page", layer="page"), "another layer"),
    ],
)
def test_an_experiment_may_not_change_once_it_was_begun(log: ExperimentLog, other: ExperimentConfig, named: str):
    with pytest.raises(SettingsError, match=named):
        ExperimentLog(log.folder, other)
    assert ExperimentLog(log.folder, EXPERIMENT).experiment == EXPERIMENT


def test_units_names_and_values_that_make_no_sense_are_refused_and_not_written(log: ExperimentLog):
    calls: list[Callable[[], object]] = [
        lambda: log.expose(""),
        lambda: log.expose("x" * 513),
        lambda: log.record("C1", "click", float("nan")),
        lambda: log.record("C1", "click", float("inf")),
        lambda: log.record("C1", "cli\nck", 1),
        lambda: log.record("", "click", 1),
    ]
    for refused in calls:
        with pytest.raises(SettingsError):
            refused()
    assert log.exposures().is_empty() and log.outcomes().is_empty()


def test_whatever_a_unit_is_called_it_is_one_line(log: ExperimentLog):
    for unit in ('a"b', "a\nb", "ä{}", "\u2028", "\x00"):
        log.expose(unit, NOON)
    assert log.exposures()["unit"].to_list() == ['a"b', "a\nb", "ä{}", "\u2028", "\x00"]


def test_many_may_write_at_once(log: ExperimentLog):
    def write(writer: int) -> None:
        own = ExperimentLog(log.folder)
        for number in range(10):
            own.record(f"W{writer}", "click", number, NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert sorted(log.outcomes().select("unit", "value").rows()) == [
        (f"W{w}", float(n)) for w in range(4) for n in range(10)
    ]
    assert log.cut_off() == 0


def test_a_unit_is_erased_and_others_stay(log: ExperimentLog):
    for unit in ("C1", "C2"):
        log.expose(unit, NOON)
        log.record(unit, "click", 1, NOON)
    assert log.erase("C1") == 2
    assert log.erase("C1") == 0
    assert log.exposures()["unit"].to_list() == ["C2"] and log.outcomes()["unit"].to_list() == ["C2"]
    assert not any("C1" in file.read_text() for file in log.folder.iterdir())


def test_a_folder_without_an_experiment_and_a_damaged_one_are_refused(tmp_path: Path, log: ExperimentLog):
    with pytest.raises(DataError, match="no experiment was begun"):
        ExperimentLog(tmp_path / "nothing")
    (log.folder / "experiment.json").write_text("[1]")
    with pytest.raises(DataError, match="not an experiment"):
        ExperimentLog(log.folder)

"""`ringsight experiment`, called as a function."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ringsight.errors import SettingsError
from ringsight.experiments.experiment_log import ExperimentLog
from ringsight.jobs.experiment import ExperimentAction, ExperimentJob, ExperimentPlan, ReportFormat, run


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    folder = tmp_path / "experiment"
    run(ExperimentJob(do=ExperimentAction.begin, name="peers", folder=folder))
    log = ExperimentLog(folder)
    for number in range(60):
        at = datetime(2026, 3, 1) + timedelta(minutes=number)
        arm = log.expose(f"C{number}", at)
        if number % (9 if arm == "control" else 3) == 0:
            log.record(f"C{number}", "click", 1, at)
    log.record("stray", "click", 1)
    return folder


def test_a_report_as_a_table_with_a_picture(begun: Path, capsys: pytest.CaptureFixture[str]):
    run(ExperimentJob(folder=begun, picture=begun / "lift.png"))
    said = capsys.readouterr()
    assert "Experiment peers: click" in said.out
    assert "too few" in said.out  # for an interval that holds at every look
    assert "1 units have outcomes and were never exposed" in said.err
    assert (begun / "lift.png").read_bytes().startswith(b"\x89PNG")


def test_a_report_as_json(begun: Path, capsys: pytest.CaptureFixture[str]):
    run(ExperimentJob(folder=begun, format=ReportFormat.json))
    told = json.loads(capsys.readouterr().out)
    assert sum(told["units"].values()) == 60
    assert told["arms"][0]["plain"]["lift"] > 0


def test_an_experiment_is_not_begun_anew_as_another(begun: Path):
    with pytest.raises(SettingsError, match="another salt"):
        run(ExperimentJob(do=ExperimentAction.begin, name="peers", salt="new", folder=begun))
    with pytest.raises(SettingsError, match=r"experiment\.name"):
        run(ExperimentJob(do=ExperimentAction.begin, folder=begun / "unnamed"))


def test_a_picture_of_no_known_format_is_refused():
    with pytest.raises(SettingsError, match=r"\.png, \.svg, \.pdf"):
        ExperimentJob(picture=Path("lift.docx"))


def test_a_plan(capsys: pytest.CaptureFixture[str]):
    plan = ExperimentPlan(mean=0.04, lift=0.1, units_per_day=2_000)
    told = run(ExperimentJob(do=ExperimentAction.plan, plan=plan, format=ReportFormat.json))
    assert told == json.loads(capsys.readouterr().out)
    assert isinstance(told, dict)
    assert told["one_look"] == pytest.approx(78_900, rel=0.01)  # 16 s² / d² an arm
    assert told["one_look_days"] == pytest.approx(39.5, rel=0.01)
    assert (told["every_look"] or 0) > (told["one_look"] or 0)
    run(ExperimentJob(do=ExperimentAction.plan, plan=plan))
    assert "39.5 days" in capsys.readouterr().out
    for wrong in (ExperimentPlan(), ExperimentPlan(mean=2.0), ExperimentPlan(mean=0.1, lift=0.0)):
        with pytest.raises(SettingsError):
            run(ExperimentJob(do=ExperimentAction.plan, plan=wrong))

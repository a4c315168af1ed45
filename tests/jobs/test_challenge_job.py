"""`ringsight challenge` says what came of it, which model counts, and what to do next."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringsight.errors import SettingsError
from ringsight.evaluation.paired import PairedGain
from ringsight.jobs.challenge import ChallengeAction, ChallengeJob, gain_table, run, words
from ringsight.pipeline.challenge import Challenge, Verdict
from ringsight.runs.champions import champion_of, promote

NAN = float("nan")
TOLD = Challenge(
    champion="model",
    challenger="models/wider",
    champion_hash="a",
    challenger_hash="b",
    held_out_from="2026-03-01T00:00:00",
    gains=(
        PairedGain("later records", 90, 0.7, 0.75, 0.05, 0.02, 0.08, 0.01, 0.04, 0.4),
        PairedGain("decided pairs", 3, 0.5, 0.5, 0.0, NAN, NAN, NAN, NAN, NAN),
    ),
    verdict=Verdict.better,
    promoted=True,
    margin=0.02,
    confidence=0.95,
    asked_power=0.8,
)


def test_every_figure_has_its_interval_or_says_that_there_are_too_few_units():
    table = gain_table(TOLD)
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["later records", "decided pairs"]
    assert cells[5] == ["+0.020 to +0.080", "too few units"]


@pytest.mark.parametrize("verdict", Verdict)
def test_what_follows_is_said_and_how_to_go_on(verdict: Verdict, tmp_path: Path):
    text = words(replace(TOLD, verdict=verdict, promoted=verdict is Verdict.better), tmp_path)
    assert ("challenge rollback" in text) == (verdict is Verdict.better)
    assert ("promote model=wider" in text) == (verdict in (Verdict.as_good, Verdict.unsure))
    assert "2026-03-01" in text


def test_the_status_names_the_model_that_counts_and_takes_no_reason_for_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "models" / "a").mkdir(parents=True)
    promote(tmp_path, tmp_path / "models" / "a", "", "ana", "[bold]looked[/bold]")
    run(ChallengeJob(do=ChallengeAction.status, nights=tmp_path))
    assert "[bold]" in capsys.readouterr().out
    (tmp_path / "model").mkdir()
    run(ChallengeJob(do=ChallengeAction.rollback, nights=tmp_path, by="ana", why="worse"))
    assert champion_of(tmp_path) == tmp_path / "model"


def test_what_is_missing_is_asked_for(tmp_path: Path):
    with pytest.raises(SettingsError, match="bank=FOLDER"):
        run(ChallengeJob(nights=tmp_path))
    with pytest.raises(SettingsError, match="must be named"):
        run(ChallengeJob(do=ChallengeAction.rollback, nights=tmp_path))

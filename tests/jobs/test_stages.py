"""Stages as the command line tells them: numbered, timed, with a bar where somebody sees it."""

import shlex
from pathlib import Path

import pytest

from ringsight import progress
from ringsight.jobs import check, embed, generate
from ringsight.jobs.stages import stages_told
from ringsight.records.bank import BankConfig
from ringsight.testing import write_tiny_bank


def test_stages_are_numbered_and_timed_and_one_that_is_skipped_counts(capsys: pytest.CaptureFixture[str]):
    with stages_told(3) as stages:
        with progress.stage("read", "reading bank"):
            progress.say("Bank bank")
        progress.skip("train notes", "training notes: left out")
        with progress.stage("embed", "embedding"):
            pass
    stages.show()
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("[1/3] reading bank…\nBank bank\n[2/3] training notes: left out\n[3/3] embedding…\n")
    assert [stage.name for stage in stages.passed] == ["read", "embed"]
    assert all(stage.seconds >= 0 and stage.peak_mb > 0 for stage in stages.passed)


def test_steps_are_a_bar_on_a_terminal_and_nothing_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with stages_told(1):
        list(progress.steps(range(3), "permuting"))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with stages_told(1):
        list(progress.steps(range(3), "permuting"))
    assert "permuting" in capsys.readouterr().err


def test_a_bar_is_gone_after_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown, hidden = "\x1b[?25h", "\x1b[?25l"  # the cursor
    with pytest.raises(ValueError, match="broken"), stages_told(1):
        for step in progress.steps(range(3), "permuting"):
            if step == 1:
                raise ValueError("broken")
    told = capsys.readouterr().err
    assert hidden in told
    assert told.rindex(shown) > told.rindex(hidden)


def test_a_stage_that_failed_is_not_said_to_have_passed():
    with pytest.raises(ValueError, match="broken"), stages_told(1) as stages, progress.stage("read", "reading"):
        raise ValueError("broken")
    assert stages.passed == []


@pytest.mark.parametrize("folder", ["night run (1), v2", "it's", "dt=2026-11-27", "plain"])
def test_what_to_do_next_can_be_given_to_a_shell(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "generate_bank", lambda *_: None)
    generate.run(generate.GenerateJob(out=Path(folder)))
    monkeypatch.setattr(embed, "embed_into", lambda *_: {})
    embed.run(embed.EmbedJob(bank=BankConfig(path=Path(folder)), out=Path("run " + folder)))
    check.run(check.CheckJob(bank=BankConfig(path=write_tiny_bank(tmp_path / folder))))
    told = [line.removeprefix("Next: ") for line in capsys.readouterr().err.splitlines() if line.startswith("Next: ")]
    assert [shlex.split(line)[2] for line in told] == [
        f"bank.path={folder}",
        f"bank.path={folder}",
        f"bank.path={tmp_path / folder}",
    ]

"""Progress: told to whoever asked, to nobody else, in order."""

import subprocess
import sys
import threading

import pytest

from ringsight import progress
from ringsight.progress import Update, UpdateKind


def test_nobody_is_told_unless_a_callback_is_given():
    assert list(progress.steps([1, 2], "counting")) == [1, 2]


def test_stages_steps_and_lines_come_in_order():
    told: list[Update] = []
    with progress.report_to(told.append), progress.stage("embed", "embedding 2 customers"):
        progress.say("a line")
        assert list(progress.steps("ab", "reading")) == ["a", "b"]
    assert told == [
        Update(UpdateKind.begun, "embed", "embedding 2 customers"),
        Update(UpdateKind.said, "embed", "a line"),
        Update(UpdateKind.advanced, "embed", "reading", 1, 2),
        Update(UpdateKind.advanced, "embed", "reading", 2, 2),
        Update(UpdateKind.ended, "embed", "embedding 2 customers"),
    ]


def test_a_stage_that_fails_does_not_end():
    told: list[Update] = []
    with pytest.raises(ValueError, match="broken"), progress.report_to(told.append), progress.stage("read", "reading"):
        raise ValueError("broken")
    assert [update.kind for update in told] == [UpdateKind.begun]
    with progress.report_to(told.append):
        progress.say("after")
    assert told[-1].stage == ""


def test_no_callback_keeps_the_one_that_is_there():
    told: list[Update] = []
    with progress.report_to(told.append), progress.report_to(None):
        progress.skip("train notes", "too few")
    assert [update.kind for update in told] == [UpdateKind.skipped]


def test_a_thread_hears_its_own_work_only():
    told: list[Update] = []
    with progress.report_to(told.append):
        other = threading.Thread(target=progress.say, args=("elsewhere",))
        other.start()
        other.join()
    assert told == []


def test_in_a_notebook_a_stage_is_a_bar_and_a_line_is_a_line(capsys: pytest.CaptureFixture[str]):
    with progress.report_to(progress.in_notebook()):
        with progress.stage("embed", "embedding 3 customers"):
            progress.say("a line")
            assert list(progress.steps("abc", "reading")) == ["a", "b", "c"]
        progress.skip("index", "nothing to index")
    told = capsys.readouterr()
    assert "embedding 3 customers: 100%" in told.err
    assert "3/3" in told.err
    assert "a line\n" in told.out
    assert "nothing to index\n" in told.out


def test_in_a_notebook_a_stage_that_failed_gives_way_to_the_next(capsys: pytest.CaptureFixture[str]):
    told = progress.in_notebook()
    with pytest.raises(ValueError, match="broken"), progress.report_to(told), progress.stage("read", "reading"):
        raise ValueError("broken")
    with progress.report_to(told), progress.stage("embed", "embedding"):
        pass
    assert "embedding" in capsys.readouterr().err


def test_nothing_is_imported_for_a_bar_that_nobody_asked_for():
    program = "import sys, ringsight.progress; print('tqdm' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )

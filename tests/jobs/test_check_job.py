"""`ringsight check FOLDER`: one bare word, an exit status, and nothing written over."""

import sys
from pathlib import Path

import polars as pl
import pytest

from ringsight.jobs.cli import main
from ringsight.testing import write_tiny_bank

pytestmark = pytest.mark.slow


def checked(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Its exit status."""
    monkeypatch.setattr(sys, "argv", ["ringsight", "check", *words])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("name", ["bank", "dt=2026-11-27", "night run (1), v2"])
def test_a_bare_folder_does_and_the_status_says_whether_a_run_would_start(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_tiny_bank(tmp_path / name)
    assert checked(monkeypatch, name, "write=false") == 0
    assert not (folder / "bank.yaml").exists()
    frame = pl.read_csv(folder / "transactions.csv", infer_schema=False)
    frame.write_csv(folder / "transactions.csv", separator=";")
    capsys.readouterr()
    assert checked(monkeypatch, name, "write=false") == 1
    assert "delimiter: ;" in capsys.readouterr().out
    assert checked(monkeypatch, f"bank.path={name}") == 1
    assert "look at it, edit it, and check again" in capsys.readouterr().err
    assert checked(monkeypatch, name) == 0
    assert not (tmp_path / "out").exists(), "nothing is trained or written elsewhere"


def test_a_folder_that_cannot_be_written_to_is_told_what_its_yaml_could_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_tiny_bank(tmp_path / "bank")
    (folder / "call_notes.csv").rename(folder / "notes.csv")

    def refused(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_text", refused)
    assert checked(monkeypatch, "bank") == 0
    assert "bank.yaml could say:" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["customers.csv", "id_images", "id_images.csv", "notes.csv", "transactions.csv"]
    )

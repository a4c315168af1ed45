"""What the command line hands on as it stands, and what it does when nobody reads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.errors import HydraException

from ringsight.errors import RingsightError, SettingsError
from ringsight.jobs import accounts, audit, decisions, erase, evaluate, review, run, similar, store
from ringsight.jobs.audit import AuditJob
from ringsight.jobs.command import Command
from ringsight.jobs.embed import EmbedJob
from ringsight.jobs.erase import EraseJob
from ringsight.jobs.job_settings import paths_in, settings_in
from ringsight.jobs.run import RunJob

IDS = ["1e5", "a,b"]
MORE = [
    *["007", "true", "null", "~", "1_000", "0x1F", "nan", "a b", " a ", "O'Neill", '"C1"', "a=b", "a:b"],
    "[x]",
    "{x: 1}",
    "(x)",
    "${oc.env:HOME}",
    "\\${x}",
    "a\\b",
    "${",
    "$",
    "@x",
    "#1",
    "a>b",
    "ключ ✓",
    "-",
    "*",
    "C1\n",
]

PROGRAM = Path(sys.executable).with_name("ringsight")


@pytest.mark.parametrize("customer", [*IDS, *(pytest.param(each, marks=pytest.mark.slow) for each in MORE)])
def test_an_id_arrives_as_it_was_written(customer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[EraseJob] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    Command("erase", EraseJob, told.append, verbatim=erase.COMMAND.verbatim).open([f"customer={customer}", "out=here"])
    assert [job.customer for job in told] == [customer]
    assert [job.out for job in told] == [Path("here")]


FOLDERS = ["landing/dt=2026-11-27", "exporte/Übung", "night run (1), v2", "x[1]", "a$b", "null and void"]


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        *(("bank.path", folder) for folder in FOLDERS),
        *((key, FOLDERS[0]) for key in ("out", "++model")),
        *(pytest.param("bank.path", each, marks=pytest.mark.slow) for each in MORE),
    ],
)
def test_a_folder_arrives_as_it_was_written(
    key: str, folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[EmbedJob] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    settings = {"bank.path": "bank", key: folder}
    Command("embed", EmbedJob, told.append).open([f"{key}={value}" for key, value in settings.items()])
    (job,) = told
    assert {"bank.path": job.bank.path, "out": job.out, "++model": job.model}[key] == Path(folder)


@pytest.mark.parametrize(("command", "at_least"), [(run.COMMAND, 8), (similar.COMMAND, 5), (evaluate.COMMAND, 3)])
def test_every_setting_that_is_a_path_is_known_by_its_type(command: Command[object], at_least: int) -> None:
    paths = set(paths_in(command.settings))
    assert len(paths) >= at_least
    shown = {each.key for each in settings_in(command.settings)}
    assert paths <= shown
    if command is run.COMMAND:
        assert {"bank.path", "out", "model", "after", "previous", "store.ca_file", "detect.decisions"} <= paths


def test_a_folder_that_was_asked_for_counts_as_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[frozenset[str]] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    door = Command("run", RunJob, lambda _, asked: told.append(asked), takes_asked=True)
    door.open(["bank.path=" + "long/" * 100, "model=m=1", "previous=null"])
    assert told == [{"bank.path", "model", "previous"}]


@pytest.mark.slow
def test_a_sweep_over_folders_takes_each_as_it_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[EmbedJob] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a, b").mkdir()
    Command("embed", EmbedJob, told.append).open(["--multirun", "bank.path=dt=1,dt=2"])
    Command("embed", EmbedJob, told.append).open(["--multirun", "bank.path=a, b"])
    assert [job.bank.path for job in told] == [Path("dt=1"), Path("dt=2"), Path("a, b")]


@pytest.mark.parametrize("words", [["export"], ["do=export"]])
def test_a_word_alone_says_what_to_do(words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[AuditJob] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    door = Command("audit", AuditJob, told.append, verbatim=audit.COMMAND.verbatim)
    door.open([*words, "run=there"])
    assert [(job.do, job.run) for job in told] == [(audit.AuditAction.export, Path("there"))]
    with pytest.raises(SettingsError, match="Invalid value 'explode'") as refused:
        door.open(["explode"])
    assert "do=verify|export" in str(refused.value)


@pytest.mark.parametrize("before", [None, "0", "1"])
@pytest.mark.slow
def test_what_hydra_reads_from_the_environment_is_put_back(
    before: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    if before is not None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", before)
    door = Command("erase", EraseJob, lambda _: None, verbatim=erase.COMMAND.verbatim)
    door.open(["customer=C1", "out=here"])
    with pytest.raises((RingsightError, HydraException)):
        door.open(["customer=C1", "nothing=here"])
    assert os.environ.get("HYDRA_FULL_ERROR") == before


@pytest.mark.parametrize(
    ("door", "settings"),
    [
        (similar.COMMAND, {"customer", "where"}),
        (erase.COMMAND, {"customer", "database"}),
        (store.COMMAND, {"model"}),
        (accounts.COMMAND, {"name", "database"}),
        (audit.COMMAND, {"head", "database"}),
        (decisions.COMMAND, {"database"}),
        (review.COMMAND, {"database"}),
    ],
)
def test_ids_hashes_and_addresses_are_taken_verbatim_by_every_job(door: Command[object], settings: set[str]) -> None:
    assert set(door.verbatim) == settings
    assert settings <= set(vars(door.settings)["__dataclass_fields__"])


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["erase", "--help"]])
def test_a_reader_who_leaves_gets_no_traceback(words: list[str]) -> None:
    """The pipe is closed before anything is written to it, as `| head -1` may do at any time."""
    with subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, "")

"""What the command line hands on as it stands, and what it does when nobody reads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.errors import HydraException
from tiny_world import PROGRAM

from ringsight.errors import RingsightError, SettingsError
from ringsight.jobs import accounts, audit, decisions, erase, review, similar, store
from ringsight.jobs.audit import AuditJob
from ringsight.jobs.command import Command
from ringsight.jobs.erase import EraseJob

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


@pytest.mark.parametrize("customer", [*IDS, *(pytest.param(each, marks=pytest.mark.slow) for each in MORE)])
def test_an_id_arrives_as_it_was_written(customer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[EraseJob] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    Command("erase", EraseJob, told.append, verbatim=erase.COMMAND.verbatim).open([f"customer={customer}", "out=here"])
    assert [job.customer for job in told] == [customer]
    assert [job.out for job in told] == [Path("here")]


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

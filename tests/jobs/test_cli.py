"""The command line: help that answers at once, refusals in one line, settings that compose."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_world import ringsight

from ringsight.jobs.cli import JOBS, main

pytestmark = pytest.mark.slow

HEAVY = ("torch", "hydra", "polars", "transformers", "pymilvus", "numpy")


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    code: int
    out: str
    err: str


Called = Callable[..., Answer]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Called:
    """The command in this process, in an empty folder: what is refused at once need not import everything anew."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["ringsight", *words])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        return Answer(code, *capsys.readouterr())

    return call


def test_help_lists_every_job_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['ringsight', '--help']\n"
        "from ringsight.jobs.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert all(job in said for job in JOBS)
    assert said.strip().endswith("[]")


def test_no_job_waits_for_torch_before_its_settings_are_read() -> None:
    program = (
        "import sys\n"
        "from importlib import import_module\n"
        f"for job in {tuple(JOBS)!r}: import_module(f'ringsight.jobs.{{job}}')\n"
        "print([m for m in ('torch', 'transformers', 'pymilvus') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize("job", JOBS)
def test_each_job_explains_its_settings(job: str, called: Called) -> None:
    said = called(job, "--help")
    assert said.code == 0
    assert f"ringsight {job}" in said.out


def test_an_unknown_job_names_the_nearest(tmp_path: Path) -> None:
    refused = ringsight("detct", cwd=tmp_path)
    assert refused.returncode == 1
    assert "detect" in refused.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "bank.path=.", "detect.fdrr=0.1"), "detect.fdrr"),
        (("run", "bank.path=.", "detect.fdr=often"), "detect.fdr"),
        (("run", "bank.path=.", "detect.fdr=2"), "detect.fdr"),
        (("run",), "bank.path"),
        (("run", "bank.path=.", "store=cloud"), "store"),
        (("run", "bank.path=.", "detect.permutations=0"), "detect.permutations"),
        (("run", "again"), "'again' is no setting"),
        (("audit", "prove"), "do=verify|export"),
        (("generate", "bank.customers=1", "out=x"), "customers"),
    ],
)
def test_a_setting_that_will_not_do_is_refused_by_name(words: tuple[str, ...], named: str, called: Called) -> None:
    refused = called(*words)
    assert refused.code == 1
    assert named in refused.err
    assert "Traceback" not in refused.err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("choice", ["store=lite", "store=memory", "fusion=early", "fusion=late", "experiment=tiny"])
def test_named_choices_compose(choice: str, called: Called) -> None:
    assert "nowhere" in called("run", "bank.path=nowhere", choice).err


def test_a_sweep_gives_each_run_a_folder_of_its_own(tmp_path: Path) -> None:
    swept = ringsight("generate", "--multirun", "bank.customers=20", "bank.rings=0", "seed=1,2", cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    assert len(list(tmp_path.glob("multirun/**/customers.csv"))) == 2

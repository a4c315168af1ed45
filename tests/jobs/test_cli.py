"""The command line: help that answers at once, refusals in one line, settings that compose."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import ringsight

JOBS = ("demo", "run", "generate", "train", "embed", "detect", "evaluate", "store", "erase", "similar")
HEAVY = ("torch", "hydra", "polars", "transformers", "pymilvus", "numpy")


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


@pytest.mark.parametrize("job", JOBS)
def test_each_job_explains_its_settings(job: str, tmp_path: Path) -> None:
    said = ringsight(job, "--help", cwd=tmp_path)
    assert said.returncode == 0
    assert f"ringsight {job}" in said.stdout


def test_an_unknown_job_names_the_nearest(tmp_path: Path) -> None:
    refused = ringsight("detct", cwd=tmp_path)
    assert refused.returncode != 0
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
        (("generate", "bank.customers=1", "out=x"), "customers"),
    ],
)
def test_a_setting_that_will_not_do_is_refused_by_name(words: tuple[str, ...], named: str, tmp_path: Path) -> None:
    refused = ringsight(*words, cwd=tmp_path)
    assert refused.returncode == 1
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("choice", ["store=lite", "store=memory", "fusion=early", "fusion=late", "experiment=tiny"])
def test_named_choices_compose(choice: str, tmp_path: Path) -> None:
    refused = ringsight("run", "bank.path=nowhere", choice, cwd=tmp_path)
    assert "nowhere" in refused.stderr


def test_a_sweep_gives_each_run_a_folder_of_its_own(tmp_path: Path) -> None:
    swept = ringsight("generate", "--multirun", "bank.customers=20", "bank.rings=0", "seed=1,2", cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    assert len(list(tmp_path.glob("multirun/**/customers.csv"))) == 2

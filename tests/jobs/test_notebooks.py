"""The notebooks run from top to bottom on finished runs; they define nothing, and keep small outputs alone."""

import ast
import json
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from tiny_world import World

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FIRST = "from_frames_to_a_ring"
LARGEST = 120_000
"""Bytes of a notebook with its outputs."""


def cells(path: Path) -> list[dict[str, Any]]:
    """The code cells."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def execute(path: Path) -> None:
    names: dict[str, object] = {}
    for cell in cells(path):
        exec(compile(source(cell), f"{path.name}, {cell['id']}", "exec"), names)  # noqa: S102


@pytest.fixture(scope="module")
def work(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the notebooks share: a tiny bank, and a run that the first of them made with a model at hand."""
    folder = tmp_path_factory.mktemp("work")
    shutil.copytree(world.bank, folder / "bank")
    shutil.copytree(world.run / "model", folder / "run" / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGSIGHT_WORK", str(folder))
        patch.setenv("POLARS_FMT_MAX_ROWS", "10")  # what notebooks change of it goes back
        mpl.use("agg")
        execute(FOLDER / f"{FIRST}.ipynb")
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, world: World, work: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGSIGHT_RUN", str(world.folder / "run"))
    monkeypatch.setenv("RINGSIGHT_WORK", str(work))
    monkeypatch.setenv("POLARS_FMT_MAX_ROWS", "10")
    if path.stem != FIRST:  # it has run, or nothing here would
        execute(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_and_never_defines(path: Path):
    for cell in cells(path):
        defined = [
            each for each in ast.walk(ast.parse(source(cell))) if isinstance(each, ast.FunctionDef | ast.ClassDef)
        ]
        assert defined == [], cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_small_and_none_is_an_error(path: Path):
    assert path.stat().st_size < LARGEST
    outputs = [output for cell in cells(path) for output in cell["outputs"]]
    assert [each for each in outputs if each["output_type"] == "error" or each.get("name") == "stderr"] == []
    assert all(set(each["data"]) <= {"text/plain", "image/png"} for each in outputs if "data" in each)


def test_each_notebook_of_the_series_is_executed_by_one_command(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("nbclient", reason="needs the extra `notebooks`")
    monkeypatch.syspath_prepend(str(FOLDER))
    assert {*import_module("execute").ORDER, "a_finished_run"} == {path.stem for path in NOTEBOOKS}
    sys.modules.pop("execute")

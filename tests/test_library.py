"""The library's face: what is offered is documented, costs nothing to import, and a run made here is whole."""

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from filelock import FileLock
from tiny_world import ringsight as command

import ringsight
from ringsight.cases.casebook import open_casebook
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
SIGNATURES = dict(re.findall(r"^```text\n(\w+)\((.*)\) -> .*\n```$", PAGE, re.MULTILINE))
HEAVY = ("torch", "polars", "numpy", "pymilvus", "transformers", "hydra", "rich", "tqdm")


def code_in(markdown: str) -> list[str]:
    """The Python examples of a page."""
    return re.findall(r"^```python\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


# --- what is offered -------------------------------------------------------------------------------------------------


def test_everything_that_is_offered_has_one_entry_in_the_documentation_and_nothing_else_has():
    assert sorted(ENTRIES) == ringsight.__all__
    assert ringsight.__all__ == sorted(set(ringsight.__all__))


def test_everything_that_is_offered_is_there():
    for name in ringsight.__all__:
        assert getattr(ringsight, name) is not None
    assert set(ringsight.__all__) <= set(dir(ringsight))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ringsight.nothing


def test_type_checkers_see_what_is_imported_when_it_is_asked_for():
    tree = ast.parse((ROOT / "src" / "ringsight" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        each.module: tuple(name.name for name in each.names) for each in block.body if isinstance(each, ast.ImportFrom)
    }
    assert seen.pop("ringsight") == ("progress", "testing")
    assert seen == ringsight._HOMES


@pytest.mark.parametrize("name", [name for name in ringsight.__all__ if inspect.isfunction(getattr(ringsight, name))])
def test_a_function_is_documented_with_its_signature(name: str):
    parameters = inspect.signature(getattr(ringsight, name)).parameters.values()
    told = [part.strip() for part in SIGNATURES[name].replace("**", "").split(", ")]
    assert "*" in told or not any(each.kind in (each.KEYWORD_ONLY, each.VAR_KEYWORD) for each in parameters)
    positional = told.index("*") if "*" in told else len(told)
    assert [part.partition("=")[0] for part in told if part != "*"] == [each.name for each in parameters]
    assert [each.kind in (each.KEYWORD_ONLY, each.VAR_KEYWORD) for each in parameters] == [
        at >= positional for at in range(len(told) - ("*" in told))
    ]
    assert {part.partition("=")[0]: part.partition("=")[2] for part in told if "=" in part} == {
        each.name: repr(str(each.default)) if isinstance(each.default, str) else repr(each.default)
        for each in parameters
        if each.default is not each.empty
    }


@pytest.mark.parametrize("name", [name for name, told in SIGNATURES.items() if "," in told])
def test_every_argument_is_explained_where_there_are_several(name: str):
    function = getattr(ringsight, name)
    told = inspect.getdoc(function) or ""
    assert [each for each in inspect.signature(function).parameters if f"\n    {each}: " not in told] == []


def test_importing_the_library_imports_nothing_heavy():
    program = f"import sys, ringsight; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- a run made from Python ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with `bank`, and `out/mine` made by the lines of the README; one for all processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "library"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").is_file():
            generate_bank(SyntheticBankConfig(customers=80, rings=2), 7, folder / "bank")
            (folder / "said").write_text(ran(readme_lines()[1], folder)[0])
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def from_frames(made: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with `out/mine` made from data frames by the README; notes and images are not learned anew."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "frames"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").is_file():
            for part in ("notes", "id_images"):
                shutil.copytree(made / "out" / "mine" / "model" / part, folder / "out" / "mine" / "model" / part)
            (folder / "said").write_text(ran(readme_lines()[0], folder)[0])
            (folder / "done").touch()
    return folder


def readme_lines() -> tuple[str, str]:
    """The lines from data frames, and those from a folder."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## In Python\n")[1].split("\n## ")[0]
    frames, folder = code_in(section)
    return frames, folder


def ran(program: str, folder: Path) -> tuple[str, str]:
    """What a program says on standard output and on standard error."""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:ringsight", "-c", program],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def commanded(*words: str, cwd: Path) -> str:
    done = command(*words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_a_folder_to_flagged_rings_in_twelve_lines(made: Path):
    assert len([line for line in readme_lines()[1].splitlines() if line.strip()]) <= 12
    flagged = pl.read_csv(made / "out" / "mine" / "rings.csv").filter("flagged")
    assert len(flagged) > 0
    assert all(ring_id in (made / "said").read_text() for ring_id in flagged["ring_id"])


def test_from_frames_to_flagged_rings_in_twelve_lines_and_byte_for_byte_as_from_the_folder(
    made: Path, from_frames: Path
):
    assert len([line for line in readme_lines()[0].splitlines() if line.strip()]) <= 12
    for name in ("rings.csv", "members.csv", "links.csv", "agreement.csv", "conditions.csv"):
        assert (from_frames / "out" / "mine" / name).read_bytes() == (made / "out" / "mine" / name).read_bytes(), name
    flagged = pl.read_csv(from_frames / "out" / "mine" / "rings.csv").filter("flagged")
    assert all(ring_id in (from_frames / "said").read_text() for ring_id in flagged["ring_id"])


def test_a_run_made_from_python_is_that_of_the_command_byte_for_byte(made: Path):
    commanded("run", "bank.path=bank", "out=shell", "model=out/mine/model", cwd=made)
    for name in ("rings.csv", "members.csv", "links.csv", "summary.json", "report.html"):
        assert (made / "shell" / name).read_bytes() == (made / "out" / "mine" / name).read_bytes(), name
    python, shell = (yaml.safe_load((made / run / "settings.yaml").read_text()) for run in ("out/mine", "shell"))
    assert python["bank"] == shell["bank"]
    assert python == {name: value for name, value in shell.items() if name in python} | {"model": python["model"]}


def test_every_command_works_on_a_run_made_from_python(made: Path, tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    customer = pl.read_csv(folder / "out" / "mine" / "members.csv")["customer_id"][0]
    answer = json.loads(commanded("similar", f"customer={customer}", "k=2", "out=out/mine", "format=json", cwd=folder))
    assert len(answer["similar"]) == 2
    assert "this one" in commanded("store", "status", "out=out/mine", cwd=folder)
    assert "true rings found" in commanded("evaluate", "run=out/mine", "truth=bank/truth", "bank=bank", cwd=folder)
    commanded("accounts", "run=out/mine", cwd=folder)
    told = commanded("detect", "bank.path=bank", "out=out/mine", "detect.permutations=40", cwd=folder)
    assert "candidate rings" in told
    assert "none is left in either" in commanded("erase", f"customer={customer}", "out=out/mine", cwd=folder)
    assert customer not in ringsight.open_run(folder / "out" / "mine").results.members["customer_id"].to_list()


def test_every_command_works_on_a_run_made_from_frames(from_frames: Path, tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(from_frames, folder)
    shutil.rmtree(folder / "bank")
    customer = pl.read_csv(folder / "out" / "mine" / "members.csv")["customer_id"][0]
    answer = json.loads(commanded("similar", f"customer={customer}", "k=2", "out=out/mine", "format=json", cwd=folder))
    assert len(answer["similar"]) == 2 and all("common" in each for each in answer["similar"])
    run = ringsight.open_run(folder / "out" / "mine")
    assert customer in run.searched_bank().customers["customer_id"].to_list()
    with open_casebook(f"sqlite:///{folder}/cases.db") as book:
        assert book.import_run(run.folder, run.bank_config().path) > 0
    commanded("erase", f"customer={customer}", "out=out/mine", cwd=folder)
    erased = ringsight.open_run(folder / "out" / "mine")
    left = erased.searched_bank()
    assert customer not in erased.results.members["customer_id"].to_list()
    assert customer not in left.customers["customer_id"].to_list()
    assert "flagged of" in commanded("detect", f"bank.path={left.path}", "out=out/mine", cwd=folder)


def test_the_examples_of_the_documentation_run_one_after_the_other(made: Path, tmp_path: Path):
    shutil.copytree(made / "bank", tmp_path / "bank")
    trained = made / "out" / "mine" / "model"  # else all would train three times
    shutil.copytree(trained, tmp_path / "out" / "mine" / "model")
    for part in ("transactions", "notes"):
        shutil.copytree(trained / part, tmp_path / "models" / "mine" / part)
    quietly = "\n".join(code_in(PAGE)).replace(", progress=ringsight.progress.in_notebook()", "")
    assert ran(quietly, tmp_path) == ("", "")

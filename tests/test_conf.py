"""Every file in `conf/` composes into its job's settings, and says only what differs from them."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ringsight.jobs.cli import JOBS
from ringsight.jobs.command import conf_dir, typed

CONF = conf_dir()
NEEDED = {"bank.path": "bank", "run": "run", "truth": "labels.csv", "customer": "C1", "of": "run", "out": "again"}
GROUPS = sorted(folder.name for folder in CONF.iterdir() if folder.is_dir())


def composed(job: str, *overrides: str) -> Any:  # noqa: ANN401 - the settings of any job
    command = import_module(f"ringsight.jobs.{job}").COMMAND
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(job, list(overrides))
    for key, value in NEEDED.items():
        if OmegaConf.is_missing(OmegaConf.select(cfg, key.rpartition(".")[0]) or cfg, key.rpartition(".")[2]):
            OmegaConf.update(cfg, key, value)
    return typed(cfg, command.settings)


def takers() -> list[tuple[str, str]]:
    """Each job with each named choice that its own file has a place for."""
    return [
        (job, f"{group}={file.stem}")
        for job in JOBS
        for group in GROUPS
        if f"- {group}:" in (CONF / f"{job}.yaml").read_text()
        for file in sorted((CONF / group).glob("*.yaml"))
    ]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_the_defaults_of_its_dataclass(job: str) -> None:
    command = import_module(f"ringsight.jobs.{job}").COMMAND
    settings = composed(job)
    assert type(settings) is command.settings
    names = {key.partition(".")[0] for key in NEEDED}
    required = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    assert settings == command.settings(**required)


@pytest.mark.slow
@pytest.mark.parametrize(("job", "choice"), takers())
def test_a_named_choice_fits_every_job_that_takes_it(job: str, choice: str) -> None:
    server = ["store.uri=http://localhost:19530"] if choice == "store=server" else []
    assert type(composed(job, choice, *server)) is import_module(f"ringsight.jobs.{job}").COMMAND.settings


def test_every_file_belongs_to_a_job_or_to_a_group_that_a_job_takes() -> None:
    taken = {choice.partition("=")[0] for _, choice in takers()}
    assert taken == set(GROUPS)
    assert {file.stem for file in CONF.glob("*.yaml")} == {*JOBS, "command"}


@pytest.mark.parametrize("file", sorted(CONF.glob("*/*.yaml")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_named_choice_is_not_empty(file: Path) -> None:
    assert yaml.safe_load(file.read_text())


def test_a_choice_changes_what_it_names() -> None:
    assert composed("run", "fusion=late").fusion.kind == "late"
    assert composed("run", "store=memory").store.kind == "memory"
    assert composed("train", "experiment=tiny").transactions.epochs == 1

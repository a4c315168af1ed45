"""docker/compose.yaml is right, as far as that can be known without Docker."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose as composed
from hydra import initialize_config_dir

from ringsight import __version__
from ringsight.jobs.cli import JOBS
from ringsight.jobs.command import conf_dir, typed

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, each in SERVICES.items() if each["image"].startswith("ringsight-")]
KNOWN = {
    *("image", "build", "command", "environment", "ports", "volumes", "tmpfs", "depends_on", "healthcheck"),
    *("read_only", "cap_drop", "security_opt", "restart", "user"),
}


def test_it_starts_service_page_postgresql_and_milvus():
    assert set(SERVICES) == {"serve", "review", "postgres", "milvus"}
    assert {key for each in SERVICES.values() for key in each} <= KNOWN


@pytest.mark.parametrize("name", OURS)
def test_ours_run_commands_that_exist_with_settings_that_exist(name: str):
    job, *told = (re.sub(r"\$\{(\w+)[^}]*\}", r"/\1", word) for word in SERVICES[name]["command"])
    assert job in JOBS
    door = import_module(f"ringsight.jobs.{job}").COMMAND
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        typed(composed(job, [each for each in told if each.partition("=")[0] not in door.verbatim]), door.settings)


@pytest.mark.parametrize("name", OURS)
def test_ours_are_built_from_a_file_that_is_there_and_have_no_rights(name: str):
    each = SERVICES[name]
    assert each["image"].endswith(f":{__version__}")
    assert (ROOT / "docker" / each["build"]["context"]).resolve() == ROOT
    assert (ROOT / each["build"]["dockerfile"]).is_file()
    assert each["read_only"]
    assert each["cap_drop"] == ["ALL"]
    assert all(volume.endswith(":ro") for volume in each["volumes"])


def test_images_are_pinned_and_nothing_listens_beyond_this_machine():
    for each in SERVICES.values():
        assert re.fullmatch(r"[a-z/-]+:v?\d[\w.]*", each["image"])
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", []))


def test_no_password_is_written_down():
    told = [
        value for each in SERVICES.values() for name, value in each.get("environment", {}).items() if "PASS" in name
    ]
    assert told
    assert all(re.fullmatch(r"\$\{POSTGRES_PASSWORD(:\?[^}]*)?\}", value) for value in told)


def test_volumes_are_declared_and_whoever_is_waited_for_can_tell_that_it_is_healthy():
    named = {volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", [])}
    assert {name for name in named if not name.startswith("$")} == set(COMPOSE["volumes"])
    for each in SERVICES.values():
        for other, how in each.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert SERVICES[other]["healthcheck"]["test"][0] == "CMD"


def test_the_images_on_both_ways_are_the_same():
    manifests = "".join(file.read_text() for file in (ROOT / "k8s").rglob("*.yaml"))
    for name in ("postgres", "milvus"):
        assert SERVICES[name]["image"] in manifests

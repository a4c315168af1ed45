"""A session of Spark: pyspark and Java are looked for when one is asked for, and not before."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ringsight.errors import RingsightError, SettingsError
from ringsight.spark.settings import SparkConfig

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA = "Java 17 or newer (Debian package: openjdk-17-jre-headless)"
WHOLE_FILES = str(1 << 30)
"""Bytes up to which a file is one task."""


class EngineError(RingsightError, RuntimeError):
    """Spark could not be started, or a task of it failed."""


def require_spark() -> None:
    """Refuse to begin where Spark could not be started.

    Raises:
        SettingsError: if pyspark or Java is missing.
    """
    try:
        from py4j.protocol import Py4JError  # noqa: F401
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"engine=spark needs pyspark, which is not installed ({error})",
            remedy=f"pip install 'ringsight[spark]', and {JAVA}",
        ) from error
    if SparkSession.getActiveSession() is None and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise SettingsError("engine=spark needs Java, and there is no `java` here", remedy=f"install {JAVA}")


@contextmanager
def session_of(config: SparkConfig) -> Iterator["SparkSession"]:
    """The session that is open, or one that is closed at the end.

    Raises:
        SettingsError: if pyspark or Java is missing.
        EngineError: if Spark does not start, or a task fails.
    """
    require_spark()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    found = SparkSession.getActiveSession()
    try:
        session = found or _started(config)
        try:
            yield session
        finally:
            if found is None:
                session.stop()
    except (PySparkException, Py4JError) as error:
        raise EngineError(f"Spark failed: {_last_line(error)}", where=f"master {config.master}") from error


def _started(config: SparkConfig) -> "SparkSession":
    from pyspark.sql import SparkSession

    told = {
        "spark.driver.memory": config.memory,
        "spark.executorEnv.OMP_NUM_THREADS": "1",  # each task has a core
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",  # few bytes are much work for a network
        "spark.sql.files.maxPartitionBytes": WHOLE_FILES,
        "spark.sql.files.openCostInBytes": WHOLE_FILES,
    }
    if config.master.startswith("local"):
        told |= {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        told |= {"spark.ui.showConsoleProgress": "false"}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # or workers are whatever `python3` there is
    builder = SparkSession.builder.appName("ringsight").master(config.master)
    for name, value in told.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _last_line(error: Exception) -> str:
    """What a task raised, without the way there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if "Error" in line and not line.startswith(("at ", "File "))]
    return (raised or lines or [type(error).__name__])[-1][:500]

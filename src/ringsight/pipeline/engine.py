"""What does the work that can be done in pieces: the cores of this machine, or Spark."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ringsight.pipeline.settings import RunConfig
from ringsight.spark.session import require_spark
from ringsight.spark.settings import Engine
from ringsight.workers import spread_by

if TYPE_CHECKING:
    from ringsight.spark.engine import SparkEngine


def require_engine(settings: RunConfig) -> None:
    """Refuse to begin what could not be ended for want of the engine.

    Raises:
        SettingsError: if pyspark or Java is missing.
    """
    if settings.engine is Engine.spark:
        require_spark()


@contextmanager
def engine_of(settings: RunConfig) -> Iterator["SparkEngine | None"]:
    """Have the work inside the block spread as the settings say.

    Returns:
        Spark; None where this machine does the work.

    Raises:
        SettingsError: if pyspark or Java is missing.
        EngineError: if Spark does not start, or a task fails.
    """
    if settings.engine is Engine.local:
        yield None
        return
    from ringsight.spark.engine import SparkEngine  # torch takes seconds to import

    with SparkEngine.opened(settings.spark) as engine, spread_by(engine.spread):
        yield engine

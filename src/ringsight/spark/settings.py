"""Which engine does what takes long, and how Spark is reached."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ringsight.errors import SettingsError, require_at_least


class Engine(StrEnum):
    """What does the work that can be done in pieces."""

    local = "local"
    """Threads of this machine."""
    spark = "spark"
    """Tasks of Spark."""


@dataclass(kw_only=True, slots=True)
class SparkConfig:
    """How Spark is reached, where `engine=spark`; all else is said in Spark's own `spark-defaults.conf`."""

    master: str = "local[*]"
    """Spark's master: `local[2]` for two processes of this machine, or the address of a cluster. A session that is open
    already, as in a notebook of a cluster, is used as it is."""
    memory: str = "2g"
    """Memory of the driver's Java, as Spark writes it; the driver's Python has its own."""
    folder: Path | None = None
    """Folder in which the driver hands records over to the tasks, and which both see; by default a temporary one, which
    serves a local master alone. What is put there is removed at the end."""
    customers: int = 20_000
    """Customers whose records are one file, and one task."""
    batch: int = 512
    """Notes or images that a network reads at once."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range, or a cluster could not see the folder.
        """
        require_at_least("spark", self, {"customers": 1, "batch": 1})
        if not self.master.startswith("local") and self.folder is None:
            raise SettingsError(
                f"the tasks of {self.master} cannot see a temporary folder of this machine",
                remedy="name one that all of them see: spark.folder=FOLDER",
            )

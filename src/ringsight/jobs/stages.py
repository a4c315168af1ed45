"""The stages of a job as they pass: said to a person, timed, and written down."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ringsight.records.writing import write_atomically

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage that has passed."""

    name: str
    seconds: float
    """Wall time."""
    peak_mb: float
    """Most memory that the process has held up to the stage's end, in MB."""


class Stages:
    """A clock and a voice for the stages of one job."""

    def __init__(self, total: int) -> None:
        """Announce `total` stages to come."""
        self.total = total
        self.passed: list[Stage] = []
        self._reached = 0
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)

    @contextmanager
    def stage(self, name: str, doing: str) -> Iterator[None]:
        """Time one stage, and say what is being done."""
        self._reached += 1
        self.say(f"[{self._reached}/{self.total}] {doing}…")
        start = time.perf_counter()
        yield
        self.passed.append(Stage(name, round(time.perf_counter() - start, 2), round(_peak_mb(), 1)))

    def skip(self, why: str) -> None:
        """Count a stage that there is no need for."""
        self._reached += 1
        self.say(f"[{self._reached}/{self.total}] {why}")

    def say(self, text: str) -> None:
        """Say a line on standard error."""
        self._console.print(text, soft_wrap=True)

    def write(self, folder: Path) -> None:
        """Write `folder`/stages.json."""
        with write_atomically(folder / "stages.json") as partial:
            partial.write_text(json.dumps([asdict(stage) for stage in self.passed], indent=2) + "\n", encoding="utf-8")

    def show(self) -> None:
        """Show time and memory of every stage."""
        table = Table(title="Stages", title_justify="left")
        table.add_column("stage")
        table.add_column("seconds", justify="right")
        table.add_column("peak memory so far", justify="right")
        for stage in self.passed:
            table.add_row(stage.name, f"{stage.seconds:,.1f}", f"{stage.peak_mb:,.0f} MB")
        table.add_row("all", f"{sum(stage.seconds for stage in self.passed):,.1f}", "", style="bold")
        self._console.print(table)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6

"""The stages of a job as they pass: told to a person on standard error, and timed."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ringsight.progress import Update, UpdateKind, report_to

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


@contextmanager
def stages_told(total: int) -> Iterator["Stages"]:
    """Tell a person of the work inside the block, which has `total` stages."""
    stages = Stages(total)
    try:
        with report_to(stages):
            yield stages
    finally:
        stages.clear()


class Stages:
    """A progress callback with a clock: a line for each stage, and on a terminal a bar for the steps within."""

    def __init__(self, total: int) -> None:
        """Announce `total` stages to come."""
        self.total = total
        self.passed: list[Stage] = []
        self._reached = 0
        self._begun: dict[str, float] = {}
        self._bar: Progress | None = None
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)

    def __call__(self, update: Update) -> None:
        """Take an update."""
        match update.kind:
            case UpdateKind.begun:
                self._number(f"{update.text}…")
                self._begun[update.stage] = time.perf_counter()
            case UpdateKind.skipped:
                self._number(update.text)
            case UpdateKind.said:
                self.say(update.text)
            case UpdateKind.advanced:
                self._show(update)
            case UpdateKind.ended:
                self.clear()
                seconds = time.perf_counter() - self._begun.pop(update.stage)
                self.passed.append(Stage(update.stage, round(seconds, 2), round(_peak_mb(), 1)))

    def say(self, text: str) -> None:
        """Say a line on standard error."""
        self._console.print(text, soft_wrap=True)

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

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

    def _number(self, text: str) -> None:
        self._reached += 1
        self.say(f"[{self._reached}/{self.total}] {text}")

    def _show(self, update: Update) -> None:
        if not self._console.is_terminal:
            return
        if self._bar is None:
            self._bar = Progress(console=self._console, transient=True)
            self._bar.add_task(update.text)
            self._bar.start()
        (task,) = self._bar.task_ids
        total = update.total or None
        self._bar.update(task, description=update.text, completed=update.done, total=total)
        if update.done == update.total:
            self.clear()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6

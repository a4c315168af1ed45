"""`ringsight watch`: a night held against a reference, for schedulers and for people."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ringsight.drift.settings import WatchConfig
from ringsight.drift.watch import STAGES, watch
from ringsight.drift.watch_files import METRICS, PAGE, PAIRS, write_watched
from ringsight.drift.watched import Watched
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.runs.manifest import list_files
from ringsight.runs.paths import RunPaths

UNUSUAL = 3
"""Exit code of a night that is unusual; one that cannot be watched has 1, as every error."""


@dataclass(kw_only=True, slots=True)
class WatchJob:
    """What `ringsight watch` can be told."""

    run: Path
    """Folder of tonight's run, finished."""
    reference: Path | None = None
    """Folder of the run that it is held against; by default the one that it follows (`after`, `previous`)."""
    watch: WatchConfig = field(default_factory=WatchConfig)
    """What is compared, and what makes a night unusual."""
    bank: Path | None = None
    """The bank's folder tonight, where it lies elsewhere now. By default the one that was searched."""
    reference_bank: Path | None = None
    """The bank's folder as the reference searched it, where it lies elsewhere now."""
    out: Path | None = None
    """Folder for page, JSON, metrics and tables; by default `watch` in the run's."""


def run(config: WatchJob) -> None:
    """Write how the night stands against the reference, say it, and leave with 3 where it is unusual.

    Raises:
        RingsightError: for what a user can mend.
    """
    with stages_told(STAGES):
        watched = watch(
            config.run, config.reference, config.watch, bank=config.bank, reference_bank=config.reference_bank
        )
    paths = RunPaths(config.run)
    folder = config.out or paths.watch
    write_watched(watched, folder)
    list_files(paths)
    Console(highlight=False, markup=False, emoji=False).print(words(watched, folder), soft_wrap=True)
    if watched.unusual:
        sys.exit(UNUSUAL)


def words(watched: Watched, folder: Path) -> str:
    """The night in a few lines."""
    counts = watched.customers
    lines = [
        watched.described()[0].upper() + watched.described()[1:] + ".",
        *(f"  {reason.part.value}: {reason.text}" for reason in watched.reasons),
        f"Customers: {counts.tonight:,} tonight, {counts.stayed:,} stayed, {counts.came:,} came, {counts.left:,} left.",
        *(f"Not compared: {line}." for line in watched.refused),
    ]
    if len(watched.pairs):
        lines.append(
            f"Segments do not show in the space {watched.config.space}: {len(watched.pairs)} pairs to teach are "
            f"proposed in {folder / PAIRS}."
        )
    return "\n".join([*lines, f"Wrote {folder / PAGE}, and {METRICS} for Prometheus beside it."])


COMMAND = Command("watch", WatchJob, run)

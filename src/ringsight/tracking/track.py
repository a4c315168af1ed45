"""Track a run: gather what it was made of and came to, write it into its folder, and hand it to MLflow if asked."""

from dataclasses import dataclass
from pathlib import Path

from ringsight.evaluation.truth import Truth
from ringsight.progress import Callback, report_to, stage
from ringsight.runs.manifest import list_files
from ringsight.runs.run import Run, open_run
from ringsight.tracking.in_mlflow import EXPERIMENT, InMlflow, write_to_mlflow
from ringsight.tracking.tracked_files import write_tracked
from ringsight.tracking.tracked_run import TrackedRun, tracked_run


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """What `track` did."""

    folder: Path
    """Where it lies: CSV, JSON, YAML and Markdown."""
    content: TrackedRun
    mlflow: InMlflow | None
    """None where MLflow was not asked for."""


def track(
    run: Run | Path | str,
    truth: Truth | Path | str | None = None,
    *,
    views: bool = True,
    mlflow: Path | str | None = None,
    name: str = EXPERIMENT,
    progress: Callback | None = None,
) -> Tracked:
    """Write what a run was made of and came to, for comparing runs and models.

    Args:
        run: finished.
        truth: known rings, or their file; with them ring mates among the five nearest are counted in every space.
        views: whether customers are looked for by the other half of their records, which embeds the bank twice.
        mlflow: folder of a local MLflow, or the address of a server; by default the run's own folder alone.
        name: of the experiment and the registered model in MLflow.
        progress: is told of the work.

    Raises:
        DataError: if the run is not finished, or the bank's records are not those that it searched.
        SettingsError: if MLflow is asked for and not installed.
        StoreError: if MLflow refuses.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    known = Path(truth) if isinstance(truth, str) else truth
    with report_to(progress), stage("track", "gathering settings, hashes, curves and figures"):
        content = tracked_run(opened, known, views=views)
        write_tracked(content, opened.paths.tracked)
        list_files(opened.paths)
        there = None if mlflow is None else write_to_mlflow(content, opened.paths.tracked, str(mlflow), name)
    return Tracked(opened.paths.tracked, content, there)

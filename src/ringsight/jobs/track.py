"""`ringsight track`: what a run was made of and came to, as files and in MLflow."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.tracking.in_mlflow import EXPERIMENT
from ringsight.tracking.track import Tracked, track


@dataclass(kw_only=True, slots=True)
class TrackJob:
    """What `ringsight track` can be told."""

    run: Path
    """Folder of a finished run."""
    truth: Path | None = None
    """Known rings: labels.csv or labels.parquet (customer_id, ring_id), or the folder that holds it. With them ring
    mates among the five nearest are counted."""
    views: bool = True
    """Whether customers are looked for by the other half of their records, which embeds the bank twice."""
    mlflow: str = ""
    """Folder of a local MLflow, or the address of a server (https://...); empty: the run's folder alone."""
    name: str = EXPERIMENT
    """Of the experiment and of the registered model in MLflow."""


def run(config: TrackJob) -> Tracked:
    """Track a run, and print its figures.

    Raises:
        RingsightError: for what a user can mend.
    """
    with stages_told(1) as stages:
        done = track(config.run, config.truth, views=config.views, mlflow=config.mlflow or None, name=config.name)
    Console().print(figures_table(done))
    stages.say(said(done))
    return done


def figures_table(done: Tracked) -> Table:
    """The figures, one a row."""
    table = Table(title=f"Tracked of {done.content.run}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in done.content.measures.items():
        table.add_row(name, f"{value:.4g}")
    return table


def said(done: Tracked) -> str:
    """Where it lies, in a line or two."""
    lines = [f"Written to {done.folder}; model_card.md is the card."]
    if done.mlflow is not None:
        was = "was there already" if done.mlflow.there_before else "is written"
        version = f", version {done.mlflow.version} of the registered model" if done.mlflow.version else ""
        lines.append(f"In MLflow it {was}: run {done.mlflow.run_id}{version}.")
    return "\n".join(lines)


COMMAND = Command("track", TrackJob, run, verbatim=("mlflow", "name"))

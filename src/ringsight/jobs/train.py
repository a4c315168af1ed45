"""`ringsight train`: the encoders and the joint space, each alone or all in turn."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ringsight.fusion.settings import ModelConfig, parts
from ringsight.jobs.command import Command
from ringsight.jobs.journey import read, train
from ringsight.jobs.stages import Stages
from ringsight.records.bank import BankConfig


class Trained(StrEnum):
    """What `ringsight train` trains: one part of the model, or all."""

    all = "all"
    transactions = "transactions"
    notes = "notes"
    id_images = "id_images"
    joint = "joint"


@dataclass(kw_only=True, slots=True)
class TrainJob(ModelConfig):
    """What `ringsight train` can be told."""

    bank: BankConfig
    """The bank to learn from."""
    encoder: Trained = Trained.all
    """What to train; `joint` is the head that fuses the other three, and needs them trained."""
    model: Path = Path("models/default")
    """Folder of the model; each part is a folder in it."""
    again: bool = False
    """Train parts anew that the model has already."""
    seed: int = 0
    """The same seed, settings and records give the same weights on a CPU."""


def run(config: TrainJob) -> dict[str, dict[str, float]]:
    """Train, and give the metrics by part.

    Raises:
        RingsightError: for what a user can mend.
    """
    from ringsight.fusion.training import train_missing  # torch takes seconds to import

    alone = None if config.encoder is Trained.all else config.encoder.value
    stages = Stages(2 if alone else 1 + len(parts()))
    bank = read(config.bank, stages)
    if alone:
        with stages.stage(f"train {alone}", f"training {alone}"):
            metrics = train_missing(bank, config, config.model, config.seed, alone, config.again)
    else:
        metrics = train(bank, config, config.model, config.seed, stages, config.again)
    stages.show()
    table = Table("part", "metric", "value", title=f"Model {config.model}", title_justify="left")
    for part, figures in metrics.items():
        for name, value in figures.items():
            table.add_row(part, name, f"{value:.4g}")
    Console().print(table)
    return metrics


COMMAND = Command("train", TrainJob, run, folder="model")

"""`ringsight train`: the encoders and the joint space, each alone or all in turn."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ringsight.fusion.settings import ModelConfig, parts
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.read import read_bank
from ringsight.pipeline.train import train
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
    part = None if config.encoder is Trained.all else config.encoder.value
    with stages_told(2 if part else 1 + len(parts())) as stages:
        bank = read_bank(config.bank)
        metrics = train(bank, config.model, config, part=part, again=config.again, seed=config.seed)
    stages.show()
    table = Table("part", "metric", "value", title=f"Model {config.model}", title_justify="left")
    for name, figures in metrics.items():
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:.4g}")
    Console().print(table)
    return metrics


COMMAND = Command("train", TrainJob, run, folder="model")

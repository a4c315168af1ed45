"""What a run can be told, and what was in force."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ringsight.detection.settings import DetectConfig
from ringsight.fusion.settings import ModelConfig
from ringsight.fusion.trained_settings import settings_in_force
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT
from ringsight.runs.settings import plain
from ringsight.spark.settings import Engine, SparkConfig
from ringsight.vectors.vector_store import StoreConfig


@dataclass(kw_only=True, slots=True)
class RunConfig(ModelConfig):
    """What the way from a bank to its flags can be told."""

    detect: DetectConfig = field(default_factory=DetectConfig)
    """How rings are found and flagged."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept."""
    model: Path | None = None
    """Folder of the model; parts it lacks are trained into it. By default `model` inside `out`; there too a joint space
    is trained that cannot stay as it is in a model named here, which others may use."""
    after: Path | None = None
    """Folder of the last run: its lineage, its model and what analysts have decided since are taken over. Where
    `previous`, `model` or `detect.decisions` is named beside it, that counts instead."""
    database: str = ""
    """Where the cases of the last run are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db`
    inside it."""
    previous: Path | None = None
    """Folder of the run before: rings keep the ids that they had there, and what became of them is written down."""
    seed: int = 0
    """Of training and detection."""
    engine: Engine = Engine.local
    """What embeds, and draws chance worlds: `local`, the cores of this machine, or `spark`."""
    spark: SparkConfig = field(default_factory=SparkConfig)
    """How Spark is reached."""


def is_asked(key: str, asked: Collection[str]) -> bool:
    """Whether a setting was asked for, by its own key or by that of a group that it is in."""
    return any(key == each or key.startswith(f"{each}.") for each in asked)


def in_force(bank: Bank, settings: RunConfig) -> dict[str, Any]:
    """The settings of a run as it writes them down.

    Those of the bank are the ones by which it was read; of a part of the model, the ones that it was trained with. Of
    the trainer they are those of the part that was trained last.

    Raises:
        ModelError: if a part of the model is damaged.
    """
    told = asdict(settings) | {"bank": bank.read_as or {"path": bank.path}}
    for part, trained in trained_with(settings.model).items():
        group = told.setdefault("fusion" if part == JOINT else part, {})
        told["trainer"] |= trained.pop("trainer", {})
        group |= {name: value for name, value in trained.items() if not isinstance(group.get(name), Path)}
    return told


def in_force_anywhere(bank: Bank, settings: RunConfig) -> dict[str, Any]:
    """What of the settings in force decides the results, as plain values: the same wherever the files lie."""
    read_as = asdict(bank.read_as) if bank.read_as else {}
    detection = asdict(settings.detect)
    if settings.detect.decisions is not None:
        detection["decisions"] = settings.detect.decisions.name
    read_as.pop("path", None)
    told: dict[str, Any] = plain({"bank": read_as, "detect": detection, "model": trained_with(settings.model)})
    return told


def trained_with(model: Path | None) -> dict[str, dict[str, Any]]:
    """`settings_in_force` of a model, if there is one."""
    return settings_in_force(model) if model is not None else {}

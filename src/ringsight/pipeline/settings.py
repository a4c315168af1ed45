"""What a run can be told, and what was in force."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ringsight.detection.detect import DetectConfig
from ringsight.fusion.settings import ModelConfig
from ringsight.records.bank import Bank
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
    previous: Path | None = None
    """Folder of the run before: rings keep the ids that they had there, and what became of them is written down."""
    seed: int = 0
    """Of training and detection."""


def in_force(bank: Bank, settings: RunConfig) -> dict[str, Any]:
    """The settings of a run as it writes them down, by name, with those by which the bank was read."""
    return asdict(settings) | {"bank": bank.read_as or {"path": bank.path}}

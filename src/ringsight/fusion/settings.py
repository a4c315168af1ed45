"""What the joint space can be told, and with the encoders the whole model; no torch here."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.errors import SettingsError, require_at_least, require_positive
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT


class FusionKind(StrEnum):
    """How modalities are brought together."""

    joint = "joint"
    early = "early"
    late = "late"


@dataclass(kw_only=True, slots=True)
class FusionConfig:
    """How the joint space is built and trained."""

    kind: FusionKind = FusionKind.joint
    """`joint` learns it from two views of each customer; `early` and `late` are its simpler rivals."""
    dim: int = 128
    """Length of an embedding (of `joint` and `early`)."""
    dropout: float = 0.3
    """Chance that a modality is left out of a view while learning."""
    temperature: float = 0.1
    """Of the contrast."""
    epochs: int = 60
    """Most passes over the customers."""
    batch: int = 256
    """Customers contrasted with each other at once."""
    learning_rate: float = 3e-4
    """Of AdamW; small, as learning starts from the principal components."""
    pairs: Path | None = None
    """Table of decided pairs (customer_a, customer_b, decision) to learn from besides the views; `joint` only. A joint
    space that was not taught by this file is trained anew, over the encoders that are there."""
    business_pairs: Path | None = None
    """Table of pairs that a business has something to say of (customer_a, customer_b, label such as `both churned`,
    weight above 0 for near and below 0 for apart), to learn from as from decided pairs; `joint` only."""
    pair_weight: float = 1.0
    """What a pair that was decided, or weighs 1, counts beside two views of one customer, at most 100."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        require_at_least("fusion", self, {"dim": 1, "epochs": 1, "batch": 2})
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"fusion.dropout must lie in [0, 1) (got {self.dropout})")
        require_positive("fusion", self, ("temperature", "learning_rate", "pair_weight"))
        if self.pair_weight > 100:
            raise SettingsError(f"fusion.pair_weight must be at most 100 (got {self.pair_weight})")
        if self.taught_by and self.kind is not FusionKind.joint:
            raise SettingsError(
                f"fusion.pairs and fusion.business_pairs teach a learned space, and fusion={self.kind} learns nothing",
                remedy="take fusion=joint, or leave them out",
            )

    @property
    def taught_by(self) -> list[Path]:
        """Files of pairs to learn from."""
        return [path for path in (self.pairs, self.business_pairs) if path is not None]


@dataclass(kw_only=True, slots=True)
class ModelConfig:
    """How each part of a model is built and trained."""

    transactions: TransactionsConfig = field(default_factory=TransactionsConfig)
    """The transaction autoencoder."""
    notes: NotesConfig = field(default_factory=NotesConfig)
    """The note encoder."""
    id_images: IdImagesConfig = field(default_factory=IdImagesConfig)
    """The image encoder."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    """The joint space."""
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    """How all of them are trained."""


def parts() -> tuple[str, ...]:
    """The parts that a model may have, in the order in which they are trained: an encoder a modality, and `joint`."""
    return (*modalities(), JOINT)

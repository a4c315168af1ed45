"""What the encoders can be told. No torch here: a setting is read, shown and refused without waiting for it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ringsight.errors import SettingsError, require_at_least, require_positive

FEWEST_CUSTOMERS = 8
"""With fewer customers than this there is nothing to contrast a customer with."""


@dataclass(kw_only=True, slots=True)
class TrainerConfig:
    """How every part is trained."""

    accelerator: str = "auto"
    """`auto` takes a GPU where there is one; `cpu`, `gpu` or another name that Lightning knows."""
    patience: int = 3
    """Epochs without improvement before training stops."""
    validation: float = 0.15
    """Share of the customers held out to stop by."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range.
        """
        require_at_least("trainer", self, {"patience": 1})
        if not 0 < self.validation < 1:
            raise SettingsError(f"trainer.validation must lie between 0 and 1 (got {self.validation})")


@dataclass(kw_only=True, slots=True)
class TransactionsConfig:
    """How the transaction autoencoder is built and trained."""

    dim: int = 128
    """Length of an embedding."""
    hidden: int = 256
    """Width of the hidden layers."""
    counterparty_dim: int = 512
    """Length of the random projection of a customer's counterparties."""
    facet_dim: int = 128
    """Length of a facet's vectors, at most."""
    noise: float = 0.2
    """Share of the inputs blanked out before encoding."""
    view_weight: float = 1.0
    """Weight of the two-halves task beside reconstruction."""
    temperature: float = 0.1
    """Of the two-halves task."""
    thinned_pairs: int = 4
    """Pairs of thinned halves drawn from each history."""
    epochs: int = 40
    """Most passes over the customers."""
    batch: int = 256
    """Customers contrasted with each other at once."""
    learning_rate: float = 1e-3
    """Of AdamW."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        ones = dict.fromkeys(("dim", "hidden", "counterparty_dim", "facet_dim", "thinned_pairs", "epochs"), 1)
        require_at_least("transactions", self, ones | {"batch": 2})
        if not 0 <= self.noise < 1:
            raise SettingsError(f"transactions.noise must lie in [0, 1) (got {self.noise})")
        require_positive("transactions", self, ("temperature", "learning_rate"))
        if not self.view_weight >= 0:
            raise SettingsError(f"transactions.view_weight must not be negative (got {self.view_weight})")


@dataclass(kw_only=True, slots=True)
class NotesConfig:
    """How the note encoder is built and tuned."""

    base: Path | None = None
    """Folder of a BERT in transformers' format; by default the MiniLM that a package carries, which reads English. For
    notes in other languages, and above all in other scripts, name a multilingual one."""
    dim: int = 128
    """Length of an embedding."""
    facet_dim: int = 128
    """Length of a facet's vectors, at most."""
    longest: int = 128
    """Tokens that are read at once: a window. A longer note is the mean of its windows, each weighed by its tokens."""
    windows: int = 8
    """Windows of a note that are read, at most."""
    most_unknown: float = 0.2
    """Share of a note's letters that may stand in words which the base does not know; with more the note is passed
    over. 1 lets every note count."""
    trained_layers: int = 1
    """Layers that are tuned, from the top; 0 keeps the base as it is."""
    sampled_notes: int = 512
    """Notes tuned on in each epoch, drawn from all: tuning is slow without a GPU."""
    epochs: int = 1
    """Most passes over the sampled notes."""
    batch: int = 32
    """Notes contrasted with each other at once."""
    temperature: float = 0.05
    """Of the contrast."""
    learning_rate: float = 2e-5
    """Of AdamW."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        ones = dict.fromkeys(("dim", "facet_dim", "epochs", "windows"), 1)
        if not 0 <= self.most_unknown <= 1:
            raise SettingsError(f"notes.most_unknown must lie between 0 and 1 (got {self.most_unknown})")
        require_at_least("notes", self, ones | {"longest": 8, "trained_layers": 0, "sampled_notes": 4, "batch": 2})
        require_positive("notes", self, ("temperature", "learning_rate"))


class Portrait(StrEnum):
    """What becomes of the holder's portrait."""

    keep = "keep"
    mask = "mask"


@dataclass(kw_only=True, slots=True)
class IdImagesConfig:
    """How the image encoder is built and trained."""

    dim: int = 128
    """Length of an embedding."""
    facet_dim: int = 96
    """Length of a facet's vectors, at most."""
    portrait: Portrait = Portrait.keep
    """`mask` greys out the left part of the card, where portraits stand, so that no face is compared."""
    weights: Path | None = None
    """File of ShuffleNet v2 x0.5 weights to start from; by default training starts from nothing."""
    epochs: int = 12
    """Most passes over the images."""
    batch: int = 128
    """Images contrasted with each other at once."""
    temperature: float = 0.1
    """Of the contrast."""
    learning_rate: float = 1e-3
    """Of AdamW."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        require_at_least("id_images", self, {"dim": 1, "facet_dim": 1, "epochs": 1, "batch": 4})
        require_positive("id_images", self, ("temperature", "learning_rate"))

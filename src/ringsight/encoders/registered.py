"""Every encoder, one a modality. Training and embedding loop over them; a new modality is one more."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringsight.encoders.id_images import embed_copies, embed_id_images, train_id_images
from ringsight.encoders.notes import embed_notes, train_notes
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.encoders.transactions import embed_transactions, train_transactions
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one modality is learned and embedded."""

    modality: str
    """As its table in `records.contract` names it."""
    settings: type[Any]
    """Dataclass of settings; each has a default."""
    train: Callable[[Bank, Any, TrainerConfig, int, Path], dict[str, float]]
    """Trains on a bank with settings and a seed, writes the part into a folder, and gives its metrics."""
    embed: Callable[[Bank, Path], tuple[Embeddings, ...]]
    """Embeds a bank by the part in a folder: the learned space, which bears the modality's name, then the facets."""
    embed_copies: Callable[[Bank, Path, int], tuple[Embeddings, ...]] | None = None
    """Embeds random copies of the records, drawn with a seed: the second view of a customer who has one record alone.
    None where a record cannot be copied."""


ENCODERS: tuple[Encoder, ...] = (
    Encoder("transactions", TransactionsConfig, train_transactions, embed_transactions),
    Encoder("notes", NotesConfig, train_notes, embed_notes),
    Encoder("id_images", IdImagesConfig, train_id_images, embed_id_images, embed_copies=embed_copies),
)
"""In the order of `records.contract.RECORD_TABLES`."""


def encoder_of(modality: str) -> Encoder:
    """The encoder of a modality that has one."""
    return next(encoder for encoder in ENCODERS if encoder.modality == modality)

"""Every encoder behind one face, with settings small enough for a tiny bank."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringsight.encoders.registered import Encoder
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings

CPU = TrainerConfig(accelerator="cpu")


@dataclass(frozen=True)
class SmallEncoder:
    registered: Encoder
    config: Any
    learns_in_epochs: bool = True

    @property
    def modality(self) -> str:
        return self.registered.modality

    def train(self, bank: Bank, into: Path, seed: int = 0) -> dict[str, float]:
        return self.registered.train(bank, self.config, CPU, seed, into)

    def embed(self, bank: Bank, part: Path) -> Embeddings:
        """The learned space."""
        return self.registered.embed(bank, part)[0]

    def facets(self, bank: Bank, part: Path) -> tuple[Embeddings, ...]:
        return self.registered.embed(bank, part)[1:]


def small(encoder: Encoder, bert: Path) -> SmallEncoder:
    settings = {
        "transactions": TransactionsConfig(
            dim=16, hidden=16, counterparty_dim=32, facet_dim=16, thinned_pairs=1, epochs=2, batch=16
        ),
        "notes": NotesConfig(base=bert, dim=8, longest=16, epochs=2, batch=8, sampled_notes=24, learning_rate=1e-3),
        "id_images": IdImagesConfig(dim=16, epochs=2, batch=8),
    }
    return SmallEncoder(encoder, settings[encoder.modality])

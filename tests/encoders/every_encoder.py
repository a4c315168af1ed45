"""Every encoder behind one face."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringsight.encoders.settings import TrainerConfig
from ringsight.records.bank import Bank, Modality
from ringsight.records.embeddings import Embeddings

CPU = TrainerConfig(accelerator="cpu")


@dataclass(frozen=True)
class Encoder:
    modality: Modality
    config: Any
    _train: Callable[..., dict[str, float]]
    _embed: Callable[[Bank, Path], Embeddings]

    def train(self, bank: Bank, into: Path, seed: int = 0) -> dict[str, float]:
        return self._train(bank, self.config, CPU, seed, into)

    def embed(self, bank: Bank, part: Path) -> Embeddings:
        return self._embed(bank, part)

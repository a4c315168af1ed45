"""A tiny bank and a whole tiny model of it, trained once for the tests that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_bank import tiny_bank, tiny_bert

from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.fusion.settings import FusionConfig, ModelConfig
from ringsight.fusion.training import train_missing
from ringsight.records.bank import Bank


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return tiny_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> ModelConfig:
    return ModelConfig(
        transactions=TransactionsConfig(dim=16, hidden=16, counterparty_dim=32, thinned_pairs=1, epochs=2),
        notes=NotesConfig(base=tiny_bert(tmp_path_factory.mktemp("bert")), dim=12, longest=16, trained_layers=0),
        id_images=IdImagesConfig(dim=8, epochs=1, batch=8),
        fusion=FusionConfig(dim=10, epochs=5, batch=16, learning_rate=3e-3),
        trainer=TrainerConfig(accelerator="cpu"),
    )


@pytest.fixture(scope="session")
def model(bank: Bank, config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with every part; not to be written to."""
    folder = tmp_path_factory.mktemp("model")
    train_missing(bank, config, folder, seed=0)
    return folder

"""Every encoder, trained once for the tests that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from every_encoder import Encoder
from tiny_bank import tiny_bank, tiny_bert

from ringsight.encoders.id_images import embed_id_images, train_id_images
from ringsight.encoders.notes import embed_notes, train_notes
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TransactionsConfig
from ringsight.encoders.transactions import embed_transactions, train_transactions
from ringsight.records.bank import Bank, Modality


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
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session", params=list(Modality))
def encoder(request: pytest.FixtureRequest, bert: Path) -> Encoder:
    match request.param:
        case Modality.transactions:
            config = TransactionsConfig(dim=16, hidden=16, counterparty_dim=32, thinned_pairs=1, epochs=2, batch=16)
            return Encoder(Modality.transactions, config, train_transactions, embed_transactions)
        case Modality.notes:
            notes = NotesConfig(base=bert, dim=8, longest=16, epochs=2, batch=8, sampled_notes=24, learning_rate=1e-3)
            return Encoder(Modality.notes, notes, train_notes, embed_notes)
        case Modality.id_images:
            images = IdImagesConfig(dim=16, epochs=2, batch=8)
            return Encoder(Modality.id_images, images, train_id_images, embed_id_images)
    raise AssertionError(request.param)


@pytest.fixture(scope="session")
def part(encoder: Encoder, bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder's part, trained on the bank; not to be written to."""
    folder = tmp_path_factory.mktemp("model") / encoder.modality
    encoder.train(bank, folder)
    return folder

"""Every encoder, trained once for the tests that only look."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from every_encoder import SmallEncoder, small
from tiny_bank import tiny_bank, tiny_bert

from ringsight.encoders.registered import ENCODERS
from ringsight.records.bank import Bank


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def make_bank() -> Callable[..., Bank]:
    """Writes a tiny bank; arguments as of `tiny_bank`."""
    return tiny_bank


@pytest.fixture(scope="session")
def bank(make_bank: Callable[..., Bank], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return make_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session", params=ENCODERS, ids=lambda encoder: encoder.modality)
def encoder(request: pytest.FixtureRequest, bert: Path) -> SmallEncoder:
    return small(request.param, bert)


@pytest.fixture(scope="session")
def part(encoder: SmallEncoder, bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder's part, trained on the bank; not to be written to."""
    folder = tmp_path_factory.mktemp("model") / encoder.modality
    encoder.train(bank, folder)
    return folder

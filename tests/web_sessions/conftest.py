"""The fourth modality, registered for the tests of this folder alone, and what the contract suites ask for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bank_folder import write_folder
from every_encoder import SmallEncoder
from fourth_modality import ENCODER, WEB_SESSIONS, WebSessionsConfig, bank_with_sessions

from ringsight.encoders import registered
from ringsight.records import contract
from ringsight.records.bank import Bank


@pytest.fixture(scope="module", autouse=True)
def a_fourth_modality() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract, "RECORD_TABLES", (*contract.RECORD_TABLES, WEB_SESSIONS))
        patch.setattr(registered, "ENCODERS", (*registered.ENCODERS, ENCODER))
        yield


@pytest.fixture(scope="module")
def make_bank() -> Callable[..., Bank]:
    return bank_with_sessions


@pytest.fixture(scope="module")
def bank(make_bank: Callable[..., Bank], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return make_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def encoder() -> SmallEncoder:
    return SmallEncoder(ENCODER, WebSessionsConfig(), learns_in_epochs=False)


@pytest.fixture(scope="module")
def part(encoder: SmallEncoder, bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "web_sessions"
    encoder.train(bank, folder)
    return folder


@pytest.fixture
def modality() -> str:
    return "web_sessions"


@pytest.fixture(scope="module")
def sound_bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Read from a folder that has a table of sessions; one of its rows belongs to nobody."""
    folder = write_folder(tmp_path_factory.mktemp("sound") / "bank")
    rows = [f"S{number},C{number % 7:02},2024-01-01 00:{number:02}:00,/page/{number % 5}" for number in range(30)]
    lines = ["session_id,customer_id,timestamp,page", *rows, "S99,nobody,2024-01-01,/page/1"]
    folder.write("web_sessions", [line.encode() for line in lines])
    return folder.read()

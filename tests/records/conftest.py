"""The small sound bank, fresh for each test that damages it, and read once for those that do not."""

from pathlib import Path

import pytest
from bank_folder import Folder, write_folder

from ringsight.records.bank import Bank
from ringsight.records.contract import modalities


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A sound bank of 20 customers; customer i has i mod 4 transactions and notes, the first ten an image."""
    return write_folder(tmp_path / "bank")


@pytest.fixture(scope="session")
def sound_bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The same bank, read."""
    return write_folder(tmp_path_factory.mktemp("sound") / "bank").read(max_bad_rows=0)


@pytest.fixture(params=modalities())
def modality(request: pytest.FixtureRequest) -> str:
    return str(request.param)

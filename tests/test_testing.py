"""The tiny banks that users get are sound, the same each time, and as they are described."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ringsight
from ringsight.records.bank import ColumnRole
from ringsight.testing import tiny_frames, write_tiny_bank

PAGE = (Path(__file__).parents[1] / "docs" / "library.md").read_text(encoding="utf-8")


def test_every_function_is_documented():
    entry = PAGE.split("### testing\n")[1].split("\n## ")[0]
    assert all(f"`{name}(" in entry for name in ringsight.testing.__all__)


@pytest.mark.parametrize("customers", [2, 20, 31])
def test_the_folder_and_the_frames_are_one_sound_bank(customers: int, tmp_path: Path):
    folder = ringsight.read_bank(
        ringsight.BankConfig(path=write_tiny_bank(tmp_path / "bank", customers), max_bad_rows=0)
    )
    given: dict[str, Any] = tiny_frames(customers)  # as mypy sees it, a frame might be `progress`
    frames = ringsight.read_frames(ringsight.BankConfig(path=tmp_path, max_bad_rows=0), **given)
    assert folder.customers.equals(frames.customers) and folder.transactions.equals(frames.transactions)
    assert folder.notes.equals(frames.notes)
    assert folder.id_images.drop("path").equals(frames.id_images.drop("path"))
    for bank in (folder, frames):
        assert len(bank.customers) == customers and bank.quarantine.is_empty()
        assert len(bank.transactions) == len(bank.notes) == sum(i % 4 for i in range(customers))
        assert len(bank.id_images) == customers // 2
        assert set(bank.roles.values()) == set(ColumnRole)
    pictures = [[(bank.path / path).read_bytes() for path in bank.id_images["path"]] for bank in (folder, frames)]
    assert pictures[0] == pictures[1] and len(set(pictures[0])) == customers // 2


def test_it_is_the_same_each_time_and_each_has_it_for_themselves(tmp_path: Path):
    first = tiny_frames()
    first["customers"][0, "hobby"] = "changed"
    assert set(tiny_frames()["customers"]["hobby"]) == {"chess"}
    hashes = {ringsight.read_bank(write_tiny_bank(tmp_path / name)).data_hash for name in ("one", "other")}
    assert len(hashes) == 1
    assert all(
        isinstance(frame, pl.DataFrame) and frame.equals(tiny_frames()[name]) for name, frame in tiny_frames().items()
    )

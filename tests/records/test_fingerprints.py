"""A file that has not changed is neither hashed nor decoded again; one that has is, whatever it looks like."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bank_folder import Folder
from PIL import Image

from ringsight.records.bank import Bank, BankConfig
from ringsight.records.fingerprints import FINGERPRINTS, Fingerprints
from ringsight.records.picture_openers import PictureOpeners
from ringsight.records.reading import read_bank
from ringsight.records.writing import hash_files


class Work:
    """How often an image was opened, and a file hashed."""

    decoded = 0
    hashed = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    done = Work()
    opens, digests = PictureOpeners.open, hashlib.file_digest

    def opened(self: PictureOpeners, content: bytes, most_pixels: int) -> Image.Image | str:
        done.decoded += 1
        return opens(self, content, most_pixels)

    def hashed(*told: Any) -> Any:  # noqa: ANN401 - as hashlib takes and gives them
        done.hashed += 1
        return digests(*told)

    monkeypatch.setattr(PictureOpeners, "open", opened)
    monkeypatch.setattr("ringsight.records.fingerprints.hashlib.file_digest", hashed)
    yield done


def again(folder: Folder, bank: Bank, **settings: Any) -> Bank:  # noqa: ANN401 - of a bank
    """Read the bank again as a run does: by what it kept as a table."""
    assert bank.files is not None
    kept = Fingerprints.of_table(folder.path, bank.files.table())
    return read_bank(BankConfig(path=folder.path, **{"max_bad_rows": 0.5} | settings), seen=kept)


def test_every_file_is_seen_once(folder: Folder, work: Work) -> None:
    bank = folder.read()
    assert (work.decoded, work.hashed) == (10, 14)
    assert bank.files is not None
    table = bank.files.table()
    assert dict(table.schema) == FINGERPRINTS
    assert table["path"].to_list() == sorted(
        path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()
    )


def test_the_hash_of_a_bank_is_that_of_its_files(folder: Folder) -> None:
    bank = folder.read()
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert bank.data_hash == hash_files(files, folder.path)
    assert again(folder, bank).data_hash == bank.data_hash


def test_a_bank_that_has_not_changed_is_neither_decoded_nor_hashed_again(folder: Folder, work: Work) -> None:
    folder.path.joinpath("id_images", "C03.jpg").write_bytes(b"no image")
    bank = folder.read()
    work.decoded = work.hashed = 0
    same = again(folder, bank)
    assert (work.decoded, work.hashed) == (0, 0)
    assert same.quarantine.equals(bank.quarantine)
    assert same.quarantine.height == 1
    assert same.id_images.equals(bank.id_images)
    assert again(folder, same).data_hash == bank.data_hash
    assert (work.decoded, work.hashed) == (0, 0)


def rewritten(path: Path) -> os.stat_result:
    """Another image of the same size in the place of one."""
    before = path.stat()
    Image.effect_noise((40, 30), 90).save(path)
    with path.open("ab") as file:
        file.write(b"\0" * (before.st_size - path.stat().st_size))
    assert path.stat().st_size == before.st_size
    return before


@pytest.mark.parametrize("same_time", [False, True])
def test_an_image_changed_on_disk_is_noticed(folder: Folder, work: Work, same_time: bool) -> None:
    path = folder.path / "id_images" / "C03.jpg"
    with path.open("ab") as file:
        file.write(b"\0" * 4000)
    bank = folder.read()
    before = rewritten(path)
    if same_time:  # as every file of a synthetic bank has
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    work.decoded = work.hashed = 0
    changed = again(folder, bank)
    assert (work.decoded, work.hashed) == (1, 1)
    assert changed.data_hash != bank.data_hash
    assert changed.data_hash == folder.read().data_hash


def test_an_image_that_was_damaged_since_is_set_aside(folder: Folder) -> None:
    bank = folder.read()
    folder.path.joinpath("id_images", "C03.jpg").write_bytes(b"no image")
    assert again(folder, bank).quarantine["reason"].to_list() == [
        "none of JPEG, PNG, TIFF, BMP, WEBP, PPM: 'id_images/C03.jpg'"
    ]


def test_another_bound_on_pixels_is_judged_anew(folder: Folder, work: Work) -> None:
    bank = folder.read()
    work.decoded = 0
    assert again(folder, bank, max_image_pixels=40 * 30 - 1, max_bad_rows=1.0).id_images.is_empty()
    assert work.decoded == 10


def test_a_path_that_leaves_the_folder_is_refused_though_the_file_is_known(folder: Folder, tmp_path: Path) -> None:
    bank = folder.read()
    path = folder.path / "id_images" / "C03.jpg"
    path.rename(tmp_path / "outside.jpg")
    path.symlink_to(tmp_path / "outside.jpg")
    assert again(folder, bank).quarantine["reason"].to_list() == ["path leaves the folder: 'id_images/C03.jpg'"]


def test_a_table_changed_on_disk_is_noticed(folder: Folder) -> None:
    bank = folder.read()
    folder.replace("call_notes", 1, folder.lines("call_notes")[1].replace(b"happy", b"angry"))
    changed = again(folder, bank)
    assert changed.data_hash != bank.data_hash
    assert changed.data_hash == folder.read().data_hash

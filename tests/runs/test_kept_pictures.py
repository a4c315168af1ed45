"""A run keeps small copies of the pictures: nobody decodes what the bank gave again, and they go with the customer."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from finished_runs import NOTHING, begun, finished
from PIL import Image

from ringsight.detection.results import Results
from ringsight.errors import DataError
from ringsight.pipeline.read import as_bank, read_frames
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.opened_pictures import copy_name
from ringsight.records.picture_openers import PictureOpeners
from ringsight.records.reading import read_bank
from ringsight.runs.erasure import erase_from_results
from ringsight.runs.kept_frames import keep
from ringsight.runs.manifest import read_manifest
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import Run
from ringsight.testing import tiny_frames, write_tiny_bank

MINE = "id_images/C03.jpg"


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    write_tiny_bank(tmp_path / "bank")
    shared = pl.read_csv(tmp_path / "bank" / "id_images.csv")
    also = pl.DataFrame({"customer_id": ["C03"], "image_id": ["I99"], "path": ["id_images/C04.jpg"]})
    pl.concat([shared, also.select(shared.columns)]).write_csv(tmp_path / "bank" / "id_images.csv")
    return read_bank(BankConfig(path=tmp_path / "bank"))


def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PictureOpeners, "open", lambda *_: pytest.fail("decoded"))


def copies(run: Run) -> set[str]:
    return {file.name for file in run.paths.pictures.glob("*.webp")}


def test_a_run_looks_at_its_pictures_though_the_banks_are_gone(
    bank: Bank, tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch
):
    run = finished(tmp_path / "run", empty, bank=bank)
    forbidden(monkeypatch)
    again = run.read_bank()
    (bank.path / MINE).unlink()
    assert again.pictures.look(MINE).require(MINE).size == (40, 30)
    assert bank.pictures.look(MINE).require(MINE).size == (40, 30)
    manifest = read_manifest(run.paths)
    assert manifest is not None
    assert "pictures" in manifest.files


def test_the_next_night_shares_the_copies_of_the_last_and_outlives_it(
    bank: Bank, tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch
):
    last = finished(tmp_path / "last", empty, bank=bank)
    del bank
    Image.new("RGB", (9, 9), (1, 2, 3)).save(tmp_path / "bank" / MINE)
    following = as_bank(tmp_path / "bank", tmp_path / "next", tmp_path / "last")
    run = finished(tmp_path / "next", empty, bank=following)
    assert copies(run) == copies(last)
    shared = copy_name("id_images/C04.jpg")
    assert (run.paths.pictures / shared).samefile(last.paths.pictures / shared)
    last.paths.clear_results()
    forbidden(monkeypatch)
    assert run.read_bank().pictures.look(MINE).require(MINE).size == (9, 9)
    begun(run.folder, empty, bank=run.read_bank())  # over itself
    assert run.read_bank().pictures.look(MINE).require(MINE).size == (9, 9)


def test_copies_that_a_former_version_did_not_keep_are_made_by_the_next_run(bank: Bank, tmp_path: Path, empty: Results):
    last = finished(tmp_path / "last", empty, bank=bank)
    shutil.rmtree(last.paths.pictures)
    run = finished(tmp_path / "next", empty, bank=as_bank(bank.path, tmp_path / "last"))
    assert len(copies(run)) == bank.id_images["path"].n_unique()


def test_a_run_over_another_bank_keeps_no_copy_of_the_last(bank: Bank, tmp_path: Path, empty: Results):
    run = finished(tmp_path / "run", empty, bank=bank)
    begun(run.folder, empty)
    assert not run.paths.pictures.exists()


def test_a_run_over_frames_keeps_copies_too(tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch):
    bank = keep(read_frames(**dict[str, Any](tiny_frames())), RunPaths(tmp_path / "run"))
    run = finished(tmp_path / "run", empty, bank=bank)
    forbidden(monkeypatch)
    again = run.read_bank(run.paths.frames)
    path = again.id_images["path"][0]
    assert again.pictures.look(path).image is not None
    assert len(copies(run)) == again.id_images["path"].n_unique()


# --- erasure ---------------------------------------------------------------------------------------------------------


def test_erasing_takes_the_copies_with_the_customer_and_leaves_those_of_others(
    bank: Bank, tmp_path: Path, empty: Results
):
    run = finished(tmp_path / "run", empty, bank=bank)
    before = copies(run)
    assert erase_from_results(run.paths, "C03", "erased:x") > 0
    assert before - copies(run) == {copy_name(MINE)}
    assert copy_name("id_images/C04.jpg") in copies(run)
    assert "C03" not in pl.read_parquet(run.paths.picture_owners)["customer_id"]
    seen = pl.read_parquet(run.paths.fingerprints)["path"]
    assert MINE not in seen
    assert "id_images/C04.jpg" in seen
    assert erase_from_results(run.paths, "C03", "erased:x") == 0


def test_a_sketch_goes_with_the_customer_whatever_the_file_is_called(tmp_path: Path, empty: Results):
    write_tiny_bank(tmp_path / "bank")
    (tmp_path / "bank" / MINE).rename(tmp_path / "bank" / "scan.jpg")
    table = tmp_path / "bank" / "id_images.csv"
    table.write_text(table.read_text("utf-8").replace(MINE, "scan.jpg"), "utf-8")
    run = finished(tmp_path / "run", empty, bank=read_bank(BankConfig(path=tmp_path / "bank")))
    assert "scan.jpg" in pl.read_parquet(run.paths.fingerprints)["path"]
    erase_from_results(run.paths, "C03", "erased:x")
    assert "scan.jpg" not in pl.read_parquet(run.paths.fingerprints)["path"]


def test_copies_of_a_run_that_was_cut_off_are_named(bank: Bank, tmp_path: Path, empty: Results):
    run = finished(tmp_path / "run", empty, bank=bank)
    (run.folder / ".pictures.7.partial").mkdir()
    with pytest.raises(DataError, match="may hold pictures"):
        erase_from_results(run.paths, "C03", "erased:x")


def test_a_run_without_pictures_has_none_to_erase(tmp_path: Path, empty: Results):
    run = finished(tmp_path / "run", empty, bank=NOTHING)
    assert erase_from_results(run.paths, "C03", "erased:x") == 0

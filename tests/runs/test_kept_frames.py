"""A run keeps the bank that was read from data frames, opens it like any other, and erases from it."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from finished_runs import NOTHING, begun, finished
from PIL import Image

from ringsight.detection.results import Results
from ringsight.errors import DataError
from ringsight.pipeline.read import read_frames
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.records.frames import ENCODED
from ringsight.records.picture_openers import PictureOpeners
from ringsight.records.reading import read_bank
from ringsight.runs.erasure import erase_from_results
from ringsight.runs.kept_frames import keep
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import Run, open_run

CUSTOMERS = ("C1", "C2", "C3")


def frames(customers: Sequence[str | int] = CUSTOMERS) -> dict[str, Any]:
    """Everybody's own image, one that the first two share, and a payment of the second to the first."""
    day, (first, second, *_) = datetime(2024, 5, 17), customers
    pictures = [(f"I{at}", customer, png(at)) for at, customer in enumerate(customers)]
    shared = [("I8", first, png(8)), ("I9", second, png(8))]
    payments = [("T1", first, day, 5.0, "shop"), ("T2", second, day, 7.0, str(first))]
    kinds = ["transaction_id", "customer_id", "timestamp", "amount", "counterparty_id"]
    return {
        "customers": pl.DataFrame({"customer_id": customers, "opened_at": [day] * len(customers)}),
        "transactions": pl.DataFrame(payments, schema=kinds, orient="row"),
        "id_images": pl.DataFrame(pictures + shared, schema=["image_id", "customer_id", "path"], orient="row"),
    }


def png(shade: int) -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(encoded, "PNG")
    return encoded.getvalue()


def kept(folder: Path, results: Results, bank: Bank | None = None) -> Run:
    """A finished run over frames, with embeddings."""
    bank = keep(bank or read_frames(**frames()), RunPaths(folder))
    run = finished(folder, replace(results, summary={"data_hash": bank.data_hash}), bank=bank)
    run.write_settings({"bank": bank.read_as})
    vectors = np.eye(len(bank.customers), dtype=np.float32)
    run.write_embeddings({"notes": Embeddings("notes", bank.customer_ids, vectors, "model", bank.data_hash)})
    return run


def cells(run: Run) -> set[Any]:
    """Everything that stands in the tables of the bank that a run keeps."""
    found = [pl.read_parquet(file) for file in run.paths.frames.glob("*.parquet")]
    return {value for table in found for column in table for value in column.to_list()}


def pictures(run: Run) -> list[bytes]:
    return sorted(file.read_bytes() for file in (run.paths.frames / ENCODED).iterdir())


def test_a_run_opens_the_bank_of_its_frames_without_decoding_a_picture(
    tmp_path: Path, empty: Results, monkeypatch: pytest.MonkeyPatch
):
    bank = read_frames(**frames())
    run = kept(tmp_path / "run", empty, bank)
    del bank
    monkeypatch.setattr(PictureOpeners, "open", lambda *_: pytest.fail("decoded"))
    (tmp_path / "run").rename(tmp_path / "moved")
    opened = open_run(tmp_path / "moved").searched_bank()
    assert opened.customers["customer_id"].to_list() == list(CUSTOMERS)
    assert opened.path == tmp_path / "moved" / "bank_from_frames"
    assert run.folder == tmp_path / "run"


def test_a_bank_in_a_folder_stays_where_it_is(tmp_path: Path):
    assert keep(NOTHING, RunPaths(tmp_path)) is NOTHING
    assert not RunPaths(tmp_path).frames.exists()


def test_the_frames_of_an_earlier_run_go_when_another_begins(tmp_path: Path, empty: Results):
    run = kept(tmp_path / "run", empty)
    kept(run.folder, empty, read_frames(**frames(("D1", "D2"))))
    assert run.read_bank().customers["customer_id"].to_list() == ["D1", "D2"]
    begun(run.folder, empty, bank=read_bank(BankConfig(path=run.paths.frames)))  # by the shell, over the same frames
    assert run.paths.frames.is_dir()
    begun(run.folder, empty)
    assert not run.paths.frames.exists()


def test_a_folder_of_that_name_that_no_run_has_written_stays(tmp_path: Path, empty: Results):
    (tmp_path / "bank_from_frames").mkdir()
    begun(tmp_path, empty)
    begun(tmp_path, empty)
    assert (tmp_path / "bank_from_frames").is_dir()


# --- erasure ---------------------------------------------------------------------------------------------------------


def test_erasing_takes_a_customer_and_their_images_out_of_the_frames(tmp_path: Path, empty: Results):
    run = kept(tmp_path / "run", empty)
    assert "C1" in cells(run)
    assert erase_from_results(run.paths, "C1", "erased:x") > 0
    assert not {"C1", "I0", "I8", "T1"} & cells(run)
    assert {"C2", "C3", "I1", "I9", "T2", "erased:x"} <= cells(run)
    assert pictures(run) == sorted([png(1), png(2), png(8)])  # the shared one is another customer's too


def test_after_an_erasure_the_run_is_one_over_the_records_that_are_left(tmp_path: Path, empty: Results):
    run = kept(tmp_path / "run", empty)
    before = run.results.summary["data_hash"]
    erase_from_results(run.paths, "C1", "erased:x")
    bank = open_run(run.folder).searched_bank()
    assert bank.data_hash != before and bank.customers["customer_id"].to_list() == ["C2", "C3"]
    assert set(run.embeddings(bank)) == {"notes"}


def test_erasing_whoever_is_not_there_changes_nothing(tmp_path: Path, empty: Results):
    run = kept(tmp_path / "run", empty)
    files = {file: file.stat().st_mtime_ns for file in run.paths.frames.rglob("*")}
    assert erase_from_results(run.paths, "nobody", "erased:x") == 0
    assert files == {file: file.stat().st_mtime_ns for file in run.paths.frames.rglob("*")}
    assert run.searched_bank().customers.height == 3


def test_a_customer_is_found_by_a_number_and_under_the_banks_own_name(tmp_path: Path, empty: Results):
    given = {name: table.rename({"customer_id": "kunde"}) for name, table in frames((1, 2, 3)).items()}
    config = BankConfig(path=Path(), columns={name: {"customer_id": "kunde"} for name in given})
    run = kept(tmp_path / "run", empty, read_frames(config, **given))
    erase_from_results(run.paths, "1", "erased:x")
    assert not {1, "1"} & cells(run)
    run.paths.settings.unlink()
    with pytest.raises(DataError, match="no column 'customer_id', which names the customers"):
        erase_from_results(run.paths, "2", "erased:x")


def test_the_last_but_one_can_be_erased(tmp_path: Path, empty: Results):
    run = kept(tmp_path / "run", empty, read_frames(**frames(("C1", "C2"))))
    erase_from_results(run.paths, "C1", "erased:x")
    assert "C1" not in cells(run)
    with pytest.raises(DataError, match="nobody to compare with"):
        run.read_bank()

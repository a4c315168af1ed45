"""Latent segments: strangers of one are alike in every modality, and nothing else of the bank changes."""

import hashlib
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from likeness_of_traces import busy_days_of, devices_of, likeness, payees_of, thumbnails_of, words_of

from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.synthetic.latent_segments import LatentSegments

pytestmark = pytest.mark.slow

SMALL = SyntheticBankConfig(customers=40, rings=3, days=10, transactions_per_customer=5.0)
LARGE = SyntheticBankConfig(customers=160, rings=0, days=60, transactions_per_customer=40.0)


def write_bank(folder: Path, config: SyntheticBankConfig, seed: int = 0) -> Path:
    generate_bank(config, seed=seed, into=folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """By `latent`: two banks of one seed."""
    folder = tmp_path_factory.mktemp("latent")
    return {latent: write_bank(folder / f"{latent}", replace(LARGE, latent=latent)) for latent in (0.0, 0.3)}


@pytest.fixture(scope="module")
def banks(folders: dict[float, Path]) -> dict[float, Bank]:
    return {latent: read_bank(BankConfig(path=folder, max_bad_rows=0)) for latent, folder in folders.items()}


def segments_of(folder: Path) -> dict[str, int]:
    return dict(pl.read_csv(folder / "truth" / "latent_segments.csv").iter_rows())


def test_without_them_a_bank_is_what_it_was_before_there_were_any(tmp_path: Path):
    """Held against the tables of the last version that had none; rows in the order of ids, by any polars."""
    folder = write_bank(tmp_path / "bank", SMALL, seed=7)
    tables = [
        pl.read_csv(folder / "customers.csv"),
        pl.read_parquet(folder / "transactions.parquet").with_columns(pl.col("timestamp").dt.epoch("ms")),
        pl.read_csv(folder / "call_notes.csv"),
        pl.read_csv(folder / "id_images.csv"),
        pl.read_csv(folder / "truth" / "labels.csv"),
        pl.read_csv(folder / "truth" / "benign.csv"),
    ]
    text = "".join(table.sort(table.columns).write_csv() for table in tables)
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "6f26c8c9a854fce8b3780bc3e4d1c346ad1fe03f765c9d68a38148fe8e410698"
    )


def test_segments_that_tie_nothing_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tied = content(write_bank(tmp_path / "tied", SMALL))
    monkeypatch.setattr(LatentSegments, "_tie", lambda *_: None)
    assert tied == content(write_bank(tmp_path / "untied", SMALL))
    assert "truth/latent_segments.csv" not in tied


@pytest.mark.parametrize("latent", [0.3, 1.0])
def test_same_seed_same_bytes_same_rings_and_people(tmp_path: Path, latent: float):
    first, second = (content(write_bank(tmp_path / name, replace(SMALL, latent=latent))) for name in ("one", "two"))
    without = content(write_bank(tmp_path / "without", SMALL))
    assert first == second
    assert first["call_notes.csv"] != without["call_notes.csv"]
    for name in ("customers.csv", "truth/labels.csv", "truth/rings.json", "truth/benign.csv"):
        assert first[name] == without[name]


def test_twelve_segments_of_uneven_size_are_named_in_the_truth_alone(folders: dict[float, Path]):
    segments = segments_of(folders[0.3])
    customers = pl.read_csv(folders[0.3] / "customers.csv")
    sizes = sorted(np.unique(list(segments.values()), return_counts=True)[1] / LARGE.customers)
    assert set(segments) == set(customers["customer_id"])
    assert len(sizes) == 12
    assert sizes[0] == pytest.approx(0.03, abs=0.01)
    assert sizes[-1] == pytest.approx(0.137, abs=0.01)
    assert "latent_segment" not in customers.columns


@pytest.mark.parametrize("customers", [2, 5])
def test_a_bank_smaller_than_its_segments(tmp_path: Path, customers: int):
    folder = write_bank(tmp_path / "bank", replace(SMALL, customers=customers, rings=0, latent=0.3))
    assert len(set(segments_of(folder).values())) == customers


def gap(bank: Bank, traces_of, segments: dict[str, int]) -> float:  # noqa: ANN001
    """How much more alike two of one segment are than two strangers, in standard deviations of strangers."""
    values = traces_of(bank)
    pairs = [(one, other, likeness(values[one], values[other])) for one, other in combinations(sorted(values), 2)]
    mates = [alike for one, other, alike in pairs if segments[one] == segments[other]]
    strangers = [alike for one, other, alike in pairs if segments[one] != segments[other]]
    return float((np.mean(mates) - np.mean(strangers)) / np.std(strangers))


@pytest.mark.parametrize("traces_of", [payees_of, busy_days_of, words_of, thumbnails_of])
def test_mates_of_a_segment_are_alike_in_every_modality(folders, banks, traces_of):  # noqa: ANN001
    segments = segments_of(folders[0.3])
    assert gap(banks[0.3], traces_of, segments) > 0.12
    assert abs(gap(banks[0.0], traces_of, segments)) < 0.05


def test_mates_of_a_segment_share_no_device_more_often(folders: dict[float, Path], banks: dict[float, Bank]):
    assert abs(gap(banks[0.3], devices_of, segments_of(folders[0.3]))) < 0.05

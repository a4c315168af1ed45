"""Customers with evidence columns are a bank, though they leave no record: the shared phone, and the shared device."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from ringsight.detection.settings import DetectConfig
from ringsight.explain.assurance import assurance_of
from ringsight.pipeline.entities_alone import entities_alone
from ringsight.pipeline.run import detect_into, run
from ringsight.pipeline.settings import RunConfig
from ringsight.progress import Update, UpdateKind
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.testing import write_tiny_bank
from ringsight.vectors.vector_store import StoreConfig, StoreKind

pytestmark = pytest.mark.slow

RINGS, EACH, OFFICES = 3, 6, 3
SETTINGS = RunConfig(detect=DetectConfig(permutations=40), store=StoreConfig(kind=StoreKind.memory))


def bank_of(folder: Path, *columns: str) -> Bank:
    """Rings that share phone and device, offices that share a device, and people who share nothing."""
    count = 200
    phone, device = ([f"{kind}{at}" for at in range(count)] for kind in "pd")
    for ring in range(RINGS):
        for at in range(ring * EACH, (ring + 1) * EACH):
            phone[at], device[at] = f"one hand's {ring}", f"one hand's {ring}"
    for office in range(OFFICES):
        for at in range(100 + office * EACH, 100 + (office + 1) * EACH):
            device[at] = f"office's {office}"
    folder.mkdir()
    pl.DataFrame(
        {
            "customer_id": [f"c{at:03}" for at in range(count)],
            "opened_at": [datetime(2024, 1, 1)] * count,
            "phone": phone,
            "device_id": device,
        }
    ).select("customer_id", "opened_at", *columns).write_csv(folder / "customers.csv")
    return read_bank(BankConfig(path=folder))


def ring(number: int) -> set[str]:
    return {f"c{at:03}" for at in range(number * EACH, (number + 1) * EACH)}


def test_rings_that_share_two_values_are_ranked_and_no_rate_is_stated(tmp_path: Path) -> None:
    bank = bank_of(tmp_path / "bank", "phone", "device_id")
    told: list[Update] = []
    found = run(bank, tmp_path / "out", settings=SETTINGS, progress=told.append)
    flagged = found.results.rings.filter("flagged")
    members = [set(found.results.members_of(name)) for name in flagged["ring_id"]]
    assert sorted(map(sorted, members)) == [sorted(ring(number)) for number in range(RINGS)]
    assert found.results.summary["rate_stated"] is False
    assert flagged["adjusted_q_value"].null_count() == RINGS
    assert "Nothing but entity columns was compared" in assurance_of(found.results.summary).reason
    skipped = {update.stage for update in told if update.kind is UpdateKind.skipped}
    assert {"train transactions", "train notes", "train id_images", "train joint", "embed", "index"} <= skipped
    assert found.paths.report.is_file()
    again = detect_into(bank, tmp_path / "out", SETTINGS)
    assert again.results.rings.equals(found.results.rings)


def test_one_column_alone_flags_nobody_and_says_so(tmp_path: Path) -> None:
    told: list[Update] = []
    bank = bank_of(tmp_path / "bank", "phone")
    found = run(bank, tmp_path / "out", settings=SETTINGS, progress=told.append)
    assert len(found.results.rings) == RINGS
    assert not found.results.rings["flagged"].any()
    assert [update for update in told if "phone is all that is compared" in update.text]


def test_a_bank_with_records_has_more_than_entities(tmp_path: Path) -> None:
    assert entities_alone(bank_of(tmp_path / "bank", "phone"))
    assert not entities_alone(read_bank(BankConfig(path=write_tiny_bank(tmp_path / "tiny"))))

"""`ringsight peers`, called as a function on a tiny bank."""

import json
from pathlib import Path

import polars as pl
import pytest
from two_tribes import customers, purchases

from ringsight.errors import DataError, SettingsError
from ringsight.jobs.peers import Answer, PeersJob, run
from ringsight.peers.settings import PeersConfig

FEW = PeersConfig(neighbours=20, largest_share=0.5)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers") / "bank"
    folder.mkdir()
    customers().drop("sex").write_csv(folder / "customers.csv")
    rows = purchases().with_row_index("n")
    rows.select(
        "customer_id",
        "timestamp",
        transaction_id=pl.format("T{}", "n"),
        amount=pl.lit(-5.0),
        counterparty_id=pl.col("thing") + "\x1b[31m",
    ).write_parquet(folder / "transactions.parquet")
    return folder


def test_a_table_without_what_a_terminal_would_obey(bank: Path, capsys: pytest.CaptureFixture[str]):
    run(PeersJob(customer="F00", k=2, seen=False, bank=bank, peers=FEW))
    said = capsys.readouterr()
    assert "Customers like F00 also bought" in said.out
    assert "net" in said.out and "rod" in said.out
    assert "\x1b[31m" not in said.out


def test_what_peers_do_not_do_as_json(bank: Path, capsys: pytest.CaptureFixture[str]):
    run(PeersJob(customer="F29", unlike=True, bank=bank, peers=FEW, format=Answer.json))
    said = capsys.readouterr()
    (only,) = json.loads(said.out)["items"]
    assert only["item"].startswith("lathe")
    assert "1 of 10 items that were asked for" in said.err


def test_items_of_a_session(bank: Path):
    found = run(PeersJob(items="seed\x1b[31m; rake\x1b[31m", k=3, seen=False, bank=bank, peers=FEW))
    assert {each.item.removesuffix("\x1b[31m") for each in found} == {"spade", "pot", "bread"}


def test_refusals(bank: Path):
    for job in (PeersJob(bank=bank), PeersJob(customer="F00", items="x", bank=bank)):
        with pytest.raises(SettingsError, match="either a customer or the items"):
            run(job)
    with pytest.raises(DataError, match="there is no column 'produkt'"):
        run(PeersJob(customer="F00", item="produkt", bank=bank))
    with pytest.raises(DataError, match="bought nothing"):
        run(PeersJob(customer="F99", bank=bank))

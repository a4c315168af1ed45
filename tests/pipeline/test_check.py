"""A bank's folder looked at before anything is trained: what it says is what a run would do."""

import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from bank_folder import Folder, write_folder

import ringsight
from ringsight.pipeline.check import as_proposed, check_bank, write_bank_yaml
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return write_folder(tmp_path / "bank")


def foreign(folder: Folder) -> None:
    """Give customers semicolons, notes another name, and transactions other ids and dates."""
    folder.frame("customers").write_csv(folder.path / "customers.csv", separator=";")
    (folder.path / "call_notes.csv").rename(folder.path / "notes.csv")
    moments = pl.col("timestamp").str.to_datetime().dt.strftime("%d.%m.%Y %H:%M")
    frame = folder.frame("transactions").with_columns(moments, pl.col("customer_id").str.to_lowercase())
    frame.write_csv(folder.path / "transactions.csv")


def test_a_sound_folder_is_ready_and_its_yaml_changes_nothing(folder: Folder) -> None:
    before = read_bank(BankConfig(path=folder.path))
    found = check_bank(folder.path)
    assert found.ready and not found.proposal and found.problem is None
    said = found.words()
    assert "customers: 20 rows used, 0 set aside" in said
    assert "masked: 10 of 20 customers have no id_images" in said
    assert "used for nothing: 'hobby' of customers" in said
    assert "passed over: 'memo' of transactions" in said
    assert write_bank_yaml(found) == folder.path / "bank.yaml"
    after = read_bank(BankConfig(path=folder.path))
    assert after.customers.equals(before.customers) and after.roles == before.roles
    assert write_bank_yaml(check_bank(folder.path)) is None, "there is nothing to add"


def test_one_check_and_its_yaml_make_a_foreign_folder_ready(folder: Folder) -> None:
    sound = read_bank(BankConfig(path=folder.path))
    foreign(folder)
    files = sorted(folder.path.iterdir())
    found = check_bank(folder.path)
    assert sorted(folder.path.iterdir()) == files, "looking writes nothing"
    assert not found.ready and found.problem_as_proposed is None
    assert "With what is proposed:" in found.words()
    assert write_bank_yaml(found) == folder.path / "bank.yaml"
    again = check_bank(folder.path)
    assert again.ready and not again.proposal
    assert again.bank is not None
    assert again.bank.notes.equals(sound.notes) and again.bank.quarantine.is_empty()
    assert again.bank.transactions.drop("timestamp").equals(sound.transactions.drop("timestamp"))


def test_what_stands_in_bank_yaml_is_left_and_kept_in_what_is_proposed(folder: Folder) -> None:
    foreign(folder)
    own = "entities: {hobby: evidence}\nstrata: [region]\n"
    (folder.path / "bank.yaml").write_text(own)
    found = check_bank(folder.path)
    assert write_bank_yaml(found) == folder.path / "bank.proposed.yaml"
    assert (folder.path / "bank.yaml").read_text() == own
    told = yaml.safe_load((folder.path / "bank.proposed.yaml").read_text(encoding="utf-8"))
    assert told["entities"]["hobby"] == "evidence" and told["strata"] == ["region"]
    assert told["tables"] == {"call_notes": "notes.csv"} and told["ids_ignore"] == ["letter_case"]
    (folder.path / "bank.proposed.yaml").rename(folder.path / "bank.yaml")
    assert check_bank(folder.path).ready


def test_what_nobody_but_the_bank_can_say_is_asked_for(folder: Folder) -> None:
    frame = folder.frame("transactions").rename({"amount": "x1", "timestamp": "x2"})
    frame.write_csv(folder.path / "transactions.csv")
    found = check_bank(folder.path)
    assert not found.ready
    assert "columns: {transactions: {amount: YOUR_COLUMN}}" in found.words()
    assert "columns: {transactions: {timestamp: YOUR_COLUMN}}" in found.words()


def test_hostile_names_write_no_lines_of_their_own(folder: Folder) -> None:
    frame = folder.frame("transactions").rename({"amount": "a: b\nstrata: [sex]\n#"})
    frame.write_csv(folder.path / "transactions.csv")
    (folder.path / "\x1b[31m\x07\n.csv").write_bytes(folder.path.joinpath("call_notes.csv").read_bytes())
    found = check_bank(folder.path)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", found.words())
    told = yaml.safe_load(found.yaml())
    assert set(told or {}) <= {"entities", "strata"} and (told or {}).get("strata") != ["sex"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pl.col("amount").cast(pl.Float64).abs(), "no amount is below zero"),
        (pl.lit("1.234").alias("amount"), "amounts have three decimals"),
        (pl.col("timestamp").str.slice(0, 10), "all transactions are at midnight"),
        (pl.concat_str(pl.lit("C"), pl.int_range(pl.len()) % 2).alias("currency"), "amounts in 2 currencies"),
    ],
)
def test_what_reads_well_and_may_be_meant_otherwise_is_a_doubt(folder: Folder, change: pl.Expr, said: str) -> None:
    assert said not in check_bank(folder.path).words()
    folder.frame("transactions").with_columns(change).write_csv(folder.path / "transactions.csv")
    found = check_bank(folder.path)
    assert found.ready and f"doubtful: {said}" in found.words()


def test_the_library_offers_it(folder: Folder) -> None:
    found = ringsight.check_bank(folder.path)
    assert isinstance(found, ringsight.BankCheck)
    with pytest.raises(ringsight.DataError, match="no such folder"):
        ringsight.check_bank(folder.path / "nothing")


def test_what_is_proposed_for_a_config_reads_as_the_lines_do(folder: Folder) -> None:
    foreign(folder)
    found = check_bank(folder.path)
    bank = read_bank(as_proposed(found.config, found.proposal))
    assert found.bank_as_proposed is not None and bank.notes.equals(found.bank_as_proposed.notes)

"""Tables that follow from what a bank gave: pictures in folders, customers from records, ids by the number of a row."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from bank_folder import Folder

from ringsight.errors import DataError, SettingsError
from ringsight.pipeline.check import check_bank, write_bank_yaml
from ringsight.records.bank import BankConfig
from ringsight.records.reading import describe, read_bank
from ringsight.records.transfers import transfers_between


def say(folder: Path, text: str) -> None:
    (folder / "bank.yaml").write_text(text)


def pictures(source: Folder, into: Path, *paths: str) -> Path:
    """Lay one of the tiny bank's pictures under each of the paths; nothing else is in the folder."""
    picture = next((source.path / "id_images").iterdir())
    for path in paths:
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, (into / path).with_suffix(picture.suffix))
    return into


def test_a_folder_of_pictures_alone_is_a_bank(folder: Folder, tmp_path: Path) -> None:
    alone = pictures(folder, tmp_path / "faces", "s1/1.x", "s1/2.x", "s2/1.x")
    found = check_bank(alone)
    assert not found.ready and found.bank_as_proposed is not None
    assert "each of the 2 folders is taken for a customer" in found.words()
    write_bank_yaml(found)
    bank = read_bank(BankConfig(path=alone))
    assert bank.customers["customer_id"].to_list() == ["s1", "s2"]
    assert bank.id_images.select("customer_id", "image_id").rows() == [("s1", "s1/1"), ("s1", "s1/2"), ("s2", "s2/1")]
    assert "ignored" not in describe(bank)
    assert check_bank(alone).ready


def test_pictures_in_one_folder_belong_to_whom_they_are_called_after(folder: Folder, tmp_path: Path) -> None:
    alone = pictures(folder, tmp_path / "cards", "scans/C1.x", "scans/C2.x")
    say(alone, "tables: {id_images: scans}\ncustomers_from: [id_images]\n")
    assert read_bank(BankConfig(path=alone)).id_images["customer_id"].to_list() == ["C1", "C2"]


def test_a_folder_may_name_its_customer_as_warehouses_do(folder: Folder, tmp_path: Path) -> None:
    alone = pictures(folder, tmp_path / "cards", "customer_id=7/a.x", "customer_id=8/a.x")
    say(alone, "tables: {id_images: '*/*'}\ncustomers_from: [id_images]\n")
    assert read_bank(BankConfig(path=alone)).id_images["customer_id"].to_list() == ["7", "8"]


def test_pictures_of_nobody_known_are_not_proposed(folder: Folder) -> None:
    (folder.path / "id_images.csv").unlink()
    pictures(folder, folder.path, "other/X1.x", "other/X2.x")
    assert "id_images" not in check_bank(folder.path).proposal.tables


def test_pictures_are_no_table_of_notes(folder: Folder, tmp_path: Path) -> None:
    alone = pictures(folder, tmp_path / "faces", "s1/1.x", "s2/1.x")
    say(alone, "tables: {call_notes: '*/*'}\ncustomers_from: [call_notes]\n")
    with pytest.raises(DataError, match="is a picture, and no table of call_notes"):
        read_bank(BankConfig(path=alone))


def test_customers_are_those_whom_records_name(folder: Folder) -> None:
    named = set(folder.frame("transactions")["customer_id"]) | set(folder.frame("call_notes")["customer_id"])
    (folder.path / "customers.csv").unlink()
    (folder.path / "id_images.csv").unlink()
    shutil.rmtree(folder.path / "id_images")
    found = check_bank(folder.path)
    assert found.proposal.customers_from == ["transactions", "call_notes"]
    write_bank_yaml(found)
    bank = read_bank(BankConfig(path=folder.path))
    assert set(bank.customers["customer_id"]) == named
    assert bank.quarantine.is_empty()


def test_customers_of_records_count_once_under_the_rules_for_ids(folder: Folder) -> None:
    (folder.path / "customers.csv").unlink()
    frame = folder.frame("transactions")
    twice = frame.with_columns(pl.col("customer_id").str.to_lowercase(), transaction_id="x" + pl.col("transaction_id"))
    pl.concat([frame, twice]).write_csv(folder.path / "transactions.csv")
    say(folder.path, "customers_from: [transactions]\nids_ignore: [letter_case]\n")
    bank = read_bank(BankConfig(path=folder.path, max_bad_rows=1))
    assert bank.customers.height == frame["customer_id"].n_unique()
    assert bank.transactions.height == 2 * frame.height


def test_customers_in_two_places_and_in_none_are_refused(folder: Folder) -> None:
    say(folder.path, "customers_from: [transactions]\n")
    with pytest.raises(DataError, match="leave customers_from out"):
        read_bank(BankConfig(path=folder.path))
    (folder.path / "customers.csv").unlink()
    (folder.path / "transactions.csv").unlink()
    with pytest.raises(DataError, match="no table transactions, which is to say who the customers are"):
        read_bank(BankConfig(path=folder.path))
    say(folder.path, "customers_from: [customers]\n")
    with pytest.raises(SettingsError, match="'customers' is not known here"):
        read_bank(BankConfig(path=folder.path))


def test_payments_without_ids_in_steps_are_proposed_and_read(tmp_path: Path) -> None:
    payments = pl.DataFrame({"sourceNodeId": [1, 2, 3], "targetNodeId": [2, 3, 1], "value": [5.0, 6.0, 7.0]})
    payments.with_columns(time=pl.Series([1, 2, 30])).write_csv(tmp_path / "transactions.csv")
    found = check_bank(tmp_path)
    assert "were it an hour, say dates: unix_hours instead" in found.words()
    write_bank_yaml(found)
    bank = read_bank(BankConfig(path=tmp_path))
    assert bank.transactions["transaction_id"].to_list() == ["1", "2", "3"]
    assert bank.transactions["amount"].to_list() == [-5.0, -6.0, -7.0]
    assert bank.transactions["timestamp"].dt.strftime("%m-%d").to_list() == ["01-02", "01-03", "01-31"]
    assert transfers_between(bank).select("sender", "receiver").rows() == [("1", "2"), ("2", "3"), ("3", "1")]
    assert check_bank(tmp_path).ready and not check_bank(tmp_path).proposal


def test_one_file_may_be_two_tables(tmp_path: Path) -> None:
    rows = {"Complaint ID": [11, 12], "Date received": ["2018-04-01", "2018-04-02"], "Narrative": ["lost", "stolen"]}
    pl.DataFrame(rows).write_csv(tmp_path / "complaints.csv")
    say(
        tmp_path,
        "tables: {customers: complaints.csv, call_notes: complaints.csv}\n"
        "columns:\n  customers: {customer_id: Complaint ID}\n"
        "  call_notes: {note_id: Complaint ID, customer_id: Complaint ID, timestamp: Date received, text: Narrative}\n",
    )
    bank = read_bank(BankConfig(path=tmp_path))
    assert bank.notes["customer_id"].to_list() == bank.customers["customer_id"].to_list() == ["11", "12"]


def test_blanks_around_the_names_of_columns_do_not_count(folder: Folder) -> None:
    sound = folder.read(max_bad_rows=0)
    lines = folder.lines("customers")
    folder.write("customers", [lines[0].replace(b",", b", "), *lines[1:]])
    bank = folder.read(max_bad_rows=0)
    assert bank.customers.equals(sound.customers) and bank.roles == sound.roles


def test_what_lies_there_is_asked_about_where_nothing_is_known(tmp_path: Path) -> None:
    pl.DataFrame({"rec": ["a", "b"], "soc": ["1", "2"]}).write_csv(tmp_path / "people.csv")
    assert "What is people.csv? It has rec, soc" in check_bank(tmp_path).words()
    say(tmp_path, "tables: {customers: people.csv}\ncolumns: {customers: {customer_id: rec}}\n")
    assert "such as one of soc: entities: {COLUMN: evidence}" in check_bank(tmp_path).words()
    say(tmp_path, (tmp_path / "bank.yaml").read_text() + "entities: {soc: evidence}\n")
    assert check_bank(tmp_path).ready

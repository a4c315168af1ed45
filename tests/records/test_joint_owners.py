"""Records that name several customers: each counts for all of them, and what they share is declared."""

import shutil

import polars as pl
import pytest
import yaml
from bank_folder import Folder

from ringsight.errors import DataError, SettingsError
from ringsight.pipeline.check import check_bank, write_bank_yaml
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.joint_owners import JOINT
from ringsight.records.reading import describe

OWNERS = {"C01": ["C01", "C02"], "C03": ["C03", "C04", "C05"]}
"""Whoever has these transactions -> all who own them."""


def join(folder: Folder, sign: str) -> None:
    """Let transactions name all their owners in one cell."""
    cells = {first: sign.join(owners) for first, owners in OWNERS.items()}
    frame = folder.frame("transactions").with_columns(pl.col("customer_id").replace(cells))
    frame.write_csv(folder.path / "transactions.csv")


def groups(bank: Bank) -> dict[str, list[str]]:
    held = bank.customers.select("customer_id", JOINT).drop_nulls().explode(JOINT)
    return {value: sorted(ids) for value, ids in held.group_by(JOINT).agg("customer_id").iter_rows()}


def test_a_record_counts_for_each_of_its_owners_and_they_are_declared(folder: Folder) -> None:
    sound = folder.read(max_bad_rows=0)
    join(folder, ";")
    bank = folder.read(max_bad_rows=0, owners={"transactions": ";"})
    for first, owners in OWNERS.items():
        own = sound.transactions.filter(pl.col("customer_id") == first)
        assert not own.is_empty()
        for owner in owners:
            theirs = bank.transactions.filter(pl.col("customer_id") == owner)
            ids = own["transaction_id"] if owner == first else own["transaction_id"] + f" ({owner})"
            assert set(ids) <= set(theirs["transaction_id"])
            assert set(own["amount"]) <= set(theirs["amount"])
    assert bank.transactions["transaction_id"].is_unique().all()
    assert sorted(groups(bank).values()) == sorted(OWNERS.values())
    assert not any(customer in value for value in groups(bank) for customer in ("C01", "C03"))
    assert bank.roles[JOINT] is ColumnRole.innocent
    assert "rows name several customers and count for each of them; such owners are 2 groups" in describe(bank)


def test_a_list_in_parquet_needs_no_word(folder: Folder) -> None:
    owners = pl.col("customer_id").replace_strict(OWNERS, default=None, return_dtype=pl.List(pl.String))
    alone = pl.concat_list("customer_id")
    frame = folder.frame("transactions").with_columns(customer_id=pl.coalesce(owners, alone))
    folder.as_parquet("transactions", frame.with_columns(pl.col("amount").cast(pl.Float64)))
    assert sorted(groups(folder.read(max_bad_rows=0)).values()) == sorted(OWNERS.values())


def test_cells_with_several_customers_are_diagnosed_and_proposed(folder: Folder) -> None:
    join(folder, " / ")
    with pytest.raises(DataError) as error:
        folder.read(max_bad_rows=0)
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    assert yaml.safe_load(told) == {"owners": {"transactions": "/"}}
    write_bank_yaml(check_bank(folder.path))
    assert sorted(groups(folder.read(max_bad_rows=0)).values()) == sorted(OWNERS.values())
    assert not check_bank(folder.path).proposal


def test_owners_are_looked_up_by_the_same_rules_as_others(folder: Folder) -> None:
    join(folder, ";")
    frame = folder.frame("transactions").with_columns(pl.col("customer_id").str.to_lowercase())
    frame.write_csv(folder.path / "transactions.csv")
    (folder.path / "bank.yaml").write_text("owners: {transactions: ';'}\nids_ignore: [letter_case]\n")
    assert sorted(groups(folder.read(max_bad_rows=0)).values()) == sorted(OWNERS.values())


def test_an_owner_who_is_no_customer_is_set_aside_and_the_others_keep_the_record(folder: Folder) -> None:
    frame = folder.frame("transactions").with_columns(pl.col("customer_id").replace({"C01": "C01;X9"}))
    frame.write_csv(folder.path / "transactions.csv")
    bank = folder.read(owners={"transactions": ";"})
    own = bank.transactions.filter(pl.col("customer_id") == "C01")
    assert not own.is_empty()
    assert bank.quarantine["reason"].unique().to_list() == ["no such customer: 'X9'"]
    assert JOINT not in bank.customers.columns


def test_one_owner_named_twice_is_one(folder: Folder) -> None:
    sound = folder.read(max_bad_rows=0)
    frame = folder.frame("transactions").with_columns(pl.col("customer_id") + ";" + pl.col("customer_id") + ";")
    frame.write_csv(folder.path / "transactions.csv")
    bank = folder.read(max_bad_rows=0, owners={"transactions": ";"})
    assert bank.transactions.equals(sound.transactions) and JOINT not in bank.customers.columns


def test_a_column_of_the_banks_own_is_not_overwritten(folder: Folder) -> None:
    join(folder, ";")
    folder.frame("customers").with_columns(joint_owners=pl.lit("x")).write_csv(folder.path / "customers.csv")
    with pytest.raises(DataError, match="may not be called 'joint_owners'"):
        folder.read(owners={"transactions": ";"})


@pytest.mark.parametrize("told", ["owners: [transactions]", "owners: {customers: ';'}", "owners: {transactions: ''}"])
def test_owners_that_make_no_sense_are_refused(folder: Folder, told: str) -> None:
    (folder.path / "bank.yaml").write_text(told)
    with pytest.raises(SettingsError):
        folder.read()


def hold(folder: Folder) -> None:
    """Let transactions name accounts, and a table say who holds them; account K1 is called as a customer is."""
    frame = folder.frame("transactions")
    accounts = {customer: f"K{customer}" for customer in frame["customer_id"].unique()}
    named = frame.with_columns(konto=pl.col("customer_id").replace(accounts)).drop("customer_id")
    named.write_csv(folder.path / "transactions.csv")
    rows = [(account, owner) for customer, account in accounts.items() for owner in OWNERS.get(customer, [customer])]
    pl.DataFrame(rows, schema=["account_id", "client_id"], orient="row").write_csv(folder.path / "disp.csv")


SAID = (
    "columns: {transactions: {customer_id: konto}}\n"
    "holders: {file: disp.csv, account: account_id, customer: client_id}\n"
)


def test_records_that_name_accounts_belong_to_those_who_hold_them(folder: Folder) -> None:
    join(folder, ";")
    whole = folder.read(max_bad_rows=0, owners={"transactions": ";"})
    shutil.copyfile(folder.path / "transactions.csv", folder.path / "kept.csv")
    undone = {";".join(owners): first for first, owners in OWNERS.items()}
    folder.frame("transactions").with_columns(pl.col("customer_id").replace(undone)).write_csv(
        folder.path / "transactions.csv"
    )
    hold(folder)
    (folder.path / "bank.yaml").write_text(SAID)
    bank = folder.read(max_bad_rows=0)
    columns = ["customer_id", "timestamp", "amount"]
    assert bank.transactions.select(columns).sort(columns).equals(whole.transactions.select(columns).sort(columns))
    assert sorted(groups(bank).values()) == sorted(OWNERS.values())
    assert bank.listing is not None and bank.listing.used_as("holders") == ["disp.csv"]
    assert not check_bank(folder.path).proposal
    before = bank.data_hash
    folder.write("disp", [*folder.lines("disp"), b"KC99,C00"])
    assert folder.read(max_bad_rows=0).data_hash != before


def test_an_account_that_nobody_holds_is_no_customer(folder: Folder) -> None:
    hold(folder)
    folder.write("disp", [line for line in folder.lines("disp") if not line.startswith(b"KC02")])
    (folder.path / "bank.yaml").write_text(SAID)
    assert set(folder.read().quarantine["reason"]) == {"no such customer: 'KC02'"}


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("holders: {file: disp.csv, account: account_id}", "does not say customer"),
        ("holders: {file: disp.csv, account: nothing, customer: client_id}", "the column 'nothing'"),
        ("holders: {file: nothing.csv, account: account_id, customer: client_id}", "no file 'nothing.csv'"),
        ("holders: {file: ../x.csv, account: account_id, customer: client_id}", "no file inside the bank's folder"),
        ("holders: {fiel: disp.csv}", "'fiel' is not known here"),
        ("holders: {of: [customers]}", "'customers' is not known here"),
    ],
)
def test_holders_that_make_no_sense_are_refused_by_name(folder: Folder, told: str, named: str) -> None:
    hold(folder)
    (folder.path / "bank.yaml").write_text(f"columns: {{transactions: {{customer_id: konto}}}}\n{told}\n")
    with pytest.raises((DataError, SettingsError), match=named):
        folder.read()

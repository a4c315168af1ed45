"""From a folder to a bank: what is read, how it is typed, and what stops the reading."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from bank_folder import Folder, write_folder

from ringsight.errors import DataError
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.quarantine import QUARANTINE
from ringsight.records.reading import describe, read_bank

COMPOSITE = Path(__file__).parents[3] / "shared" / "data" / "composite"
TABLES = ("customers", "transactions", "call_notes", "id_images")


def test_sound_bank_is_read_whole(sound_bank: Bank) -> None:
    assert sound_bank.customers.height == 20
    assert sound_bank.transactions.height == sound_bank.notes.height == sum(i % 4 for i in range(20))
    assert sound_bank.id_images.height == 10
    assert sound_bank.quarantine.is_empty() and dict(sound_bank.quarantine.schema) == QUARANTINE


def test_tables_are_sorted_and_typed(sound_bank: Bank) -> None:
    assert sound_bank.customers["customer_id"].is_sorted()
    for rows, key in ((sound_bank.transactions, "transaction_id"), (sound_bank.notes, "note_id")):
        order = ["customer_id", "timestamp", key]
        assert rows.equals(rows.sort(order))
        assert rows.schema["timestamp"] == pl.Datetime("us")
        assert rows.schema["customer_id"] == pl.String
    assert sound_bank.transactions.schema["amount"] == pl.Float64
    assert isinstance(sound_bank.transactions.schema["category"], pl.Categorical)
    assert "memo" not in sound_bank.transactions.columns  # no column of the contract
    assert "currency" not in sound_bank.transactions.columns  # not given


def test_metadata_is_kept_and_roles_are_recognised(sound_bank: Bank) -> None:
    assert set(sound_bank.customers["hobby"]) == {"chess"}
    assert sound_bank.roles == {
        "device_id": ColumnRole.evidence,
        "branch": ColumnRole.innocent,
        "sex": ColumnRole.protected,
    }


@pytest.mark.parametrize("table", TABLES)
def test_csv_and_parquet_give_the_same_bank(folder: Folder, sound_bank: Bank, table: str) -> None:
    folder.as_parquet(table)
    bank = folder.read(max_bad_rows=0)
    for name in ("customers", "transactions", "notes", "id_images"):
        assert getattr(bank, name).equals(getattr(sound_bank, name))


def test_order_of_rows_does_not_matter(folder: Folder, sound_bank: Bank) -> None:
    for table in TABLES:
        header, *rows = folder.lines(table)
        folder.write(table, [header, *reversed(rows)])
    bank = folder.read()
    assert bank.transactions.equals(sound_bank.transactions) and bank.customers.equals(sound_bank.customers)


@pytest.mark.parametrize(
    "given",
    ["2020-05-17 09:30:00", "2020-05-17T09:30:00", "2020-05-17T09:30:00.000Z", "2020-05-17 11:30:00+02:00",
     "2020-05-17T04:30:00-0500", "2020-05-17 09:30", "2020-05-17T11:30+02:00"],
)  # fmt: skip
def test_timestamps_in_every_iso_form_become_utc(folder: Folder, given: str) -> None:
    folder.replace("transactions", 1, f"C01,{given},T0,5,food,x".encode())
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.filter(transaction_id="T0")["timestamp"].to_list() == [datetime(2020, 5, 17, 9, 30)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2020, 5, 17), datetime(2020, 5, 17)),
        (datetime(2020, 5, 17, 9, 30), datetime(2020, 5, 17, 9, 30)),
        (datetime(2020, 5, 17, 9, 30, tzinfo=timezone(timedelta(0))), datetime(2020, 5, 17, 9, 30)),
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_typed_timestamps_become_utc(folder: Folder, value: date, expected: datetime, zone: str | None) -> None:
    stamps = pl.Series("timestamp", [value]).new_from_index(0, folder.frame("call_notes").height)
    if zone and isinstance(stamps.dtype, pl.Datetime) and stamps.dtype.time_zone:
        stamps = stamps.dt.convert_time_zone(zone)
    folder.as_parquet("call_notes", folder.frame("call_notes").with_columns(stamps))
    assert set(folder.read(max_bad_rows=0).notes["timestamp"]) == {expected}


def test_numbers_may_be_padded_or_decimal(folder: Folder) -> None:
    folder.replace("transactions", 1, b"C01,2020-01-01,T0, +12.50 ,food,x")
    assert folder.read(max_bad_rows=0).transactions.filter(transaction_id="T0")["amount"].to_list() == [12.5]
    amounts = folder.frame("transactions").with_columns(pl.col("amount").str.strip_chars().cast(pl.Decimal(12, 2)))
    folder.as_parquet("transactions", amounts)
    assert folder.read(max_bad_rows=0).transactions.filter(transaction_id="T0")["amount"].to_list() == [12.5]


def test_whole_numbers_serve_as_ids(folder: Folder) -> None:
    for table in TABLES:
        frame = folder.frame(table)
        folder.as_parquet(table, frame.with_columns(pl.col("customer_id").str.tail(2).cast(pl.Int64)))
    assert folder.read(max_bad_rows=0).customers["customer_id"][0] == "0"


@pytest.mark.parametrize("absent", TABLES[1:])
def test_a_modality_may_be_absent(folder: Folder, absent: str) -> None:
    (folder.path / f"{absent}.csv").unlink()
    bank = folder.read()
    rows = {"transactions": bank.transactions, "call_notes": bank.notes, "id_images": bank.id_images}[absent]
    assert rows.is_empty() and "customer_id" in rows.columns


def test_a_header_alone_is_an_empty_table(folder: Folder) -> None:
    folder.path.joinpath("call_notes.csv").write_bytes(folder.lines("call_notes")[0])
    assert folder.read().notes.is_empty()


def test_a_bank_without_any_records_is_refused(folder: Folder) -> None:
    for table in TABLES[1:]:
        (folder.path / f"{table}.csv").unlink()
    assert folder.read().columns_with(ColumnRole.evidence) == ["device_id"]  # unless a column can tie customers
    folder.frame("customers").drop("device_id").write_csv(folder.path / "customers.csv")
    with pytest.raises(DataError, match="no transactions, no call_notes and no id_images"):
        folder.read()


def test_missing_folder_and_missing_customers_are_named(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_bank(BankConfig(path=tmp_path / "nowhere"))
    (folder.path / "customers.csv").unlink()
    with pytest.raises(DataError, match=r"no customers.parquet or customers.csv; found: call_notes.csv"):
        folder.read()


def test_a_table_given_twice_is_refused(folder: Folder) -> None:
    folder.frame("customers").write_parquet(folder.path / "customers.parquet")
    with pytest.raises(DataError, match=r"customers.parquet and customers.csv both exist"):
        folder.read()


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_to_compare_with_is_refused(folder: Folder, count: int) -> None:
    folder.write("customers", folder.lines("customers")[: count + 1])
    with pytest.raises(DataError, match=f"{count} usable customers"):
        folder.read(max_bad_rows=1.0)


def test_damaged_parquet_is_a_data_error(folder: Folder) -> None:
    folder.as_parquet("transactions")
    path = folder.path / "transactions.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"transactions.parquet: not readable as Parquet"):
        folder.read()


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("amount", pl.lit("a lot"), "'amount' should hold finite numbers, but its first value is 'a lot'"),
        ("amount", pl.lit(True), "'amount' should hold finite numbers, but it is Boolean"),
        ("timestamp", pl.lit(17), "'timestamp' should hold timestamps.* but it is Int32"),
        ("timestamp", pl.lit(None), "'timestamp' should hold timestamps"),
        ("customer_id", pl.lit(1.5), "'customer_id' should hold ids.* but it is Float64"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(folder: Folder, column: str, values: pl.Expr, message: str) -> None:
    folder.as_parquet("transactions", folder.frame("transactions").with_columns(values.alias(column)))
    with pytest.raises(DataError, match=message) as error:
        folder.read(max_bad_rows=1.0)
    assert f"bank.columns.transactions.{column}=" in error.value.remedy


@pytest.mark.parametrize("parquet", [False, True])
def test_a_bank_may_call_its_columns_as_it_likes(tmp_path: Path, sound_bank: Bank, parquet: bool) -> None:
    folder = write_folder(tmp_path / "bank [1]*")
    for table, column in (("customers", "hobby"), ("transactions", "memo"), ("call_notes", "text")):
        header, *rows = folder.lines(table)
        folder.write(table, [header.replace(column.encode(), b"row"), *rows])
        if parquet:
            folder.as_parquet(table)
    bank = folder.read(columns={"call_notes": {"text": "row"}})
    assert bank.notes.equals(sound_bank.notes) and set(bank.customers["row"]) == {"chess"}


def test_hash_follows_content_of_tables_and_images(folder: Folder, sound_bank: Bank) -> None:
    whole = folder.read().data_hash
    (folder.path / "unread.txt").write_text("anything")
    assert folder.read().data_hash == whole
    image = folder.path / "id_images" / "C03.jpg"
    image.write_bytes(image.read_bytes() + b"\0")
    changed = folder.read().data_hash
    folder.replace("transactions", 1, b"C01,2020-05-17 09:30:00,T0,5,food,x")
    assert len({whole, changed, folder.read().data_hash}) == 3


def test_blank_entities_are_absent(folder: Folder) -> None:
    folder.replace("customers", 3, b"C02,2018-01-15,retail,north,  ,B1,f,chess")
    assert folder.read().customers["device_id"][2] is None


@pytest.mark.parametrize("parquet", [False, True])
def test_customers_need_no_more_than_an_id_and_a_date(folder: Folder, parquet: bool) -> None:
    bare = folder.frame("customers").select("customer_id", "opened_at")
    bare.write_csv(folder.path / "customers.csv")
    if parquet:
        folder.as_parquet("customers", bare.with_columns(phone=None))
    bank = folder.read(max_bad_rows=0)
    assert bank.roles == ({"phone": ColumnRole.evidence} if parquet else {})
    assert set(bank.customers["stratum"]) == {"rest"}
    assert "innocent: none" in describe(bank)


def test_description_names_roles_and_faults(folder: Folder) -> None:
    folder.replace("transactions", 2, b"C02,2020-01-01 00:00:00,T1,many,food,x")
    said = describe(folder.read())
    assert "customers: 20 rows used, 0 set aside" in said
    assert "transactions: 29 rows used, 1 set aside" in said
    assert "evidence: device_id" in said and "protected: sex" in said
    assert "set aside from transactions.csv, amount: 1 (no finite number)" in said


@pytest.mark.skipif(not COMPOSITE.is_dir(), reason="the composite bank is not beside this checkout")
@pytest.mark.slow
def test_composite_bank_is_read_without_a_fault() -> None:
    bank = read_bank(BankConfig(path=COMPOSITE, max_bad_rows=0))
    assert bank.quarantine.is_empty()
    assert bank.customers.height == 1500
    assert bank.transactions.height == 149_803
    assert bank.roles["birth_year"] is ColumnRole.protected
    assert min(bank.customers["stratum"].value_counts()["count"].to_list()) >= 50

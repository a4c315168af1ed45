"""Each way in which a row can be unusable: set aside with its place and its reason, the others used."""

from pathlib import Path

import polars as pl
import pytest
from bank_folder import Folder, only_fault

from ringsight.errors import DataError
from ringsight.records.bank import Bank
from ringsight.records.quarantine import write_quarantine
from ringsight.records.reading import describe

pytestmark = pytest.mark.slow

LONG = "x" * 500
NO_TIME = "no timestamp from 1900 to 2100"


@pytest.mark.parametrize(
    ("table", "line", "column", "reason"),
    [
        ("transactions", b"C02,2018-13-45 00:00:00,T,5,food,x", "timestamp", f"{NO_TIME}: '2018-13-45 00:00:00'"),
        ("transactions", b"C02,0001-01-01 00:00:00,T,5,food,x", "timestamp", f"{NO_TIME}: '0001-01-01 00:00:00'"),
        ("transactions", b"C02,,T,5,food,x", "timestamp", "empty"),
        ("transactions", b"C02,2020-01-01,T,many,food,x", "amount", "no finite number: 'many'"),
        ("transactions", b"C02,2020-01-01,T,NaN,food,x", "amount", "no finite number: 'NaN'"),
        ("transactions", b"C02,2020-01-01,T,-inf,food,x", "amount", "no finite number: '-inf'"),
        ("transactions", b"C02,2020-01-01,T,,food,x", "amount", "empty"),
        ("transactions", b"C02,2020-01-01,,5,food,x", "transaction_id", "empty"),
        ("transactions", b"C02,2020-01-01,  ,5,food,x", "transaction_id", "empty"),
        ("transactions", b",2020-01-01,T,5,food,x", "customer_id", "empty"),
        ("transactions", b"C99,2020-01-01,T,5,food,x", "customer_id", "no such customer: 'C99'"),
        ("transactions", b"C02,2020-01-01,T9,5,food,x", "transaction_id", "repeated id: 'T9', the first is kept"),
        ("transactions", b"C02,2020-01-01,T,5,food", "", "too few cells: 5 instead of 6"),
        ("transactions", b"C02,2020-01-01,T,5,food,x,y", "", "too many cells: 7 instead of 6"),
        ("transactions", b"C02,2020-01-01,T,5,caf\xe9,x", "category", r"not UTF-8: 'caf\xe9'"),
        ("transactions", f"C02,2020-01-01,T,{LONG},food,x".encode(), "amount", f"no finite number: '{'x' * 60}…'"),
        ("call_notes", b"C02,2020-01-01,N,", "text", "empty"),
        ("call_notes", b"C02,2020-01-01,N,   ", "text", "empty"),
        ("customers", b"C20,soon,retail,north,,B1,f,chess", "opened_at", f"{NO_TIME}: 'soon'"),
        ("customers", b",2018-01-15,retail,north,,B1,f,chess", "customer_id", "empty"),
        ("customers", b"C00,2019-01-15,retail,north,,,,", "customer_id", "repeated id: 'C00', the first is kept"),
    ],
)  # fmt: skip
def test_an_unusable_row_is_set_aside(
    folder: Folder, sound_bank: Bank, table: str, line: bytes, column: str, reason: str
) -> None:
    lines = folder.lines(table)
    folder.write(table, [*lines, line])
    bank = folder.read()
    assert only_fault(bank) == (f"{table}.csv", len(lines), column, reason)
    for name in ("customers", "transactions", "notes", "id_images"):
        assert getattr(bank, name).equals(getattr(sound_bank, name)), "the sound rows are all used"


def test_rows_are_numbered_as_in_the_file(folder: Folder) -> None:
    """Blank lines and ragged rows count; each fault keeps the number that an editor would show, less the header."""
    header, *rows = folder.lines("transactions")
    bad = b"C02,never,X,5,food,x"
    lines = [
        header,
        bad,
        rows[0],
        b"",
        b"too,few",
        bad,
        rows[1],
        b'C02,"2020-01-01",Y,\xff,"fo\nod",x',
        bad,
        *rows[2:],
        b"",
    ]
    folder.write("transactions", lines)
    bank = folder.read()
    assert bank.quarantine["row"].to_list() == [1, 4, 5, 7, 8]
    assert bank.transactions.height == len(rows)


def test_parquet_rows_are_numbered_too(folder: Folder) -> None:
    frame = folder.frame("transactions").with_columns(pl.col("amount").cast(pl.Float64))
    amounts = [float("nan") if row == 3 else amount for row, amount in enumerate(frame["amount"])]
    folder.as_parquet("transactions", frame.with_columns(amount=pl.Series(amounts)))
    assert only_fault(folder.read()) == ("transactions.parquet", 4, "amount", "no finite number: 'NaN'")


def test_of_repeated_ids_the_first_usable_row_is_kept(folder: Folder) -> None:
    folder.write(
        "transactions",
        [
            folder.lines("transactions")[0],
            b"C01,never,T,1,food,x",
            b"C01,2020-01-01,T,2,food,x",
            b"C01,2020-01-01,T,3,food,x",
        ],
    )
    bank = folder.read(max_bad_rows=1.0)
    assert bank.transactions["amount"].to_list() == [2.0]
    assert bank.quarantine["row"].to_list() == [1, 3]


def test_records_of_a_customer_set_aside_are_orphans(folder: Folder) -> None:
    folder.replace("customers", 4, b"C03,soon,retail,north,,B1,f,chess")
    bank = folder.read()
    assert "C03" not in bank.transactions["customer_id"]
    assert set(bank.quarantine["reason"].str.split(": ").list.first()) == {
        "no timestamp from 1900 to 2100",
        "no such customer",
    }


def test_too_many_bad_rows_stop_the_run(folder: Folder) -> None:
    lines = folder.lines("transactions")
    folder.write("transactions", [*lines, b"C02,never,T,5,food,x", b"C02,2020-01-01,T,many,food,x"])
    with pytest.raises(DataError) as error:
        folder.read(max_bad_rows=0.05)
    message = str(error.value)
    assert "transactions.csv: 2 of 32 rows cannot be used, more than 5.00%" in message
    assert "row 31, timestamp: no timestamp from 1900 to 2100: 'never'" in message
    assert "row 32, amount: no finite number: 'many'" in message
    allowed = float(message.rpartition("bank.max_bad_rows=")[2])
    assert folder.read(max_bad_rows=allowed).quarantine.height == 2, "the remedy works"


def test_quarantine_is_written_and_stale_files_go(folder: Folder, tmp_path: Path) -> None:
    lines = folder.lines("transactions")
    folder.write("transactions", [*lines, b"C02,never,T,5,food,x"])
    stale = tmp_path / "run" / "quarantine" / "customers.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("old")
    bank = folder.read()
    write_quarantine(bank, tmp_path / "run" / "quarantine")
    assert not stale.exists()
    assert pl.read_csv(stale.parent / "transactions.csv").equals(bank.quarantine)
    counted = pl.read_csv(stale.parent / "summary.csv").rows()
    assert counted == [("transactions.csv", "timestamp", "no timestamp from 1900 to 2100", 1, 31)]


def test_nothing_set_aside_leaves_an_empty_summary(sound_bank: Bank, tmp_path: Path) -> None:
    write_quarantine(sound_bank, tmp_path / "quarantine")
    assert [path.name for path in (tmp_path / "quarantine").iterdir()] == ["summary.csv"]
    assert pl.read_csv(tmp_path / "quarantine" / "summary.csv").is_empty()


def test_what_is_set_aside_is_grouped_with_its_first_rows_and_no_value_is_in_the_summary(
    folder: Folder, tmp_path: Path
) -> None:
    lines = folder.lines("transactions")
    bad = [b"C99,2020-01-01,X%d,5,food,x" % at for at in range(5)] + [b"C02,2020-01-01,Y,many,food,x", b"short"]
    folder.write("transactions", [*lines, *bad])
    bank = folder.read()
    write_quarantine(bank, tmp_path / "quarantine")
    written = pl.read_csv(tmp_path / "quarantine" / "summary.csv", infer_schema=False)
    assert written.rows() == [
        ("transactions.csv", "customer_id", "no such customer", "5", "31, 32, 33"),
        ("transactions.csv", "", "too few cells", "1", "37"),
        ("transactions.csv", "amount", "no finite number", "1", "36"),
    ]
    said = describe(bank)
    assert "set aside from transactions.csv, customer_id: 5 (no such customer), such as 'C99'; rows 31, 32, 33" in said
    assert "set aside from transactions.csv, amount: 1 (no finite number), such as 'many'; row 36" in said


@pytest.mark.parametrize("parts", [1, 3])
def test_faults_in_the_last_rows_of_many_chunks_are_quoted(folder: Folder, parts: int) -> None:
    frame = folder.frame("transactions")
    (folder.path / "transactions.csv").unlink()
    (folder.path / "transactions").mkdir()
    last = pl.int_range(pl.len()) >= pl.len() - 4
    for at in range(parts):
        rows = frame.slice(at * 30 // parts, 30 // parts)
        if at == parts - 1:
            rows = rows.with_columns(amount=pl.when(last).then(pl.lit("many")).otherwise("amount"))
        rows.write_parquet(folder.path / "transactions" / f"{at}.parquet", row_group_size=3)
    assert folder.read().quarantine["reason"].to_list() == ["no finite number: 'many'"] * 4

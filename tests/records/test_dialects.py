"""Tables as banks of the rest of the world write them: told, proposed when they are not, never guessed in silence."""

import itertools
from dataclasses import asdict, fields
from pathlib import Path

import polars as pl
import pytest
import yaml
from bank_folder import Folder
from polars.testing import assert_frame_equal
from written_in_dialect import amount, sound_transactions, write

from ringsight.errors import DataError, SettingsError
from ringsight.records.amounts import as_numbers
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.declarations import KEYS
from ringsight.records.dialect import Dates, Dialect, Minus, Plus
from ringsight.records.joins import IdRule
from ringsight.records.moments import as_moments
from ringsight.records.reading import describe, read_bank

pytestmark = pytest.mark.slow

GERMAN = Dialect(delimiter=";", encoding="cp1252", decimal=",", thousands=".", dates=Dates.day_first)
DIALECTS = [
    GERMAN,
    Dialect(delimiter="tab", encoding="utf-16", dates=Dates.month_first),
    Dialect(delimiter="|", thousands=",", minus=Minus.brackets),
    Dialect(minus=Minus.trailing, thousands="'", dates=Dates.unix_s),
    Dialect(delimiter=";", lines_above=3, lines_below=1, currency="€", decimal=",", thousands=" "),
    Dialect(currency="EUR", dates=Dates.unix_ms),
    Dialect(dates=Dates.year_first, lines_below=2),
    Dialect(dates=Dates.excel, decimal=",", delimiter=";"),
    Dialect(dates=Dates.unix_us, encoding="utf-16-le", lines_above=1),
]


def same_transactions(bank: Bank, sound: Bank) -> None:
    columns = ["transaction_id", "customer_id", "timestamp", "amount"]
    assert_frame_equal(bank.transactions.select(columns), sound.transactions.select(columns))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: ",".join(each.differences()))
def test_what_is_told_is_read_and_what_is_not_told_is_proposed_whole(folder: Folder, dialect: Dialect) -> None:
    """One round: the lines of the error, put into bank.yaml, give the bank that the same rows give in the contract."""
    sound = sound_transactions(folder)
    write(folder, sound, dialect)
    same_transactions(folder.read(max_bad_rows=0, dialects={"transactions": dialect}), sound)
    with pytest.raises(DataError) as error:
        folder.read(max_bad_rows=0)
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    assert yaml.safe_load(told)["dialects"]["transactions"] == dialect.differences()
    (folder.path / "bank.yaml").write_text(told, encoding="utf-8")
    same_transactions(folder.read(max_bad_rows=0), sound)


def test_all_tables_in_another_dialect_take_one_round(folder: Folder) -> None:
    sound = sound_transactions(folder)
    write(folder, sound, GERMAN)
    for table in ("customers", "call_notes"):
        frame = folder.frame(table)
        column = "opened_at" if table == "customers" else "timestamp"
        moments = pl.col(column).str.to_datetime().dt.strftime("%d.%m.%Y %H:%M:%S")
        frame.with_columns(moments).write_csv(folder.path / f"{table}.csv", separator=";")
    with pytest.raises(DataError) as error:
        folder.read()
    told = yaml.safe_load(error.value.remedy.partition("after a look at it:\n")[2])
    assert set(told["dialects"]) == {"customers", "transactions", "call_notes"}
    (folder.path / "bank.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    same_transactions(folder.read(max_bad_rows=0), sound)


def test_columns_in_another_language_are_proposed_with_the_dialect(folder: Folder) -> None:
    sound = sound_transactions(folder)
    write(folder, sound, GERMAN)
    header, *rows = (folder.path / "transactions.csv").read_bytes().splitlines()
    for ours, theirs in ((b"amount", b"Betrag"), (b"timestamp", b"Buchungstag"), (b"customer_id", b"Kundennummer")):
        header = header.replace(ours, theirs)
    folder.write("transactions", [header, *rows])
    with pytest.raises(DataError) as error:
        folder.read()
    (folder.path / "bank.yaml").write_text(error.value.remedy.partition("after a look at it:\n")[2], encoding="utf-8")
    same_transactions(folder.read(max_bad_rows=0), sound)


def test_columns_are_found_by_a_word_of_their_name(folder: Folder) -> None:
    sound = sound_transactions(folder)
    header, *rows = folder.lines("transactions")
    for ours, theirs in (
        (b"amount", b"Amount (USD)"),
        (b"customer_id", b"Customer ID"),
        (b"timestamp", b"Booking Date"),
    ):
        header = header.replace(ours, theirs)
    folder.write("transactions", [header, *rows])
    with pytest.raises(DataError) as error:
        folder.read()
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    (folder.path / "bank.yaml").write_text(told, encoding="utf-8")
    same_transactions(folder.read(max_bad_rows=0), sound)


def test_a_dialect_for_all_holds_where_a_table_has_none_of_its_own(folder: Folder) -> None:
    for table in ("customers", "transactions", "call_notes", "id_images"):
        folder.frame(table).write_csv(folder.path / f"{table}.csv", separator=";" if table != "call_notes" else "|")
    said = "dialects: {all: {delimiter: ';'}, call_notes: {delimiter: '|'}}"
    (folder.path / "bank.yaml").write_text(said, encoding="utf-8")
    assert folder.read(max_bad_rows=0).notes.height == 30


def test_a_bank_yaml_elsewhere_says_the_same_and_is_kept_with_the_bank(folder: Folder, tmp_path: Path) -> None:
    sound = sound_transactions(folder)
    write(folder, sound, GERMAN)
    said = {"dialects": {"transactions": GERMAN.differences()}, "strata": ["region"]}
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(yaml.safe_dump(said), encoding="utf-8")
    bank = folder.read(declared=elsewhere)
    same_transactions(bank, sound)
    assert bank.read_as is not None and bank.read_as.declared is None
    elsewhere.unlink()
    again = read_bank(bank.read_as)
    same_transactions(again, sound)
    assert again.data_hash == bank.data_hash
    with pytest.raises(SettingsError, match="no such file"):
        folder.read(declared=elsewhere)


def test_the_hash_covers_what_makes_other_records_of_the_same_files(folder: Folder) -> None:
    plain = folder.read().data_hash
    zone = folder.read(dialects={"transactions": Dialect(timezone="Europe/Berlin")}).data_hash
    other = folder.read(dialects={"transactions": Dialect(timezone="Asia/Kolkata")}).data_hash
    rules = folder.read(ids_ignore=["letter_case"]).data_hash
    assert len({plain, zone, other, rules}) == 4
    (folder.path / "bank.yaml").write_text("# nothing that makes other records\nstrata: [segment]\n", encoding="utf-8")
    assert folder.read().data_hash == plain
    (folder.path / "bank.yaml").write_text("ids_ignore: [letter_case]\n", encoding="utf-8")
    assert folder.read().data_hash == rules


# --- rows that are lost by what they say ------------------------------------------------------------------------------


def test_few_rows_lost_by_size_are_told_as_such_though_the_run_goes_on(folder: Folder) -> None:
    lines = folder.lines("transactions")
    folder.write(
        "transactions", [*lines, b'C02,2020-01-01,T77,"1,890.74",food,x', b'C02,2020-01-01,T78,"4,610.10",food,x']
    )
    said = describe(folder.read(max_bad_rows=0.1))
    assert "all 2 rows lost have amounts of 1,000 and more; 2 of 2 can be read with thousands: ','" in said


def test_rows_lost_by_sign_are_told_as_such(folder: Folder) -> None:
    frame = folder.frame("transactions").with_columns(pl.col("amount").cast(pl.Float64).abs().cast(pl.String))
    first = frame.with_row_index().select(
        pl.when(pl.col("index") < 2).then(pl.format("({})", "amount")).otherwise("amount")
    )
    frame.with_columns(first.to_series().alias("amount")).write_csv(folder.path / "transactions.csv")
    said = describe(folder.read(max_bad_rows=0.1))
    assert "all 2 rows lost are below zero; 2 of 2 can be read with minus: 'brackets'" in said


def test_a_row_that_no_dialect_reads_is_not_explained_away(folder: Folder) -> None:
    folder.replace("transactions", 2, b"C02,2020-01-01,T1,many,food,x")
    assert folder.read().remarks == ()


# --- single values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "number"),
    [
        ("1.234,56", {"decimal": ",", "thousands": "."}, 1234.56),
        ("1,5", {"thousands": ","}, None),  # no thousands: it is not taken for 15
        ("12,34,567.5", {"thousands": ","}, 1234567.5),  # India
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1\u202f234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1.234", {"decimal": ","}, None),
        ("(1.5)", {"minus": "brackets"}, -1.5),
        ("(1.5)", {}, None),
        ("-1.5", {"minus": "brackets"}, -1.5),
        ("1.5-", {"minus": "trailing"}, -1.5),
        ("-1.5-", {"minus": "trailing"}, None),
        ("€ -1.5", {"currency": "€"}, -1.5),
        ("-1.5 €", {"currency": "€"}, -1.5),
        ("$ 1.5", {"currency": "€"}, None),
        ("\u22121.5", {}, -1.5),
        ("1e3", {"decimal": ","}, 1000.0),
        ("", {"decimal": ","}, None),
        (None, {"decimal": ","}, None),
    ],
)
def test_a_number_is_what_the_dialect_says_or_nothing(
    text: str | None, words: dict[str, str], number: float | None
) -> None:
    assert as_numbers(pl.Series([text], dtype=pl.String), Dialect(**words)).to_list() == [number]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words", "moment"),
    [
        ("27.11.2026 18:17", {"dates": "day_first"}, "2026-11-27 18:17:00"),
        ("27/11/26", {"dates": "day_first"}, "2026-11-27 00:00:00"),
        ("27-NOV-2026 06.17.00 PM", {"dates": "day_first"}, "2026-11-27 18:17:00"),
        ("3. März 2026", {"dates": "day_first"}, "2026-03-03 00:00:00"),
        ("Nov 27, 2026 12:05 AM", {"dates": "month_first"}, "2026-11-27 00:05:00"),
        ("11/27/2026 13:05 PM", {"dates": "month_first"}, None),
        ("27/11/2026", {"dates": "month_first"}, None),
        ("31.02.2026", {"dates": "day_first"}, None),
        ("2026-11-27T10:00:00+01:00", {"dates": "day_first"}, "2026-11-27 09:00:00"),
        ("27.11.2026 18:17", {"dates": "day_first", "timezone": "Europe/Berlin"}, "2026-11-27 17:17:00"),
        ("2026-07-01 00:30:00", {"timezone": "Europe/Berlin"}, "2026-06-30 22:30:00"),
        ("2026-03-29 02:30:00", {"timezone": "Europe/Berlin"}, None),  # the clock went forward
        ("2026-10-25 02:30:00", {"timezone": "Europe/Berlin"}, "2026-10-25 00:30:00"),  # the earlier of the two
        ("20261127", {"dates": "year_first"}, "2026-11-27 00:00:00"),
        ("20261127181705", {"dates": "year_first"}, "2026-11-27 18:17:05"),
        ("2026-11-27-18.17.05.123456", {"dates": "year_first"}, "2026-11-27 18:17:05.123456"),  # DB2
        ("Fri, 27 Nov 2026 18:17:05 +0100", {"dates": "day_first"}, "2026-11-27 17:17:05"),  # RFC 2822
        ("46353,75", {"dates": "excel", "decimal": ","}, "2026-11-27 18:00:00"),
        ("1e300", {"dates": "unix_s"}, None),
        ("nan", {"dates": "excel"}, None),
    ],
)
def test_a_moment_is_what_the_dialect_says_or_nothing(text: str, words: dict[str, str], moment: str | None) -> None:
    (found,) = as_moments(pl.Series([text]), Dialect(**words))  # type: ignore[arg-type]
    assert (found and str(found)) == moment


def test_zones_of_typed_moments_count_and_those_without_are_in_the_dialects() -> None:
    dialect = Dialect(timezone="Asia/Kolkata")
    naive = pl.Series(["2026-11-27 05:30:00"]).str.to_datetime()
    assert as_moments(naive, dialect).dt.hour().to_list() == [0]
    assert as_moments(naive.dt.replace_time_zone("UTC"), dialect).dt.hour().to_list() == [5]


def test_epochs_in_parquet_are_read_when_they_are_told(folder: Folder) -> None:
    sound = sound_transactions(folder)
    epochs = sound.transactions.with_columns(pl.col("timestamp").dt.epoch("ms"))
    folder.as_parquet("transactions", epochs)
    with pytest.raises(DataError, match="dates: unix_ms"):
        folder.read()
    same_transactions(folder.read(dialects={"transactions": Dialect(dates=Dates.unix_ms)}, max_bad_rows=0), sound)


def test_what_cannot_be_known_is_told_as_a_doubt(folder: Folder) -> None:
    frame = folder.frame("transactions").with_columns(timestamp=pl.lit("03/04/2026"), amount=pl.lit("1,234"))
    frame.write_csv(folder.path / "transactions.csv")
    with pytest.raises(DataError) as error:
        folder.read()
    assert "were the month first, say dates: month_first instead" in str(error.value)
    assert "were it the decimal sign, say decimal: ',' instead" in str(error.value)


# --- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("dialects: {transaction: {decimal: ','}}", "'transactions'"),
        ("dialects: {transactions: {decimals: ','}}", "'decimal'"),
        ("dialects: {transactions: {decimal: ';'}}", "a point or a comma"),
        ("dialects: {transactions: {decimal: ',', thousands: ','}}", "thousands"),
        ("dialects: {transactions: {dates: dayfirst}}", "'day_first'"),
        ("dialects: {transactions: {encoding: klingon}}", "encoding"),
        ("dialects: {transactions: {encoding: hex}}", "encoding"),
        ("dialects: {transactions: {timezone: Berlin}}", "timezone"),
        ("dialects: {transactions: {timezone: ../../etc/passwd}}", "timezone"),
        ("dialects: {transactions: {lines_above: -1}}", "lines_above"),
        ("dialects: {transactions: {lines_above: many}}", "a number"),
        ("dialects: {transactions: {delimiter: ''}}", "delimiter"),
        ("dialects: {transactions: {delimiter: 5}}", "text, in quotation marks"),
        ("dialects: [transactions]", "expected dialects"),
        ("ids_ignore: [zeros]", "leading_zeros"),
        ("tables: {call_notes: ../notes.csv}", "inside the bank's folder"),
        ("tables: {call_notes: /etc/passwd}", "inside the bank's folder"),
        ("tables: {notes: notes.csv}", "'notes' is not known"),
    ],
)
def test_what_bank_yaml_says_is_checked_word_by_word(folder: Folder, said: str, message: str) -> None:
    (folder.path / "bank.yaml").write_text(said, encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as error:
        folder.read()
    assert error.value.where.startswith(str(folder.path / "bank.yaml"))


def test_every_word_of_bank_yaml_is_in_its_page_and_the_example_is_one(folder: Folder) -> None:
    page = (Path(__file__).parents[2] / "docs" / "bank_yaml.md").read_text(encoding="utf-8")
    words = [*KEYS, *(each.name for each in fields(Dialect)), *Dates, *Minus, *Plus, *IdRule, *ColumnRole]
    assert [word for word in words if f"`{word}`" not in page] == []
    example = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    sound = sound_transactions(folder)
    write(folder, sound, Dialect(**example["dialects"]["transactions"]))
    said = {key: example[key] for key in ("dialects", "ids_ignore")}
    (folder.path / "bank.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    same_transactions(folder.read(max_bad_rows=0), sound)


def test_the_differences_of_a_dialect_make_it_again() -> None:
    for dialect in DIALECTS:
        assert asdict(Dialect(**dialect.differences())) == asdict(dialect)
    assert Dialect().differences() == {}


def test_signs_do_not_get_in_each_others_way() -> None:
    """Whatever is written in a dialect is read back by it, and by no dialect as another number."""
    numbers = [0.0, -0.5, 12.25, -999.99, 1000.0, -1234567.89]
    pairs = [(decimal, thousands) for decimal in ".," for thousands in ("", ",", ".", " ", "'") if decimal != thousands]
    for (decimal, thousands), minus in itertools.product(pairs, Minus):
        dialect = Dialect(decimal=decimal, thousands=thousands, minus=minus)
        assert as_numbers(pl.Series([amount(each, dialect) for each in numbers]), dialect).to_list() == numbers


def test_a_config_for_python_takes_dialects(folder: Folder) -> None:
    folder.frame("customers").write_csv(folder.path / "customers.csv", separator=";")
    config = BankConfig(path=folder.path, dialects={"customers": Dialect(delimiter=";")})
    assert read_bank(config).customers.height == 20

"""What stands for nothing by its form is absent, counted and said; what looks like it and is somebody's stays."""

import numpy as np
import polars as pl
import pytest
from bank_folder import Folder
from made_customers import made_customers, read, with_values

from ringsight.records.canonical.placeholders import WORDS
from ringsight.records.reading import describe
from ringsight.records.value_declarations import ValueDeclarations

EIGHT = np.arange(0, 80, 10)
EVERYWHERE = ["n/a", "N/A", "none", "NULL", "unknown", "-", ".", "--", "tbd", "Test", "x", "XXX", "?", "(null)", "n.a."]
NOTHING = {
    "phone": "0000000000, 1111111, 1234567890, 0123456789, 9999, +49 000 0000000, +49 1111111111, 000, 0151 00000000, "
    "+1 (999) 999-9999, 123456, keine Nummer bekannt, unbekannt, "
    "4.91512E+11, 4E+12, +49 151 ****89, 0151XXXXXX",
    "email": "unknown@unknown.example, test@bank.example, noemail@x.example, no-reply@bank.example, x@x.com, "
    "n/a@bank.example, none@none.com, unbekannt@x.example, a.b@example.invalid, has no mail, "
    "@example.com, j***@mail.example",
    "device_id": "00:00:00:00:00:00, ff:ff:ff:ff:ff:ff, 00000000-0000-0000-0000-000000000000, 000000000000000, "
    "123456789012345, 02:00:00:00:00:00, 9774d56d682e549c, 0x00000000, 9999, 0",
    "employer": "keine Angabe, Inconnu, desconocido, sconosciuto, brak, 不明, Neznámý, нет данных",
}
SOMEBODYS = {
    "phone": "0151/23456789, +49 151 1234567, 110, +49 800 1111222, +1 555 123 4567, +49 30 1000000",
    "email": "john@example.com, nina@x.example, info@firm.example, testa@x.example, unknownartist@x.example",
    "device_id": "D1, DEV-0000001, A1B2C3D4E5F6, 0000000a0000, 1234, 1E10, 5E+1, Box12xx",
    "employer": "Nova, Nonesuch Press, Keiner & Sohn, Test Laboratories, 1, 22, 88, X-Ray Clinic",
    "branch": "1, 22, 333, 00, web, app",
    "address": "1 Unknown Street, 0 Zero Road",
    "sex": "x, NA, nb",
}


def cases(values: dict[str, str]) -> list[tuple[str, str]]:
    return [(column, value) for column, several in values.items() for value in several.split(", ")]


@pytest.mark.parametrize(
    ("column", "value"),
    [*cases(NOTHING), *((name, each) for name in ("phone", "email", "employer") for each in EVERYWHERE)],
)
def test_what_stands_for_nothing_is_absent_counted_and_said(column: str, value: str):
    table, written = read(with_values(made_customers(0), EIGHT, {column: value}))
    assert table[column][EIGHT].null_count() == 8
    (told,) = written.placeholders.filter(column=column, masked=True).rows(named=True)
    assert (told["value"], told["customers"]) == (value, 8)
    assert any(repr(value) in line and "8 customers" in line for line in written.described())
    assert written.counted()[column] == {"masked": 8, "suspected": 0, "values": {value: 8}}


@pytest.mark.parametrize(("column", "value"), cases(SOMEBODYS))
def test_what_somebody_may_have_stays(column: str, value: str):
    table, _ = read(with_values(made_customers(0), EIGHT, {column: value}))
    assert table[column][EIGHT].null_count() == 0


@pytest.mark.parametrize("language", WORDS)
def test_every_language_is_known(language: str):
    words = WORDS[language].split(", ")
    customers = made_customers(0, customers=len(words)).with_columns(employer=pl.Series(words))
    assert read(customers)[0]["employer"].null_count() == len(words)


@pytest.mark.parametrize("seed", range(5))
def test_random_values_stand_for_something(seed: int):
    customers = made_customers(seed, customers=3000, absent=0)
    table, written = read(customers)
    assert written.placeholders.is_empty()
    assert table.equals(customers)


@pytest.mark.parametrize("date", ["1790-01-01", "1800-01-01", "1900-01-01", "01.01.1900", "9999-12-31", "0001-01-01"])
def test_dates_that_stand_for_none_are_absent(folder: Folder, date: str):
    frame = folder.frame("customers").with_columns(born=pl.lit(date))
    folder.as_parquet("customers", frame.with_columns(born=pl.Series([date] * 3 + ["1971-05-17"] * 17)))
    bank = folder.read(entities={"born": "evidence"})
    assert bank.customers["born"].null_count() == 3


def test_days_as_dates_are_known_too(folder: Folder):
    born = pl.Series(["1900-01-01"] * 3 + ["1971-05-17"] * 17).str.to_date()
    folder.as_parquet("customers", folder.frame("customers").with_columns(born=born))
    assert folder.read(entities={"born": "evidence"}).customers["born"].null_count() == 3


def test_a_bank_can_name_further_placeholders_and_keep_one():
    customers = with_values(made_customers(0), EIGHT, {"phone": "0151/2222", "employer": "None", "device_id": "KIOSK"})
    declared = ValueDeclarations(placeholders=("+49 151 2222", "kiosk"), not_placeholders=("NONE",))
    table, written = read(with_values(customers, EIGHT[:1], {"phone": "+49 151 2222"}), declared)
    assert table["phone"][EIGHT].null_count() == table["device_id"][EIGHT].null_count() == 8
    assert table["employer"][EIGHT].to_list() == ["None"] * 8
    assert set(written.placeholders.filter("masked")["reason"]) == {"declared"}


def test_settings_reach_the_reading(folder: Folder):
    (folder.path / "bank.yaml").write_text("placeholders: [B1]")
    said = describe(folder.read(not_placeholders=["d2"], placeholders=["d3"]))
    assert "branch: masked, for it stands for nothing: 'B1' of 20 customers (declared)" in said
    assert "device_id: masked, for it stands for nothing: 'D3' of 1 customers" in said


def test_a_placeholder_in_a_list_is_absent_and_the_rest_stays():
    phones = pl.Series([["0000000", "0151 2345"], ["n/a"], ["0160 777"]])
    table, _ = read(made_customers(0, customers=3).with_columns(phone=phones))
    assert table["phone"].to_list() == ["0151 2345", None, "0160 777"]

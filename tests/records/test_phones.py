"""Phone numbers in one spelling: what is one number, what is not, and when a country is inferred."""

import numpy as np
import polars as pl
import pytest

from ringsight.errors import SettingsError
from ringsight.records.canonical import phones
from ringsight.records.canonical.phones import phone_column

GERMAN = [f"+49 1513456{n:04d}" for n in range(20)]
SPELLINGS = [
    "0151/23456789",
    "0049 151 23456789",
    "(0049) 151 23456789",
    "0151 23456789",
    "+49 (0)151 23456789",
    "+49 0151 23456789",
    "+4915123456789",
    "49-151-23456789",
    "(0151) 234 567 89",
    "tel:+49-151-23456789",
    "+49 151 23456789",
]


def read(*written: str, region: str = "") -> list[str]:
    return phone_column(pl.Series(written, dtype=pl.String), region).values.to_list()


@pytest.mark.parametrize("region", ["", "DE", "de"])
def test_spellings_of_one_number_are_one_where_the_country_is_known(region: str):
    assert set(read(*SPELLINGS, *GERMAN, region=region)[: len(SPELLINGS)]) == {"+49 15123456789"}


def test_other_countries_write_otherwise():
    american = read("415-555-2671", "(415) 555-2671", "1-415-555-2671", "+1 415 555 2671", region="US")
    assert set(american) == {"+1 4155552671"}
    assert set(read("612 34 56 78", "34612345678", "0034 612345678", region="ES")) == {"+34 612345678"}
    assert read("+39 06 1234567") == ["+39 061234567"]  # an Italian 0 belongs to the number


def test_two_numbers_stay_two():
    written = ["+49 151 23456789", "+49 151 23456780", "+43 151 23456789", "+49 30 123456", "+49 30 123456 ext. 7"]
    assert len(set(read(*written))) == len(written)


def test_without_a_country_numbers_are_compared_by_their_digits():
    home = [f"0151 1234{n:04d}" for n in range(20)]
    written = ["0153/90375", "(0153) 90 375", "+44 20 7946 0958", *home]
    column = phone_column(pl.Series(written), "")
    assert (column.region, column.values[0], column.values[1]) == ("", "015390375", "015390375")
    assert "bank.phone_region" in column.remarks("phone")[0]


def test_numbers_abroad_do_not_say_where_home_is():
    """People write a country code for foreigners; three British numbers do not make a hundred at home British."""
    home = [f"020 7946 {n:04d}" for n in range(100)]
    assert phone_column(pl.Series([*home, *(f"+44 20 7946 1{n:03d}" for n in range(3))]), "").region == ""


def test_where_countries_are_many_none_is_inferred():
    several = [f"+{code} 151 2345 {n:03d}" for n in range(20) for code in (43, 49)]
    assert phone_column(pl.Series([*several, "0151 23456789"]), "").region == ""


def test_a_long_number_without_code_is_the_only_one_with_it():
    home = [f"0151 1234{n:04d}" for n in range(20)]
    assert read("+49 151 23456789", "0151 23456789", *home)[:2] == ["+49 15123456789"] * 2
    assert read("+49 151 23456789", "+43 151 23456789", "0151 23456789", *home)[2] == "015123456789"


def test_a_number_of_the_country_is_none_of_its_neighbour():
    assert read("+43 151 23456789", "0151 23456789", *GERMAN)[:2] == ["+43 15123456789", "+49 15123456789"]


def test_what_is_no_number_stays_as_it_is():
    assert read("ask the branch", "P-17", "+", "+49") == ["ask the branch", "P-17", "+", "49"]
    assert read() == []


def test_what_was_inferred_is_said():
    (said,) = phone_column(pl.Series([*SPELLINGS, *GERMAN]), "").remarks("phone")
    assert "taken for DE's" in said
    assert phone_column(pl.Series(GERMAN), "").remarks("phone") == []


def test_a_country_that_there_is_not_is_refused():
    with pytest.raises(SettingsError, match="no country with phone numbers"):
        phone_column(pl.Series(["1"]), "XX")


def test_plain_numbers_are_read_as_libphonenumber_reads_them():
    rng = np.random.default_rng(1)
    for code in (1, 7, 33, 36, 39, 44, 49, 52, 54, 90, 353, 420):
        for length in rng.integers(5, 13, 60):
            text = f"+{code} {''.join(map(str, rng.integers(0, 10, length)))}"
            number = phones._parsed(text, None)
            assert read(text) == [f"+{number.code} {number.rest}" if number else text[1:].replace(" ", "")], text

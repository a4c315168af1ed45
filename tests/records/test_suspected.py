"""Values that may stand for nothing by who carries them: told; masked only with two witnesses; a ring's never."""

import numpy as np
import polars as pl
import pytest
from made_customers import made_customers, read, with_values

from ringsight.records.canonical.suspected import says_little
from ringsight.records.value_declarations import ValueDeclarations

pytestmark = pytest.mark.slow

SEEDS = range(6)


def some(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng([seed, 9]).choice(300, size, replace=False)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [3, 8, 12])
@pytest.mark.parametrize("column", ["phone", "email", "device_id"])
def test_a_value_that_a_ring_shares_is_never_masked(seed: int, size: int, column: str):
    customers = made_customers(seed)
    members = some(seed, size)
    value = made_customers(seed + 100)[column].drop_nulls()[0]
    table, written = read(with_values(customers, members, {column: value}))
    assert table[column][members].to_list() == [value] * size
    assert written.placeholders.is_empty()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ring_of_no_other_address_keeps_its_phone_and_is_told_of(seed: int):
    members = some(seed, 8)
    customers = with_values(made_customers(seed), members, {"phone": "0151/23760489", "email": "none@none.example"})
    table, written = read(customers)
    assert table["phone"][members].null_count() == 0 and table["email"][members].null_count() == 8
    (told,) = written.placeholders.filter(masked=False).rows(named=True)
    assert (told["column"], told["customers"]) == ("phone", 8) and "placeholders in other columns" in told["reason"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("value", ["+49 30 1234567", "0151 1212121212", "+1 555 123 4567"])
def test_a_clump_with_two_witnesses_is_masked(seed: int, value: str):
    members = some(seed, 8)
    clump = with_values(made_customers(seed), members, {"phone": value, "device_id": "N/A"})
    table, written = read(clump)
    assert table["phone"][members].null_count() == 8
    assert set(written.placeholders.filter("masked")["column"]) == {"phone", "device_id"}
    alone = with_values(made_customers(seed), members, {"phone": value})  # one witness
    assert read(alone)[0]["phone"][members].null_count() == 0
    kept = read(clump, ValueDeclarations(not_placeholders=(value,)))[0]
    assert kept["phone"][members].null_count() == 0


def test_where_all_lack_something_nobody_is_suspected_for_it():
    everybody = with_values(made_customers(0), np.arange(300), {"email": "n/a"})
    table, _ = read(with_values(everybody, some(0, 8), {"phone": "+49 30 1234567"}))
    assert table["phone"][some(0, 8)].null_count() == 0


def test_one_word_in_columns_of_different_kinds_is_no_value():
    members = some(1, 8)
    values = {"device_id": "nedostupné", "phone": "nedostupné"}
    table, _ = read(with_values(made_customers(1), members, values))
    assert table["device_id"][members].null_count() == table["phone"][members].null_count() == 8
    alone = read(with_values(made_customers(1), members, {"device_id": "nedostupné"}))[0]
    assert alone["device_id"][members].null_count() == 0


def test_a_value_that_many_carry_who_share_nothing_else_is_told_and_not_masked():
    members = some(2, 20)
    table, written = read(with_values(made_customers(2), members, {"phone": "+49 30 8472651"}))
    assert table["phone"][members].null_count() == 0
    assert written.placeholders["reason"].to_list() == ["many carry it, and share nothing else"]
    assert written.counted() == {"phone": {"masked": 0, "suspected": 20, "values": {}}}
    both = with_values(made_customers(2), members, {"phone": "+49 30 8472651", "email": "office@mail.example"})
    assert read(both)[1].placeholders.is_empty()


def test_a_value_of_one_branch_alone_is_told():
    customers = made_customers(3).with_columns(
        branch=pl.when(pl.int_range(300) < 12).then(pl.lit("kiosk")).otherwise("branch")
    )
    written = read(with_values(customers, np.arange(9), {"phone": "+49 30 8472651"}))[1]
    assert "of one branch" in written.placeholders["reason"][0]


@pytest.mark.parametrize("value", ["1212121212", "+49 301234567", "aa@a.example", "0", "+49 151000000"])
def test_forms_that_say_little(value: str):
    assert says_little(value)


@pytest.mark.parametrize("value", ["+49 15390375737", "A1B2C3D4E5F6", "maria.olsen@mail.example", "+49 151000047"])
def test_forms_that_say_enough(value: str):
    assert not says_little(value)


@pytest.mark.parametrize("customers", [0, 1])
def test_hardly_any_customers_are_read(customers: int):
    table, written = read(made_customers(0, customers=customers))
    assert table.height == customers and written.placeholders.is_empty()

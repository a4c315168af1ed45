"""What is personal is gone from a text, and the rest stays as it is."""

import pytest
from bank_of_records import bank_of_records

from ringsight.assistant.masker import Masker
from ringsight.records.bank import ColumnRole

CUSTOMERS = [
    {"customer_id": "C1", "phone": "+49 157 3333", "address": "108f Mill Lane", "name": "Ana Lehner", "sex": "f"},
    {"customer_id": "C2", "phone": "+49 158 4444", "address": "35e Rose Avenue", "name": "Øystein O'Neil", "sex": "m"},
]
ROLES = {
    "phone": ColumnRole.evidence,
    "address": ColumnRole.innocent,
    "name": ColumnRole.protected,
    "sex": ColumnRole.protected,
}


@pytest.fixture
def masker() -> Masker:
    return Masker.of(bank_of_records(customers=CUSTOMERS, roles=ROLES))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("lives at 108F  mill lane now", "lives at <address> now"),
        ("Lehner called; Ana is her name", "<name> called; <name> is her name"),
        ("her friend Øystein pays", "her friend <name> pays"),
        ("write to jo.doe+x@mail.example.org, please", "write to <email>, please"),
        ("rang from (0151) 234 56-78.", "rang from <number>."),
        ("pays to DE89 3704 0044 0532 0130 00 today", "pays to <iban> today"),
        ("card 4000-1234-5678-9010 refused", "card <number> refused"),
        ("paid 1200 twice, at 9:30", "paid 1200 twice, at 9:30"),
        ("analysis of a lehnership", "analysis of a lehnership"),
        ("", ""),
    ],
)
def test_personal_values_give_way_to_the_names_of_their_columns(masker: Masker, text: str, masked: str):
    assert masker.masked(text, ["C1"]) == masked


def test_a_value_is_looked_for_in_the_texts_of_its_owner_and_a_name_in_all(masker: Masker):
    text = "moves to 35e Rose Avenue with O'Neil"
    assert masker.masked(text, ["C1"]) == "moves to 35e Rose Avenue with O'<name>"
    assert masker.masked(text, ["C1", "C2"]) == "moves to <address> with O'<name>"


def test_numbers_stay_where_they_are_none_of_anybodys(masker: Masker):
    assert masker.masked("sums of 120000 and +49 157 3333", ["C1"], numbers=False) == "sums of 120000 and <phone>"


def test_a_customer_of_whom_nothing_is_known_has_nothing_to_mask(masker: Masker):
    assert masker.masked("all is well", ["C9"]) == "all is well"

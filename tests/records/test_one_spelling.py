"""Entity columns of customers: one spelling of each value, what was written beside it, several values in a cell."""

import unicodedata

import polars as pl
import pytest
from bank_folder import Folder

from ringsight.errors import DataError, SettingsError
from ringsight.records.bank import Bank, ColumnRole, ValueKind
from ringsight.records.canonical.cells import MOST_VALUES
from ringsight.records.canonical.kinds import kind_of
from ringsight.records.reading import describe
from ringsight.records.written import carried

pytestmark = pytest.mark.slow

ACUTE = unicodedata.normalize("NFD", "josé@post.example")
SPELT = {
    "email": [
        "José@Post.example",
        "JOSÉ@POST.EXAMPLE",
        ACUTE,
        "mailto:josé@post.example",
        "josé@post.example.",
        "josé@post.example\u200b",
        "José N. <josé@post.example>",
        "josé+bank@post.example",
    ],
    "device_id": [
        "a1b2c3d4-e5f6",
        "A1B2C3D4E5F6",
        "{A1B2C3D4-E5F6}",
        "a1:b2:c3:d4:e5:f6",
        "0xa1b2c3d4e5f6",
        "\ufeffa1b2c3d4e5f6",
        "A1-B2-C3-D4-E5-F6",
        "a1b2.c3d4.e5f6",
    ],
    "iban": [
        "DE89 3704 0044 0532 0130 00",
        "de89370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "IBAN DE89370400440532013000",
    ],
    "cookie": ["Ab12-x", "AB12-X", "ａｂ１２-x", " ab12-x "],
    "address": ["7 Mill Lane", "7 MILL LANE", "7  Mill\u00a0Lane", "7 Mill Lane.", "7 Mill Lane,", "7 Mill lane"],
    "employer": ["Straße & Co", "STRASSE & CO"],
}
APART = {
    "email": ["jose@post.example", "josé@post.example", "josé@mail.example"],
    "device_id": ["K-1-23", "K-12-3", "A1B2C3D4E5F6", "A1B2C3D4E5F7"],
    "iban": ["DE89370400440532013000", "DE89370400440532013001"],
    "cookie": ["Ab12-x", "Ab12x", "Ab12 x"],
    "address": ["7 Mill Lane", "7a Mill Lane", "17 Mill Lane", "7 Mill Road"],
}
ROLES = {"iban": ColumnRole.evidence, "cookie": ColumnRole.evidence}


def bank_with(folder: Folder, values: dict[str, pl.Series], **settings: object) -> Bank:
    """The bank with further columns, absent from all customers but the first ones."""
    frame = folder.frame("customers")
    columns = {name: each.extend_constant(None, frame.height - len(each)) for name, each in values.items()}
    folder.as_parquet("customers", frame.with_columns(**columns))
    return folder.read(**{"entities": {name: role for name, role in ROLES.items() if name in values}} | settings)


def texts(*values: str) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


@pytest.mark.parametrize("column", SPELT)
def test_spellings_of_one_value_are_one_and_stay_visible(folder: Folder, column: str):
    spelt = SPELT[column]
    bank = bank_with(folder, {column: texts(*spelt)})
    (value,) = bank.customers[column].drop_nulls().unique()
    known = dict(zip(bank.customers["customer_id"], (each.strip() for each in spelt), strict=False))
    written = bank.written.of(list(known))[column, value]
    assert {customer: (raw,) for customer, raw in known.items() if raw != value} == written
    assert f"{column}: values written in several ways, which count as one: 1" in describe(bank)


@pytest.mark.parametrize("column", APART)
def test_values_that_differ_stay_apart(folder: Folder, column: str):
    values = bank_with(folder, {column: texts(*APART[column])}).customers[column].drop_nulls()
    assert values.n_unique() == len(APART[column])


def test_a_value_in_one_spelling_keeps_it(folder: Folder):
    values = {"phone": texts("0151 / 2345", "0151 / 2345"), "email": texts("A@B.example"), "address": texts("1 A St.")}
    bank = bank_with(folder, values)
    assert {name: bank.customers[name][0] for name in values} == {name: each[0] for name, each in values.items()}
    assert bank.written.spellings.is_empty() and bank.written.remarks == ()


def test_a_tag_can_be_kept(folder: Folder):
    written = texts("a+bank@x.example", "a@x.example")
    bank = bank_with(folder, {"email": written}, drop_email_tags=False)
    assert bank.customers["email"][:2].n_unique() == 2


def test_hosts_in_other_scripts_are_one_in_either_form(folder: Folder):
    bank = bank_with(folder, {"email": texts("q@münchen.example", "q@xn--mnchen-3ya.example", "q@XN--zz.example")})
    assert bank.customers["email"][:3].n_unique() == 2


@pytest.mark.parametrize("dtype", [pl.List(pl.String), pl.Array(pl.String, 2), pl.List(pl.Int64)])
def test_a_list_holds_several_values(folder: Folder, dtype: pl.DataType):
    phones = [["4915123456789", "4915123456780"], ["4915123456780", "4915123456780"], ["4915123456785", None]]
    given = pl.Series(phones, dtype=pl.List(pl.String)).cast(dtype)
    bank = bank_with(folder, {"phone": given}, phone_region="DE")
    customers = bank.customers["phone"][:4].fill_null([]).to_list()
    assert customers == [["4915123456789", "4915123456780"], ["4915123456780"], ["4915123456785"], []]
    assert len(carried(bank.customers, "phone")) == 4
    assert "phone: customers with several values, each of which counts: 1" in bank.written.remarks


def test_a_list_of_one_value_each_is_a_column_like_any_other(folder: Folder):
    bank = bank_with(folder, {"phone": pl.Series([["0151 1"], [], [""], None], dtype=pl.List(pl.String))})
    assert bank.customers["phone"].dtype == pl.String
    assert bank.customers["phone"][:4].to_list() == ["0151 1", None, None, None]


def test_cells_are_parted_where_that_is_declared_and_not_else(folder: Folder):
    column = {"phone": texts("0151 2345; 0160 7777", "0160/7777", ";")}
    (folder.path / "bank.yaml").write_text("lists: {phone: ';'}")
    assert carried(bank_with(folder, column).customers, "phone")["value"].to_list() == [
        "0151 2345",
        "01607777",
        "01607777",
    ]


def test_a_list_is_proposed_and_not_guessed(folder: Folder):
    bank = bank_with(folder, {"phone": texts("0151 2345; 0160 7777", "0160/7777")})
    assert bank.customers["phone"].dtype == pl.String
    assert any("declare lists: {phone: ';'}" in said for said in bank.written.remarks)


def test_a_customer_with_very_many_values_has_the_first_ones(folder: Folder):
    bank = bank_with(folder, {"cookie": pl.Series([[f"k{n}" for n in range(MOST_VALUES + 1)]])})
    assert bank.customers["cookie"][0].to_list() == [f"k{n}" for n in range(MOST_VALUES)]
    assert any("more than" in said for said in bank.written.remarks)


@pytest.mark.parametrize(
    "cells", [[{"street": "Mill Lane", "town": "Ham"}], [[{"street": "Mill Lane"}]], [b"\x00"]], ids=str
)
def test_a_column_of_records_is_refused_by_name(folder: Folder, cells: list[object]):
    with pytest.raises(DataError, match=r"(?s)customers.parquet.*'address'|'address'(?s:.)*customers.parquet") as error:
        bank_with(folder, {"address": pl.Series(cells)})
    assert error.value.remedy


def test_strata_of_several_values_are_refused(folder: Folder):
    folder.as_parquet("customers", folder.frame("customers").with_columns(branch=pl.concat_list("branch", "region")))
    with pytest.raises(DataError, match="'branch'"):
        folder.read(strata=["branch"])


def test_whole_numbers_lose_the_decimals_that_a_gap_gave_them(folder: Folder):
    bank = bank_with(folder, {"cookie": pl.Series([4915123456789.0, None, 17.0])})
    assert bank.customers["cookie"][:3].to_list() == ["4915123456789", None, "17"]


def test_a_kind_can_be_declared(folder: Folder):
    (folder.path / "bank.yaml").write_text("kinds: {rufnummer: phone}\nentities: {rufnummer: evidence}")
    bank = bank_with(folder, {"rufnummer": texts("+49 151 23456789", "0049151/23456789")}, entities={})
    assert bank.customers["rufnummer"][:2].to_list() == ["+49 15123456789"] * 2


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("kinds: {hobby: phone}", "'hobby' has no role"),
        ("kinds: {branch: fax}", "'fax' is no kind"),
        ("lists: {branch: ''}", "nothing separates"),
        ("phone_region: NO", "expected phone_region"),
        ("placeholders: x", "expected placeholders"),
        ("drop_email_tags: 3", "expected drop_email_tags"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(folder: Folder, yaml: str, message: str):
    (folder.path / "bank.yaml").write_text(yaml)
    with pytest.raises(SettingsError, match=message):
        folder.read()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("phone", ValueKind.phone),
        ("homePhone", ValueKind.phone),
        ("mobile_number", ValueKind.phone),
        ("Telefon", ValueKind.phone),
        ("E-Mail", ValueKind.email),
        ("e_mail_address", ValueKind.email),
        ("mail", ValueKind.email),
        ("mailing_address", ValueKind.identifier),
        ("device_id", ValueKind.device),
        ("IMEI", ValueKind.device),
        ("iban", ValueKind.iban),
        ("account_number", ValueKind.iban),
        ("headphones", ValueKind.identifier),
        ("phone_type", ValueKind.identifier),
        ("email_domain", ValueKind.identifier),
    ],
)
def test_a_kind_goes_by_the_words_of_a_name(column: str, kind: ValueKind):
    assert kind_of(column, ColumnRole.evidence) is kind
    assert kind_of(column, ColumnRole.protected) is ValueKind.identifier

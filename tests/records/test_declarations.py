"""What a bank says about its columns, in the config and in bank.yaml."""

import pytest
from bank_folder import Folder

from ringsight.errors import DataError, SettingsError
from ringsight.records.bank import Bank, ColumnRole


def rename(folder: Folder, table: str, ours: bytes, theirs: bytes) -> None:
    header, *rows = folder.lines(table)
    folder.write(table, [header.replace(ours, theirs), *rows])


def test_columns_are_mapped_by_the_config(folder: Folder, sound_bank: Bank) -> None:
    rename(folder, "transactions", b"amount", b"betrag")
    bank = folder.read(columns={"transactions": {"amount": "betrag"}})
    assert bank.transactions.equals(sound_bank.transactions)


def test_bank_yaml_says_the_same_and_the_config_wins(folder: Folder, sound_bank: Bank) -> None:
    rename(folder, "transactions", b"amount", b"betrag")
    rename(folder, "transactions", b"category", b"art")
    said = "columns: {transactions: {amount: betrag, category: memo}}\nentities: {hobby: innocent, segment: evidence}\n"
    (folder.path / "bank.yaml").write_text(said)
    bank = folder.read(columns={"transactions": {"category": "art"}}, entities={"segment": ColumnRole.innocent})
    assert bank.transactions.equals(sound_bank.transactions)
    assert bank.columns_with(ColumnRole.innocent) == ["branch", "hobby", "segment"]


def test_strata_come_from_bank_yaml_unless_the_config_names_others(folder: Folder) -> None:
    (folder.path / "bank.yaml").write_text("strata: [hobby]")
    assert set(folder.read().customers["stratum"]) == {"rest"}  # 20 customers are fewer than the minimum
    (folder.path / "bank.yaml").write_text("strata: [sex]")
    with pytest.raises(SettingsError, match="'sex' cannot make strata"):
        folder.read()
    assert folder.read(strata=["region"]).customers.height == 20


@pytest.mark.parametrize("asked", [["segmnt"], ["segment", "segmnt"]])
def test_strata_of_a_column_that_is_not_there_are_refused(folder: Folder, asked: list[str]) -> None:
    wanted = r"no column 'segmnt', which is to make strata(.|\n)*correct bank.strata \(perhaps 'segment'\)"
    with pytest.raises(DataError, match=wanted):
        folder.read(strata=asked)
    (folder.path / "bank.yaml").write_text(f"strata: {asked}")
    with pytest.raises(DataError, match=wanted):
        folder.read()


def test_default_strata_hold_for_a_bank_without_their_columns(folder: Folder) -> None:
    rename(folder, "customers", b"segment,region", b"kind,town")
    assert folder.read().customers.height == 20
    (folder.path / "bank.yaml").write_text("strata: [segment, region]")  # said by somebody, so it counts
    with pytest.raises(DataError, match="no column 'segment', which is to make strata"):
        folder.read()


@pytest.mark.parametrize(("table", "ours", "theirs"), [("transactions", "amount", "amout"), ("customers", "x", "hoby")])
def test_a_misspelt_column_of_a_mapping_names_the_closest(folder: Folder, table: str, ours: str, theirs: str) -> None:
    closest = {"amout": "amount", "hoby": "hobby"}[theirs]
    with pytest.raises(DataError, match=f"'{theirs}', mapped to {ours}, is absent(.|\n)*{ours}={closest}"):
        folder.read(columns={table: {ours: theirs}})


def test_a_missing_required_column_names_the_closest_and_the_remedy(folder: Folder) -> None:
    rename(folder, "transactions", b"amount", b"Amount_EUR")
    with pytest.raises(DataError, match=r"'amount' is absent; found: customer_id, timestamp") as error:
        folder.read()
    assert error.value.remedy == "map it, in bank.yaml or by ++bank.columns.transactions.amount=Amount_EUR"
    assert folder.read(columns={"transactions": {"amount": "Amount_EUR"}}).transactions.height == 30


def test_a_mapped_column_that_is_absent_is_named(folder: Folder) -> None:
    with pytest.raises(DataError, match="'betrag', mapped to amount, is absent; found"):
        folder.read(columns={"transactions": {"amount": "betrag"}})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("colums: {}", r"bank.yaml: 'colums' is not known here.*\n.*perhaps 'columns'"),
        ("columns: {notes: {}}", r"bank.yaml: 'notes' is not known here; valid: customers.*\n.*perhaps 'call_notes'"),
        ("columns: {transactions: {amont: x}}", r"transactions: 'amont' is not known here.*\n.*perhaps 'amount'"),
        ("entities: {hobby: evidnce}", r"'evidnce' is not known here.*\n.*perhaps 'evidence'"),
        ("entities: [hobby]", "expected columns: {table"),
        ("- a list", "expected keys"),
        ("strata: segment", "expected columns: {table"),
        ("a: [", "not readable as YAML"),
        ("!!python/object/apply:os.getcwd []", "not readable as YAML"),
    ],
)
def test_bank_yaml_is_checked_word_by_word(folder: Folder, said: str, message: str) -> None:
    (folder.path / "bank.yaml").write_text(said)
    with pytest.raises(SettingsError, match=message):
        folder.read()


def test_an_empty_bank_yaml_says_nothing(folder: Folder, sound_bank: Bank) -> None:
    (folder.path / "bank.yaml").write_text("")
    assert folder.read().roles == sound_bank.roles


def test_the_config_is_checked_like_bank_yaml(folder: Folder) -> None:
    with pytest.raises(SettingsError, match=r"bank.columns: 'transaction' is not known"):
        folder.read(columns={"transaction": {"amount": "x"}})


def test_an_entity_that_is_no_column_is_refused(folder: Folder) -> None:
    with pytest.raises(DataError, match=r"no column 'hoby'(.|\n)*perhaps 'hobby'"):
        folder.read(entities={"hoby": ColumnRole.evidence})


@pytest.mark.parametrize("role", [ColumnRole.evidence, ColumnRole.innocent])
def test_a_protected_column_can_have_no_other_role(folder: Folder, role: ColumnRole) -> None:
    with pytest.raises(SettingsError, match=f"'sex' is protected and cannot be declared {role}"):
        folder.read(entities={"sex": role})


def test_what_bank_yaml_protects_the_config_cannot_use(folder: Folder) -> None:
    (folder.path / "bank.yaml").write_text("entities: {hobby: protected}")
    with pytest.raises(SettingsError, match="'hobby' is protected"):
        folder.read(entities={"hobby": ColumnRole.evidence})


def test_a_protected_column_stays_so_under_another_name(folder: Folder) -> None:
    assert folder.read(columns={"customers": {"group": "sex"}}).roles["group"] is ColumnRole.protected
    rename(folder, "customers", b"sex", b"Sex")
    assert folder.read().roles["Sex"] is ColumnRole.protected
    with pytest.raises(SettingsError, match="'Sex' is protected"):
        folder.read(columns={"customers": {"email": "Sex"}})


def test_names_that_ringsight_uses_are_refused(folder: Folder) -> None:
    rename(folder, "customers", b"hobby", b"stratum")
    with pytest.raises(DataError, match="may not be called 'stratum'"):
        folder.read()
    assert "my_stratum" in folder.read(columns={"customers": {"my_stratum": "stratum"}}).customers.columns

"""Records whose customer is spelt otherwise than among the customers: told, and met by one setting."""

import re
from decimal import Decimal

import polars as pl
import pytest
import yaml
from bank_folder import Folder

from ringsight.errors import DataError
from ringsight.pipeline.check import check_bank
from ringsight.records.bank import Bank
from ringsight.records.dialect import Dialect
from ringsight.records.joins import IdRule, lacking_rules, named_customers, refuse_alike
from ringsight.records.transfers import transfers_between

pytestmark = pytest.mark.slow

NUMBERS = {f"C{i:02d}": f"{7919 * (i + 1):08d}" for i in range(20)}
"""The tiny bank's customers -> ids of eight digits, most of which begin with zeros."""


def renumber(folder: Folder, **spelling: str) -> None:
    """Give customers ids of eight digits, and those of the tables named as a format says."""
    for table in ("customers", "transactions", "call_notes", "id_images"):
        frame = folder.frame(table)
        ids = [spelling.get(table, "{:08d}").format(int(NUMBERS[each])) for each in frame["customer_id"]]
        frame.with_columns(customer_id=pl.Series(ids)).write_csv(folder.path / f"{table}.csv")


def met(bank: Bank) -> tuple[int, int, int]:
    return bank.transactions.height, bank.notes.height, bank.id_images.height


@pytest.mark.parametrize(
    ("spelling", "rules", "ignored"),
    [
        ("{}", ["leading_zeros"], "leading zeros"),
        ("{}.0", ["fractions", "leading_zeros"], "the fraction of whole numbers and leading zeros"),
        ("{:08d}.00", ["fractions"], "the fraction of whole numbers"),
        (" {:08d} ", ["blanks"], "blanks around them"),
    ],
)
def test_ids_that_do_not_meet_are_told_with_what_would_make_them(
    folder: Folder, spelling: str, rules: list[str], ignored: str
) -> None:
    renumber(folder, call_notes=spelling)
    with pytest.raises(DataError) as error:
        folder.read(max_bad_rows=0.05)
    assert f"30 of 30 rows name no customer; 30 of these 30 would meet one if {ignored} were ignored" in str(
        error.value
    )
    assert "max_bad_rows" not in error.value.remedy, "no remedy drops a whole table"
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    assert yaml.safe_load(told) == {"ids_ignore": rules}
    (folder.path / "bank.yaml").write_text(told)
    bank = folder.read(max_bad_rows=0)
    assert met(bank) == (30, 30, 10)
    assert set(bank.notes["customer_id"]) <= set(NUMBERS.values()), "the customers' own spelling stays"


def test_few_rows_that_would_meet_are_told_though_the_run_goes_on(folder: Folder) -> None:
    lines = folder.lines("call_notes")
    folder.write(
        "call_notes", [*lines, lines[1].lower().replace(b"n0", b"n99"), lines[2].lower().replace(b"n1", b"n98")]
    )
    bank = folder.read()
    assert bank.quarantine.height == 2
    (remark,) = bank.remarks
    assert "2 of 2 rows name no customer; 2 of these 2 would meet one if the case of letters were ignored" in remark


def test_letter_case_is_met_by_its_rule(folder: Folder) -> None:
    frame = folder.frame("call_notes").with_columns(pl.col("customer_id").str.to_lowercase())
    frame.write_csv(folder.path / "call_notes.csv")
    with pytest.raises(DataError, match=r"ids_ignore: \[letter_case\]"):
        folder.read()
    assert met(folder.read(ids_ignore=[IdRule.letter_case], max_bad_rows=0)) == (30, 30, 10)


def test_a_rule_that_makes_two_customers_one_is_refused_and_not_proposed(folder: Folder) -> None:
    renumber(folder, call_notes="{}")
    customers = folder.lines("customers")
    first = customers[1].partition(b",")
    folder.write("customers", [*customers, b"7919," + first[2]])
    with pytest.raises(
        DataError, match=r"customers '00007919' and '7919' have one id, where leading zeros do not count"
    ):
        folder.read(ids_ignore=[IdRule.leading_zeros])
    with pytest.raises(DataError) as error:
        folder.read()
    assert "ids_ignore" not in error.value.remedy


def test_records_of_nobody_stay_so_and_nothing_is_proposed(folder: Folder) -> None:
    renumber(folder, call_notes="X{}")
    with pytest.raises(DataError, match="no such customer") as error:
        folder.read()
    assert "ids_ignore" not in error.value.remedy


def test_up_to_a_fifth_a_larger_share_may_be_allowed_and_no_more(folder: Folder) -> None:
    lines = folder.lines("transactions")
    bad = [b"nobody,2020-01-01,X%d,5,food,x" % at for at in range(9)]
    folder.write("transactions", [*lines, *bad[:6]])
    with pytest.raises(DataError, match=r"allow a larger share: bank.max_bad_rows=0.17"):
        folder.read(max_bad_rows=0.05)
    folder.write("transactions", [*lines, *bad])
    with pytest.raises(DataError) as error:
        folder.read(max_bad_rows=0.05)
    assert "max_bad_rows" not in error.value.remedy


@pytest.mark.parametrize("dtype", [pl.Decimal(20, 0), pl.Float64, pl.Float32, pl.Int64])
def test_whole_numbers_of_every_type_are_ids(folder: Folder, dtype: pl.DataType) -> None:
    renumber(folder, customers="{}", transactions="{}", call_notes="{}", id_images="{}")
    for table in ("customers", "call_notes"):
        numbers = pl.col("customer_id").cast(pl.Int64).cast(dtype)
        folder.as_parquet(table, folder.frame(table).with_columns(numbers))
    bank = folder.read(max_bad_rows=0)
    assert met(bank) == (30, 30, 10)
    assert bank.customers["customer_id"].str.contains(r"^\d+$").all()


@pytest.mark.parametrize("value", [1.5, 1e17])
def test_numbers_that_are_not_whole_or_have_lost_digits_are_no_ids(folder: Folder, value: float) -> None:
    frame = folder.frame("transactions").with_columns(customer_id=pl.lit(value))
    folder.as_parquet("transactions", frame)
    with pytest.raises(DataError, match=re.escape(f"it is Float64, with {value!r} in it")):
        folder.read()


def test_an_absent_id_among_floating_point_numbers_is_set_aside(folder: Folder) -> None:
    renumber(folder, customers="{}", transactions="{}", call_notes="{}", id_images="{}")
    numbers = pl.col("customer_id").cast(pl.Float64)
    absent = pl.when(pl.int_range(pl.len()) == 2).then(float("nan")).when(pl.int_range(pl.len()) != 5).then(numbers)
    folder.as_parquet("call_notes", folder.frame("call_notes").with_columns(customer_id=absent))
    assert folder.read().quarantine.select("row", "reason").rows() == [(3, "empty"), (6, "empty")]


def test_decimals_with_a_fraction_are_no_ids(folder: Folder) -> None:
    values = pl.Series([Decimal("1.5")] * 30, dtype=pl.Decimal(20, 1))
    folder.as_parquet("transactions", folder.frame("transactions").with_columns(customer_id=values))
    with pytest.raises(DataError, match="should hold ids"):
        folder.read()


# --- rules by themselves ---------------------------------------------------------------------------------------------


def test_rules_leave_sound_ids_alone() -> None:
    owners = pl.Series(["7", "007x", "a", "0"], dtype=pl.String)
    given = pl.Series(["07", "7", "7.0", "A ", "000", "0.5", None, ""], dtype=pl.Categorical)
    rules = list(IdRule)
    found = named_customers(given, owners, rules).cast(pl.String).to_list()
    assert found == ["7", "7", "7", "a", "0", "0.5", None, ""]
    assert named_customers(given, owners, []).equals(given)
    assert lacking_rules(pl.Series([], dtype=pl.String), owners, []) == []
    refuse_alike(owners, rules, "here")


def test_as_few_rules_are_proposed_as_suffice() -> None:
    owners = pl.Series(["0A1", "0B2"])
    assert lacking_rules(pl.Series(["A1", "B2"]), owners, []) == [IdRule.leading_zeros]
    assert lacking_rules(pl.Series(["a1", "b2"]), owners, []) == [IdRule.leading_zeros, IdRule.letter_case]
    assert lacking_rules(pl.Series(["a1", "b2"]), owners, [IdRule.letter_case]) == [IdRule.leading_zeros]
    assert lacking_rules(pl.Series(["0A1", "0B2"]), owners, []) == []


# --- paths of images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("id_images\\{}.jpg", {"path_separator": "\\"}),
        ("D:\\export\\id_images\\{}.jpg", {"path_prefix": "D:\\export\\", "path_separator": "\\"}),
        ("/mnt/scans/id_images/{}.jpg", {"path_prefix": "/mnt/scans/"}),
    ],
)
def test_paths_of_another_machine_are_told_with_what_to_cut(
    folder: Folder, written: str, words: dict[str, str]
) -> None:
    frame = folder.frame("id_images").with_columns(path=pl.format(written, "customer_id"))
    frame.write_csv(folder.path / "id_images.csv")
    with pytest.raises(DataError) as error:
        folder.read()
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    assert yaml.safe_load(told) == {"dialects": {"id_images": words}}
    assert folder.read(dialects={"id_images": Dialect(**words)}, max_bad_rows=0).id_images.height == 10  # type: ignore[arg-type]


def test_a_prefix_does_not_lead_out_of_the_folder(folder: Folder) -> None:
    frame = folder.frame("id_images").with_columns(path=pl.lit("D:\\..\\secret.jpg"))
    frame.write_csv(folder.path / "id_images.csv")
    dialect = Dialect(path_prefix="D:\\", path_separator="\\")
    assert set(folder.read(dialects={"id_images": dialect}, max_bad_rows=1).quarantine["reason"]) == {
        "path leaves the folder: '../secret.jpg'"
    }


def pay_each_other(folder: Folder, spelling: str) -> None:
    """Let every transaction go to another customer, whose id is spelt by a format; of all customers in eight digits."""
    renumber(folder)
    ids = folder.frame("customers")["customer_id"].to_list()
    frame = folder.frame("transactions")
    others = [spelling.format(int(ids[(ids.index(each) + 1) % len(ids)])) for each in frame["customer_id"]]
    frame.with_columns(counterparty_id=pl.Series(others)).write_csv(folder.path / "transactions.csv")


@pytest.mark.parametrize(
    ("spelling", "rules"),
    [("{}", ["leading_zeros"]), ("{}.0", ["fractions", "leading_zeros"]), ("{:08d}.0", ["fractions"])],
)
def test_counterparties_are_customers_by_the_same_rules(folder: Folder, spelling: str, rules: list[str]) -> None:
    pay_each_other(folder, spelling)
    before = folder.read(max_bad_rows=0)
    (remark,) = (each for each in before.remarks if "counterparty_id" in each)
    assert "more would be customers if" in remark and "ids_ignore, in bank.yaml" in remark
    proposal = check_bank(folder.path).proposal
    assert [str(rule) for rule in proposal.ids] == rules
    after = folder.read(max_bad_rows=0, ids_ignore=proposal.ids)
    assert set(after.transactions["counterparty_id"]) <= set(after.customers["customer_id"])
    assert transfers_between(after).height > transfers_between(before).height
    assert not any("counterparty_id" in each for each in after.remarks)


def test_counterparties_as_numbers_with_gaps_are_ids(folder: Folder) -> None:
    pay_each_other(folder, "{}")
    numbers = folder.frame("transactions").with_columns(
        pl.col("counterparty_id").cast(pl.Float64), pl.col("amount").cast(pl.Float64)
    )
    folder.as_parquet("transactions", numbers)
    bank = folder.read(max_bad_rows=0, ids_ignore=[IdRule.leading_zeros])
    assert set(bank.transactions["counterparty_id"]) <= set(bank.customers["customer_id"])


def test_shops_are_not_asked_about(folder: Folder) -> None:
    assert not any("counterparty_id" in each for each in folder.read(max_bad_rows=0).remarks)

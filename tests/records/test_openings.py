"""An opening date that is none leaves the date unknown and the customer in the bank; the column may be absent."""

from datetime import datetime

import polars as pl
import pytest
from bank_folder import Folder

from ringsight.detection.conditions import declared_conditions
from ringsight.errors import DataError
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import describe
from ringsight.report.members import members, records_of
from ringsight.vectors.scalars import scalars_beside, scalars_of

pytestmark = pytest.mark.slow

NONE = ["1800-01-01", "1900-01-01", "9999-12-31", "0001-01-01", "1970-01-01 00:00:00", "n/a", "unbekannt", "00.00.0000"]


@pytest.mark.parametrize("told", NONE)
def test_a_date_that_stands_for_none_is_unknown_and_counted(folder: Folder, told: str):
    sound = folder.read(max_bad_rows=0)
    frame = folder.frame("customers")
    opened = pl.when(pl.int_range(pl.len()) < 9).then(pl.lit(told)).otherwise("opened_at")
    folder.as_parquet("customers", frame.with_columns(opened_at=opened))
    bank = folder.read(max_bad_rows=0)
    assert bank.customers["opened_at"].to_list() == [None] * 9 + sound.customers["opened_at"].to_list()[9:]
    assert bank.customers.drop("opened_at").equals(sound.customers.drop("opened_at"))
    assert bank.transactions.equals(sound.transactions) and bank.quarantine.is_empty()
    assert f"{told!r} of 9 customers" in describe(bank)
    assert bank.written.counted() == {"opened_at": {"masked": 9, "suspected": 0, "values": {told: 9}}}


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_is_unknown(folder: Folder, blank: str | None):
    folder.as_parquet("customers", folder.frame("customers").with_columns(opened_at=pl.lit(blank, pl.String)))
    bank = folder.read(max_bad_rows=0)
    assert bank.customers["opened_at"].null_count() == 20
    assert bank.customers["opened_at"].dtype == pl.Datetime("us") and bank.written.placeholders.is_empty()


def test_dates_of_a_typed_column_are_unknown_too(folder: Folder):
    opened = pl.Series([datetime(1900, 1, 1), datetime(9999, 12, 31), *[datetime(2018, 1, 15)] * 18])
    folder.as_parquet("customers", folder.frame("customers").with_columns(opened_at=opened))
    assert folder.read(max_bad_rows=0).customers["opened_at"].null_count() == 2


def test_what_is_neither_a_date_nor_a_placeholder_is_still_a_mistake(folder: Folder):
    folder.as_parquet("customers", folder.frame("customers").with_columns(opened_at=pl.lit("soon")))
    with pytest.raises(DataError, match="'opened_at' should hold timestamps"):
        folder.read()


def test_a_bank_need_not_know_when_accounts_were_opened(folder: Folder):
    folder.as_parquet("customers", folder.frame("customers").drop("opened_at"))
    bank = folder.read(max_bad_rows=0)
    assert "opened_at" not in bank.customers.columns and bank.customers.height == 20
    assert "opened_week" not in {condition.name for condition in declared_conditions(bank)}
    (person,) = members(records_of(bank, ["C01"]), ["C01"], [], {}, 1)
    assert person.opened == ""
    vector = Embeddings(
        "notes", bank.customer_ids[:1], pl.DataFrame({"x": [1.0]}).to_numpy().astype("f4"), "a" * 64, "d"
    )
    assert scalars_beside(vector, scalars_of(bank))["opened_at"].to_list() == [0]


def test_unknown_openings_make_no_week_in_common(folder: Folder):
    folder.as_parquet("customers", folder.frame("customers").with_columns(opened_at=pl.lit("1900-01-01")))
    weeks = {condition.name: condition for condition in declared_conditions(folder.read())}
    assert weeks["opened_week"].values == []

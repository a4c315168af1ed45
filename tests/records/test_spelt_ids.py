"""One id in several spellings is a question, and never three customers in silence."""

import polars as pl
import pytest
from bank_folder import Folder

from ringsight.records.reading import describe
from ringsight.records.spelt_ids import spelt_ids


@pytest.mark.parametrize(
    "spelt",
    [
        ["C1", "c1"],
        ["7", "007"],
        ["C1", " C1", "C 1"],
        ["ｃ１", "C1"],
        ["C1", "C1\u200b"],
        ["12", "12.0"],
        ["é", "e\u0301"],
    ],
)
def test_spellings_of_one_id_are_asked_about(spelt: list[str]):
    (question,) = spelt_ids(pl.Series([*spelt, "another", "X9"]))
    assert f"{len(spelt)} ids are 1 in other spellings" in question


@pytest.mark.parametrize("ids", [[], ["a"], ["0", "00a", "a0", "10", "1"], ["C1", "C11", "C-1", "1.5", "15"]])
def test_ids_that_differ_are_not(ids: list[str]):
    assert spelt_ids(pl.Series(ids, dtype=pl.String)) == ()


def test_the_summary_asks_and_the_customers_stay(folder: Folder):
    frame = folder.frame("customers")
    again = frame.head(2).with_columns(pl.col("customer_id").str.to_lowercase(), device_id=pl.lit("D-again"))
    folder.as_parquet("customers", pl.concat([frame, again]))
    bank = folder.read(max_bad_rows=0)
    assert bank.customers.height == 22
    assert "customer_id: 4 ids are 2 in other spellings, for instance 'C00' and 'c00'; 'C01' and 'c01'" in describe(
        bank
    )

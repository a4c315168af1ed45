"""What the vector store cannot hold is found at reading, with file, row and column."""

from datetime import timedelta

import polars as pl
import pytest
from bank_folder import Folder, only_fault

from ringsight.errors import DataError
from ringsight.records.contract import STORED_BYTES, STORED_TEXTS
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import describe
from ringsight.vectors.scalars import scalars_beside, scalars_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sign", ["\v", "\n", "\t", "\x00", "\x7f", "\x85"])
@pytest.mark.parametrize("column", STORED_TEXTS)
def test_control_characters_in_stored_texts_become_blanks_and_are_told(folder: Folder, column: str, sign: str) -> None:
    frame = folder.frame("customers").with_columns(
        pl.when(pl.col("customer_id") == "C03").then(pl.lit(f"a{sign}b")).otherwise(column).alias(column)
    )
    folder.as_parquet("customers", frame)
    bank = folder.read(max_bad_rows=0)
    assert bank.customers[column][3] == "a b"
    said = f"customers.parquet, {column}: control characters, taken for blanks, in rows: 1; the first is row 4"
    assert said in describe(bank)


@pytest.mark.parametrize("letter", ["x", "é", "字", "😀"])
def test_texts_that_are_too_long_are_cut_to_whole_letters_and_told(folder: Folder, letter: str) -> None:
    frame = folder.frame("customers").with_columns(region=pl.lit("a" + letter * 600))
    frame.write_csv(folder.path / "customers.csv")
    bank = folder.read(max_bad_rows=0)
    (region,) = set(bank.customers["region"])
    assert STORED_BYTES - 4 < len(region.encode()) <= STORED_BYTES
    assert region == "a" + letter * (len(region) - 1)
    assert "region: more than 512 bytes, cut to them, in rows: 20; the first is row 1" in describe(bank)


@pytest.mark.parametrize(
    ("name", "reason"), [("C\n03", "holds a control character: 'C␠03'"), ("C" * 513, "longer than 512 bytes: ")]
)
def test_customers_whose_id_cannot_be_stored_are_set_aside(folder: Folder, name: str, reason: str) -> None:
    for table in ("customers", "transactions"):
        frame = folder.frame(table).with_columns(pl.col("customer_id").replace("C01", name))
        frame.write_csv(folder.path / f"{table}.csv")
    frame = folder.frame("call_notes").filter(pl.col("customer_id") != "C01")
    frame.write_csv(folder.path / "call_notes.csv")
    images = folder.frame("id_images").filter(pl.col("customer_id") != "C01")
    images.write_csv(folder.path / "id_images.csv")
    file, row, column, why = folder.read().quarantine.row(0)
    assert (file, row, column) == ("customers.csv", 2, "customer_id")
    assert why.startswith(reason)


def test_whatever_was_read_can_be_stored(folder: Folder) -> None:
    """The two floors hold one limit: no bank that was read is refused by the store for its texts."""
    rows = folder.frame("customers").with_row_index()
    texts = pl.Series(["x" * n for n in (511, 512, 513)] + ["\t", "a\x1fb", "\u2028", "", " "] + ["é" * 256] * 12)
    folder.as_parquet("customers", rows.with_columns(segment=texts, region=texts.reverse()).drop("index"))
    bank = folder.read(max_bad_rows=0)
    ids = bank.customer_ids
    vectors = pl.DataFrame({"a": [1.0] * len(ids)}).to_numpy().astype("float32")
    embeddings = Embeddings("notes", ids, vectors, "model", bank.data_hash)
    assert scalars_beside(embeddings, scalars_of(bank)).height == 20


def test_a_segment_of_numbers_is_left_as_it_is(folder: Folder) -> None:
    folder.as_parquet("customers", folder.frame("customers").with_columns(segment=pl.lit(7)))
    bank = folder.read(max_bad_rows=0)
    assert bank.customers["segment"].dtype.is_integer() and bank.remarks == ()


def test_a_fault_is_told_once(folder: Folder) -> None:
    folder.replace("customers", 20, b'"C\v19",2018-01-15,retail,north,,B1,f,chess')
    for table in ("transactions", "call_notes"):
        frame = folder.frame(table).filter(pl.col("customer_id") != "C19")
        frame.write_csv(folder.path / f"{table}.csv")
    assert only_fault(folder.read()) == ("customers.csv", 20, "customer_id", "holds a control character: 'C␠19'")


@pytest.mark.parametrize("values", [pl.duration(days=1), pl.concat_list(pl.lit("a"), pl.lit("b")), pl.lit(b"\xff")])
def test_a_segment_that_is_no_text_is_refused_by_its_type(folder: Folder, values: pl.Expr) -> None:
    folder.as_parquet("customers", folder.frame("customers").with_columns(segment=values))
    with pytest.raises(DataError, match="the column 'segment' should hold text or numbers, but it is"):
        folder.read()


def test_strata_and_stored_texts_hold_one_value_each(folder: Folder) -> None:
    (folder.path / "bank.yaml").write_text("strata: [branch]\nlists: {branch: ';'}\n")
    with pytest.raises(DataError, match="customers may have several values in 'branch'"):
        folder.read()
    (folder.path / "bank.yaml").write_text("strata: [segment]\nlists: {branch: ';'}\n")
    assert folder.read().customers.height == 20


@pytest.mark.parametrize(
    "value", [b"\xff", {"a": 1}, [{"a": 1}], timedelta(1)], ids=["bytes", "records", "lists", "durations"]
)
@pytest.mark.parametrize("column", ["device_id", "branch", "sex"])
def test_entity_columns_of_bytes_or_records_are_refused_by_name(folder: Folder, column: str, value: object) -> None:
    folder.as_parquet("customers", folder.frame("customers").with_columns(pl.Series(column, [value] * 20)))
    with pytest.raises(DataError, match=rf"the column '{column}' holds (bytes|records|durations), not values"):
        folder.read()

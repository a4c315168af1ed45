"""From data frames to a bank: the same as from a folder, whichever library made them."""

import gc
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from bank_folder import Folder
from PIL import Image

from ringsight.errors import DataError
from ringsight.pipeline.read import read_frames
from ringsight.records import contract
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.contract import RecordTable, Values, Views
from ringsight.records.reading import describe

TABLES = ("customers", "transactions", "call_notes", "id_images")
Frames = dict[str, Any]


def as_pandas(frame: pl.DataFrame) -> object:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: it is no dependency of ringsight")
    return pandas.DataFrame(frame.to_dict(as_series=False))


class Stream:
    """Of a frame, the Arrow C stream and nothing else."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


MADE: Mapping[str, Callable[[pl.DataFrame], object]] = {
    "polars": lambda frame: frame,
    "lazy": pl.DataFrame.lazy,
    "pandas": as_pandas,
    "pyarrow": pl.DataFrame.to_arrow,
    "stream": Stream,
}


@pytest.fixture
def frames(folder: Folder) -> Frames:
    """The tables of the sound bank, as text."""
    return {table: folder.frame(table) for table in TABLES}


def read(folder: Folder, frames: Frames, **settings: object) -> Bank:
    told: dict[str, Any] = {"max_bad_rows": 0.5} | settings
    return read_frames(BankConfig(path=folder.path, **told), **frames)


def png() -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 199)).save(encoded, "PNG")
    return encoded.getvalue()


def assert_same(bank: Bank, other: Bank) -> None:
    for table in ("customers", "transactions", "notes", "id_images"):
        assert getattr(bank, table).equals(getattr(other, table)), table
        assert getattr(bank, table).schema == getattr(other, table).schema
    assert bank.roles == other.roles


# --- the same bank ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", MADE)
def test_frames_give_the_bank_that_their_folder_gives(
    folder: Folder, frames: Frames, sound_bank: Bank, made: str
) -> None:
    bank = read(folder, {table: MADE[made](frame) for table, frame in frames.items()}, max_bad_rows=0)
    assert_same(bank, sound_bank)
    assert all((bank.path / path).is_file() for path in bank.id_images["path"])


@pytest.mark.parametrize("made", ["polars", "pandas", "pyarrow"])
def test_typed_frames_give_the_bank_that_text_gives(
    folder: Folder, frames: Frames, sound_bank: Bank, made: str
) -> None:
    typed = {
        **frames,
        "customers": frames["customers"].with_columns(
            pl.col("opened_at").str.to_datetime(), pl.col("segment", "device_id").cast(pl.Categorical)
        ),
        "transactions": frames["transactions"].with_columns(
            pl.col("timestamp").str.to_datetime().dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin"),
            pl.col("amount").cast(pl.Float64),
            pl.col("category").cast(pl.Enum(["food"])),
        ),
    }
    bank = read(folder, {table: MADE[made](frame) for table, frame in typed.items()}, max_bad_rows=0)
    assert_same(bank, sound_bank)


def test_the_same_frames_give_the_same_hash_and_others_another(folder: Folder, frames: Frames) -> None:
    hashes = {read(folder, frames).data_hash for _ in range(2)}
    image = folder.path / "id_images" / "C03.jpg"
    image.write_bytes(image.read_bytes() + b"\0")
    hashes.add(read(folder, frames).data_hash)
    assert len(hashes) == 2


@pytest.mark.parametrize("absent", TABLES[1:])
def test_a_frame_may_be_absent(folder: Folder, frames: Frames, absent: str) -> None:
    without = {table: frame for table, frame in frames.items() if table != absent}
    assert_same(read(folder, without), read(folder, without | {absent: None}))


def test_a_table_that_was_registered_is_given_like_the_others(
    folder: Folder, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"selfie_id": Values.key, "customer_id": Values.owner, "picture": Values.image}
    selfies = RecordTable("selfies", columns, {}, ("customer_id", "selfie_id"), "selfies", Views.alternate)
    monkeypatch.setattr(contract, "RECORD_TABLES", (*contract.RECORD_TABLES, selfies))
    given = pl.DataFrame({"selfie_id": ["S1", "S2"], "customer_id": ["C03", "nobody"], "picture": [png(), png()]})
    bank = read(folder, frames | {"selfies": given})
    assert (bank.path / bank.records["selfies"]["picture"][0]).read_bytes() == png()
    assert bank.quarantine.rows() == [("selfies", 2, "customer_id", "no such customer: 'nobody'")]


# --- types -----------------------------------------------------------------------------------------------------------


def test_whole_numbers_serve_as_ids_and_become_text(folder: Folder, frames: Frames) -> None:
    number = pl.col("customer_id").str.tail(2).cast(pl.Int64)
    bank = read(folder, {table: frame.with_columns(number) for table, frame in frames.items()}, max_bad_rows=0)
    assert bank.customers["customer_id"].to_list()[:2] == ["0", "1"]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo", "+05:30"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_become_utc_whatever_their_zone_and_unit(
    folder: Folder, frames: Frames, zone: str | None, unit: str
) -> None:
    moments = pa.array([datetime(2020, 5, 17, 9, 30, tzinfo=UTC if zone else None)] * frames["call_notes"].height)
    notes = frames["call_notes"].to_arrow().drop_columns("timestamp")
    notes = notes.append_column("timestamp", moments.cast(pa.timestamp(unit, zone)))
    bank = read(folder, frames | {"call_notes": notes}, max_bad_rows=0)
    assert set(bank.notes["timestamp"]) == {datetime(2020, 5, 17, 9, 30)}
    assert bank.notes.schema["timestamp"] == pl.Datetime("us")


def test_what_pandas_calls_missing_is_absent(folder: Folder, frames: Frames) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: it is no dependency of ringsight")
    customers = as_pandas(frames["customers"])
    customers["limit"] = [float("nan"), *range(19)]  # type: ignore[index]
    customers["visits"] = pandas.array([None, *range(19)], dtype="Int64")  # type: ignore[index]
    customers["device_id"] = [float("nan"), *["D"] * 19]  # type: ignore[index]
    customers["joined"] = pandas.Series([pandas.NaT, *[pandas.Timestamp("2020-01-01")] * 19])  # type: ignore[index]
    first = read(folder, frames | {"customers": customers}, max_bad_rows=0).customers.row(0, named=True)
    assert [first[column] for column in ("limit", "visits", "device_id", "joined")] == [None] * 4


@pytest.mark.parametrize("made", ["polars", "pandas", "pyarrow"])
def test_the_frames_stay_as_they_are(folder: Folder, frames: Frames, made: str) -> None:
    given: dict[str, Any] = {table: MADE[made](frame) for table, frame in frames.items()}
    read(folder, given)
    assert all(given[table].equals(MADE[made](frame)) for table, frame in frames.items())


# --- images ----------------------------------------------------------------------------------------------------------


def test_encoded_images_stand_in_the_place_of_their_paths(folder: Folder, frames: Frames, sound_bank: Bank) -> None:
    contents = [(folder.path / path).read_bytes() for path in frames["id_images"]["path"]]
    encoded = frames["id_images"].with_columns(path=pl.Series(contents, dtype=pl.Binary))
    bank = read_frames(**frames | {"id_images": encoded})
    assert bank.id_images.drop("path").equals(sound_bank.id_images.drop("path"))
    assert [(bank.path / path).read_bytes() for path in bank.id_images["path"]] == contents


def test_one_encoded_image_of_many_customers_is_one_file(frames: Frames) -> None:
    images = frames["id_images"].with_columns(path=pl.lit(png()))
    assert read_frames(**frames | {"id_images": images}).id_images["path"].n_unique() == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("id_images/none.jpg", "no such file: 'id_images/none.jpg'"),
        ("../secret.png", "path leaves the folder: '../secret.png'"),
        ("{secret}", "path leaves the folder: '/"),
        ("link.png", "no such file: 'link.png'"),
        ("bank.yaml", "no such file: 'bank.yaml'"),
        ("customers.csv", "no such file: 'customers.csv'"),
        ("\0", "no such file: '\0'"),
        (b"no image", "none of JPEG, PNG, TIFF, BMP, WEBP"),
        (b"", "none of JPEG, PNG, TIFF, BMP, WEBP"),
        (None, "empty"),
    ],
)
def test_an_image_that_cannot_be_used_is_set_aside(
    folder: Folder, frames: Frames, tmp_path: Path, path: object, reason: str
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    (folder.path / "link.png").symlink_to(secret)
    (folder.path / "bank.yaml").write_text("strata: [hobby]")
    if isinstance(path, str):
        path = path.format(secret=secret)
    paths = frames["id_images"]["path"].to_list() if not isinstance(path, bytes) else [png()] * 10
    images = frames["id_images"].with_columns(path=pl.Series([path, *paths[1:]]))
    bank = read(folder, frames | {"id_images": images})
    (aside,) = bank.quarantine.rows()
    assert aside[:3] == ("id_images", 1, "path") and aside[3].startswith(reason)
    assert not (bank.path / "bank.yaml").exists() and secret.exists()


# --- what cannot be used ---------------------------------------------------------------------------------------------


def test_rows_that_cannot_be_used_are_set_aside_by_frame_and_row(folder: Folder, frames: Frames) -> None:
    amounts = frames["transactions"]["amount"].to_list()
    wrong = frames["transactions"].with_columns(amount=pl.Series([*amounts[:2], "many", *amounts[3:]]))
    bank = read(folder, frames | {"transactions": wrong})
    assert bank.quarantine.rows() == [("transactions", 3, "amount", "no finite number: 'many'")]
    assert "transactions: 29 rows used, 1 set aside" in describe(bank)
    with pytest.raises(DataError, match="row 3, amount: no finite number: 'many'") as error:
        read(folder, frames | {"transactions": wrong}, max_bad_rows=0.01)
    assert error.value.where == "the frame transactions"
    assert error.value.remedy == "mend the frame, or allow a larger share: BankConfig(max_bad_rows=0.04)"


def test_a_column_that_is_absent_or_of_the_wrong_type_is_named_with_the_frame(folder: Folder, frames: Frames) -> None:
    renamed = frames["transactions"].rename({"amount": "amounts"})
    with pytest.raises(DataError, match="the required column 'amount' is absent") as error:
        read(folder, frames | {"transactions": renamed})
    assert error.value.where == "the frame transactions"
    assert error.value.remedy == 'map it, by BankConfig(columns={"transactions": {"amount": "amounts"}})'
    mapped = read(folder, frames | {"transactions": renamed}, columns={"transactions": {"amount": "amounts"}})
    assert mapped.transactions["amount"].null_count() == 0
    wrong = frames["transactions"].with_columns(amount=pl.lit(True))
    with pytest.raises(DataError, match="'amount' should hold finite numbers, but it is Boolean") as error:
        read(folder, frames | {"transactions": wrong})
    assert "columns=" in error.value.remedy and str(folder.path.parent) not in str(error.value)


def test_a_frame_that_the_contract_does_not_know_is_refused(frames: Frames) -> None:
    with pytest.raises(DataError, match="'notes' is no table of a bank; the tables are customers, ") as error:
        read_frames(**frames, notes=frames["call_notes"])
    assert "perhaps 'call_notes'" in error.value.remedy


@pytest.mark.parametrize("customers", [{}, {"customers": None}])
def test_a_bank_without_customers_is_refused(frames: Frames, customers: Frames) -> None:
    records = {table: frame for table, frame in frames.items() if table != "customers"}
    with pytest.raises(DataError, match="the frames: no customers"):
        read_frames(**records, **customers)


def test_a_bank_without_records_is_refused(frames: Frames) -> None:
    with pytest.raises(DataError, match="the frames: no transactions, no call_notes and no id_images"):
        read_frames(customers=frames["customers"].drop("device_id"))


@pytest.mark.parametrize("given", [7, {"customer_id": ["C00"]}, [("C00",)]])
def test_what_is_no_frame_is_refused(given: object) -> None:
    with pytest.raises(DataError, match=r"the frame customers: a .* is no data frame"):
        read_frames(customers=given)  # type: ignore[arg-type]


def test_a_column_of_mixed_values_is_refused_by_name(frames: Frames) -> None:
    customers: Any = as_pandas(frames["customers"])
    customers["rating"] = [1, "high"] * 10
    with pytest.raises(DataError, match=r"the frame customers: cannot be taken over .*column rating"):
        read_frames(customers=customers, transactions=frames["transactions"])
    with pytest.raises(DataError, match="the frame customers: cannot be taken over"):
        read_frames(customers=frames["customers"].with_columns(rating=pl.Series([object()] * 20)))


# --- the folder ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_folder_goes_with_the_bank_and_not_before(folder: Folder, frames: Frames) -> None:
    bank = read(folder, frames)
    path, part = bank.path, bank.with_records(
        transactions=bank.transactions.head(1), notes=bank.notes, id_images=bank.id_images
    )  # fmt: skip
    assert str(path) not in repr(bank) and path.stat().st_mode & 0o077 == 0
    del bank
    gc.collect()
    assert (path / part.id_images["path"][0]).is_file()
    del part
    gc.collect()
    assert not path.exists()


@pytest.mark.slow
def test_nothing_is_left_where_the_frames_are_refused(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with pytest.raises(DataError):
        read_frames(customers=frames["customers"].drop("device_id"))
    gc.collect()
    assert list((tmp_path / "scratch").iterdir()) == []

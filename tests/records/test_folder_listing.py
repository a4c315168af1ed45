"""Every file of a bank's folder is used, or ignored for a reason that is said."""

import bz2
import gzip
import io
import os
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import yaml
from bank_folder import Folder, only_fault

from ringsight.errors import DataError, SettingsError
from ringsight.records import plain_files
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.frames import read_frames
from ringsight.records.reading import describe, read_bank
from ringsight.testing import tiny_frames

pytestmark = pytest.mark.slow


def ignored(bank: Bank) -> dict[str, str]:
    assert bank.listing is not None
    return {file.path: file.reason for file in bank.listing.ignored()}


def in_parts(folder: Folder, parts: int = 3, parquet: bool = True) -> None:
    """Put the transactions into a folder of Hive's kind, `transactions/month=1/part-0.parquet`."""
    frame = folder.frame("transactions")
    (folder.path / "transactions.csv").unlink()
    for at in range(parts):
        part = folder.path / "transactions" / f"month={at}" / f"part-0.{'parquet' if parquet else 'csv'}"
        part.parent.mkdir(parents=True)
        rows = frame.gather_every(parts, at)
        rows.write_parquet(part) if parquet else rows.write_csv(part)


def packed(content: bytes, suffix: str) -> bytes:
    match suffix:
        case ".gz":
            return gzip.compress(content)
        case ".bz2":
            return bz2.compress(content)
        case ".zst":
            sink = pa.BufferOutputStream()
            with pa.CompressedOutputStream(sink, "zstd") as stream:
                stream.write(content)
            return bytes(sink.getvalue())
        case _:
            return content


def test_every_file_is_used_or_ignored_for_a_reason(folder: Folder) -> None:
    for name in (
        "readme.pdf",
        "export.zip",
        ".hidden",
        "_SUCCESS",
        "truth/labels.csv",
        "bank.proposed.yaml",
        "log.txt",
    ):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_text("x")
    (folder.path / "id_images" / "nobody.jpg").write_bytes(b"")
    (folder.path / "bank.yaml").write_text("")
    bank = folder.read()
    assert bank.listing is not None
    files = sorted(path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file())
    assert sorted(file.path for file in bank.listing.files) == files
    assert all(bool(file.use) != bool(file.reason) for file in bank.listing.files)
    told = ignored(bank)
    assert told["id_images/nobody.jpg"] == "a picture that no row names"
    assert told["export.zip"] == "packed in a way that is not read: unpack it"
    assert told["truth/labels.csv"] == "the truth, which evaluate alone reads"
    assert {"readme.pdf", ".hidden", "_SUCCESS", "bank.proposed.yaml", "log.txt"} <= set(told)
    said = describe(bank)
    assert all(reason in said for reason in told.values())
    assert bank.listing.used_as("a picture of id_images") == [f"id_images/C{i:02d}.jpg" for i in range(10)]


@pytest.mark.parametrize(
    "name",
    ["Transactions.CSV", "transactions.csv.gz", "TRANSACTIONS.csv.BZ2", "transactions.parquet.zst", "transactions.tsv"],
)
def test_a_table_may_be_packed_and_in_any_case(folder: Folder, sound_bank: Bank, name: str) -> None:
    frame = folder.frame("transactions")
    (folder.path / "transactions.csv").unlink()
    file, content = folder.path / name, io.BytesIO()
    if ".parquet" in name:
        frame.write_parquet(content)
    else:
        frame.write_csv(content, separator="\t" if ".tsv" in name else ",")
    file.write_bytes(packed(content.getvalue(), file.suffix.lower()))
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.equals(sound_bank.transactions)
    assert f"transactions: 30 rows used, 0 set aside, from {name}" in describe(bank)


@pytest.mark.parametrize("parquet", [True, False])
def test_a_folder_of_parts_is_one_table(folder: Folder, sound_bank: Bank, parquet: bool) -> None:
    in_parts(folder, parquet=parquet)
    (folder.path / "transactions" / "_SUCCESS").touch()
    (folder.path / "transactions" / "month=0" / ".part-0.crc").write_bytes(b"x")
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.equals(sound_bank.transactions)
    assert "30 rows used, 0 set aside, from 3 files, transactions/month=0/part-0" in describe(bank)


def test_what_a_folder_says_of_its_rows_is_a_column(folder: Folder) -> None:
    frame = folder.frame("call_notes")
    (folder.path / "call_notes.csv").unlink()
    for agent, rows in (("A%201", frame.head(10)), ("__HIVE_DEFAULT_PARTITION__", frame.slice(10))):
        part = folder.path / "call_notes" / f"agent={agent}" / "0.parquet"
        part.parent.mkdir(parents=True)
        rows.write_parquet(part)
    notes = folder.read(columns={"call_notes": {"agent_id": "agent"}}).notes
    assert notes["agent_id"].cast(pl.String).value_counts(sort=True).rows() == [(None, 20), ("A 1", 10)]


def test_rows_of_parts_are_numbered_in_their_own_file(folder: Folder) -> None:
    in_parts(folder, parquet=False)
    part = folder.path / "transactions" / "month=1" / "part-0.csv"
    header, *lines = part.read_bytes().splitlines()
    customer, _, *rest = lines[3].split(b",")
    part.write_bytes(
        b"\n".join([header, *lines[:3], b"", b",".join([customer, b"never", *rest]), *lines[4:], b"short"])
    )
    bank = folder.read()
    assert bank.quarantine.rows() == [
        ("transactions/month=1/part-0.csv", 5, "timestamp", "no timestamp from 1900 to 2100: 'never'"),
        ("transactions/month=1/part-0.csv", 12, "", "too few cells: 1 instead of 6"),
    ]
    with pytest.raises(DataError, match=r"transactions/month=1/part-0.csv, row 5, timestamp"):
        folder.read(max_bad_rows=0)


def test_ids_are_repeated_across_parts_too(folder: Folder) -> None:
    in_parts(folder)
    for at in (0, 1):
        part = folder.path / "transactions" / f"month={at}" / "part-0.parquet"
        pl.read_parquet(part).with_columns(
            transaction_id=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("T")).otherwise("transaction_id")
        ).write_parquet(part)
    assert only_fault(folder.read())[0::3] == (
        "transactions/month=1/part-0.parquet",
        "repeated id: 'T', the first is kept",
    )


def test_parts_may_have_other_types_and_lack_what_may_be_absent(folder: Folder, sound_bank: Bank) -> None:
    in_parts(folder)
    part = folder.path / "transactions" / "month=2" / "part-0.parquet"
    typed = pl.read_parquet(part).with_columns(pl.col("timestamp").str.to_datetime(), pl.col("amount").cast(pl.Float64))
    typed.drop("category", "memo").write_parquet(part)
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.drop("category").equals(sound_bank.transactions.drop("category"))
    assert bank.transactions["category"].null_count() == 10
    typed.drop("amount").write_parquet(part)
    with pytest.raises(DataError, match=r"month=2/part-0.parquet: lacks the column 'amount'"):
        folder.read()


def test_the_hash_covers_every_part(folder: Folder) -> None:
    in_parts(folder)
    before = folder.read().data_hash
    part = folder.path / "transactions" / "month=2" / "part-0.parquet"
    pl.read_parquet(part).with_columns(memo=pl.lit("other")).write_parquet(part)
    after = folder.read().data_hash
    assert before != after
    (folder.path / "transactions" / "month=2").rename(folder.path / "transactions" / "month=3")
    assert folder.read().data_hash not in (before, after)


def test_the_hash_covers_pictures_behind_a_link_inside_the_folder(folder: Folder) -> None:
    (folder.path / "scans").symlink_to(folder.path / "id_images")
    frame = folder.frame("id_images").with_columns(pl.col("path").str.replace("id_images", "scans"))
    frame.write_csv(folder.path / "id_images.csv")
    before = folder.read(max_bad_rows=0).data_hash
    image = folder.path / "id_images" / "C03.jpg"
    image.write_bytes(image.read_bytes() + b"\0")
    assert folder.read(max_bad_rows=0).data_hash != before


def test_a_table_among_pictures_is_not_the_table_of_the_pictures(folder: Folder, sound_bank: Bank) -> None:
    (folder.path / "id_images" / "index.csv").write_text("a,b\n1,2\n")
    bank = folder.read(max_bad_rows=0)
    assert bank.id_images.equals(sound_bank.id_images)
    assert ignored(bank)["id_images/index.csv"] == "a table, but called like none of a bank's"


# --- files that could be a table -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name"),
    [("call_notes", "notes.csv"), ("transactions", "transaction.csv"), ("transactions", "buchungen.txt")],
)
def test_a_table_of_another_name_is_told_with_its_remedy(
    folder: Folder, sound_bank: Bank, table: str, name: str
) -> None:
    (folder.path / f"{table}.csv").rename(folder.path / name)
    bank = folder.read()
    assert bank.table({"call_notes": "notes"}.get(table, table)).is_empty(), "it is not used in silence"
    assert f"to use it, say in bank.yaml: tables: {{{table}: '{name}'}}" in describe(bank)
    (folder.path / "bank.yaml").write_text(f"tables: {{{table}: '{name}'}}")
    named = folder.read(max_bad_rows=0)
    assert named.notes.equals(sound_bank.notes) and named.transactions.equals(sound_bank.transactions)
    assert name not in ignored(named)


def test_where_nothing_else_is_given_the_error_says_what_lies_there_and_what_to_say(folder: Folder) -> None:
    for table in ("transactions", "id_images"):
        (folder.path / f"{table}.csv").unlink()
    (folder.path / "call_notes.csv").rename(folder.path / "notes.csv")
    with pytest.raises(DataError, match=r"no id_images; found: customers.csv, id_images, notes.csv") as error:
        folder.read()
    told = error.value.remedy.partition("after a look at it:\n")[2].partition("\nOtherwise ")[0]
    assert yaml.safe_load(told)["tables"] == {"call_notes": "notes.csv", "id_images": "id_images/*.jpg"}


def test_customers_of_another_name_are_proposed(folder: Folder) -> None:
    (folder.path / "customers.csv").rename(folder.path / "kunden.csv")
    with pytest.raises(DataError, match=r"no customers\.parquet or customers\.csv") as error:
        folder.read()
    assert "customers: kunden.csv" in error.value.remedy
    assert folder.read(tables={"customers": "kunden.csv"}).customers.height == 20


def test_a_bank_in_a_folder_of_the_folder_is_told(folder: Folder) -> None:
    with pytest.raises(DataError, match="no customers") as error:
        read_bank(BankConfig(path=folder.path.parent))
    assert f"bank.path={folder.path}" in error.value.remedy


def test_files_of_one_pattern_are_proposed_and_read_as_one_table(folder: Folder, sound_bank: Bank) -> None:
    frame = folder.frame("transactions")
    (folder.path / "transactions.csv").unlink()
    for at in range(3):
        frame.gather_every(3, at).write_csv(folder.path / f"tx_2026-0{at}.csv")
    assert "tables: {transactions: 'tx_2026-0*.csv'}" in describe(folder.read())
    assert folder.read(tables={"transactions": "tx_*.csv"}).transactions.equals(sound_bank.transactions)


def test_a_file_that_is_not_there_is_named_with_those_that_are(folder: Folder) -> None:
    with pytest.raises(DataError, match=r"no file 'note.csv', which is to be call_notes") as error:
        folder.read(tables={"call_notes": "note.csv"})
    assert "call_notes.csv" in error.value.remedy


def test_a_folder_and_a_file_of_one_table_are_refused(folder: Folder) -> None:
    folder.frame("transactions").write_csv(folder.path / "x.csv")
    in_parts(folder)
    (folder.path / "x.csv").rename(folder.path / "transactions.csv.gz")
    with pytest.raises(DataError, match="both exist"):
        folder.read()


def test_a_folder_of_two_formats_is_refused(folder: Folder) -> None:
    in_parts(folder)
    folder.frame("call_notes").write_csv(folder.path / "transactions" / "month=1" / "copy.csv")
    with pytest.raises(DataError, match="holds tables in 2 formats"):
        folder.read()


# --- what is hostile -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused(
    folder: Folder, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_files, "LEAST_UNPACKED", 1 << 16)
    content = b"\n".join(folder.lines("transactions")) + b"\n" * (1 << 22)
    (folder.path / "transactions.csv").unlink()
    (folder.path / f"transactions.csv{suffix}").write_bytes(packed(content, suffix))
    with pytest.raises(DataError, match="times its size"):
        folder.read()


@pytest.mark.parametrize("keep", [10, -10])
def test_a_packed_file_that_breaks_off_is_refused(folder: Folder, keep: int) -> None:
    content = gzip.compress(b"\n".join(folder.lines("transactions")))
    (folder.path / "transactions.csv").unlink()
    (folder.path / "transactions.csv.gz").write_bytes(content[:keep])
    with pytest.raises(DataError, match=r"transactions\.csv\.gz"):
        folder.read()


def test_links_to_folders_are_not_followed_and_said_so(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    folder.frame("transactions").write_csv(tmp_path / "outside" / "a.csv")
    (folder.path / "transactions.csv").unlink()
    (folder.path / "transactions").symlink_to(tmp_path / "outside")
    bank = folder.read()
    assert bank.transactions.is_empty()
    assert ignored(bank)["transactions"] == "a link to a folder, which is not followed"


def test_a_name_of_other_bytes_than_utf8_is_told_and_hurts_nobody(folder: Folder) -> None:
    for name in (b"call_notes_\xdcbung.csv", b"\xff.jpg"):
        Path(os.fsdecode(bytes(folder.path) + b"/" + name)).write_bytes(b"x")
    bank = folder.read()
    assert set(ignored(bank).values()) == {"a name that is not UTF-8"}
    describe(bank).encode()


def test_a_pipe_called_like_a_table_stops_nothing(folder: Folder) -> None:
    (folder.path / "transactions.csv").unlink()
    os.mkfifo(folder.path / "transactions.csv")
    assert folder.read().transactions.is_empty()


def test_a_table_whose_log_says_which_files_count_is_refused(folder: Folder) -> None:
    in_parts(folder)
    (folder.path / "transactions" / "_delta_log").mkdir()
    (folder.path / "transactions" / "_delta_log" / "0.json").write_text("{}")
    with pytest.raises(DataError, match="is a table of Delta Lake"):
        folder.read()


# --- spreadsheets ----------------------------------------------------------------------------------------------------


def test_without_what_reads_spreadsheets_the_error_says_what_to_install(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "transactions.csv").rename(folder.path / "transactions.xlsx")
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(SettingsError, match=r"ringsight\[excel\]"):
        folder.read()


def sheet_of(frame: pl.DataFrame) -> bytes:
    """A spreadsheet of the newer kind: text, numbers, and moments as days since 30 December 1899."""

    def cell(value: object) -> str:
        if isinstance(value, datetime):
            return f'<c s="1"><v>{(value - datetime(1899, 12, 30)) / timedelta(days=1)}</v></c>'
        if isinstance(value, float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = "http://schemas.openxmlformats.org/package/2006/relationships"
    rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in (frame.columns, *frame.rows()))
    formats = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
    links = {"officeDocument": "xl/workbook.xml", "worksheet": "worksheets/sheet1.xml", "styles": "styles.xml"}
    relation = {
        kind: f'<Relationship Id="{kind}" Type="{office}/{kind}" Target="{target}"/>' for kind, target in links.items()
    }
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{related}">{relation["officeDocument"]}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{related}">{relation["worksheet"]}{relation["styles"]}'
        "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{formats}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packing:
        for name, text in files.items():
            packing.writestr(name, text)
    return content.getvalue()


def test_a_spreadsheet_is_a_table(folder: Folder, sound_bank: Bank) -> None:
    pytest.importorskip("fastexcel")
    typed = folder.frame("transactions").with_columns(
        pl.col("timestamp").str.to_datetime(), pl.col("amount").cast(pl.Float64)
    )
    (folder.path / "transactions.csv").unlink()
    (folder.path / "Transactions.xlsx").write_bytes(sheet_of(typed))
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.drop("timestamp").equals(sound_bank.transactions.drop("timestamp"))
    apart = (bank.transactions["timestamp"] - sound_bank.transactions["timestamp"]).dt.total_milliseconds()
    assert apart.abs().max() == 0


def test_what_is_no_spreadsheet_is_refused(folder: Folder) -> None:
    pytest.importorskip("fastexcel")
    (folder.path / "transactions.csv").rename(folder.path / "transactions.xlsx")
    with pytest.raises(DataError, match="not readable as a spreadsheet"):
        folder.read()


# --- quarantine ------------------------------------------------------------------------------------------------------


def test_frames_have_no_other_files(tmp_path: Path) -> None:
    bank = read_frames(BankConfig(path=tmp_path), tiny_frames())
    assert ignored(bank) == {}
    assert "transactions: 30 rows used, 0 set aside\n" in describe(bank)


def test_a_description_stays_short_whatever_lies_there(folder: Folder) -> None:
    for at in range(300):
        (folder.path / f"f{at}").mkdir()
        (folder.path / f"f{at}" / "x.log").touch()
        (folder.path / f"more{at}.log").touch()
    said = describe(folder.read()).splitlines()
    assert len(said) < 40
    assert any("600 files, f0/x.log the first (neither a table nor a picture)" in line for line in said)

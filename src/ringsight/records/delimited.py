"""CSV as banks export it: ragged rows, stray bytes and blank lines, each with its row number, at Arrow's speed."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from ringsight.errors import DataError
from ringsight.records.quarantine import FAULTS, ROW, quoted

BLOCK = 1 << 24
"""Bytes read at once; also the longest row that can be read."""
STRAY = {byte: chr(0xF700 + byte) for byte in range(0x80, 0x100)}
"""A byte that is not UTF-8 is held as a private-use character until its row is set aside."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row with too many or too few cells."""

    row: int
    reason: str
    multiline: bool


def csv_header(path: Path, sign: str = ",", where: str = "") -> list[str]:
    """Read the column names of a file whose cells are parted by `sign`; errors name it as `where`.

    Raises:
        DataError: if the file has no header, the header is not UTF-8, or a name stands in it twice.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            names = next(csv.reader(file, delimiter=sign), [])
        "".join(names).encode("utf-8")  # fails on what was no UTF-8
    except (UnicodeEncodeError, csv.Error) as error:
        remedy = "save the file as UTF-8, or say in bank.yaml which encoding it has"
        raise DataError("the header is not UTF-8 text", where=where or str(path), remedy=remedy) from error
    if any("\0" in name for name in names):
        remedy = "save the file as UTF-8, or say in bank.yaml which encoding it has"
        raise DataError("the header holds NUL characters, as UTF-16 does", where=where or str(path), remedy=remedy)
    if not names:
        remedy = "begin it with a line of column names"
        raise DataError("the file has no header", where=where or str(path), remedy=remedy)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(
            f"the column {twice[0]!r} stands in the header twice", where=where or str(path), remedy="rename one"
        )
    return names


def read_csv(path: Path, select: list[pl.Expr], sign: str = ",", where: str = "") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a delimited file with a header, in UTF-8 with or without a byte-order mark.

    Args:
        path: the file.
        select: what to take of the file's columns, all of them strings; empty cells are null.
        sign: the delimiter.
        where: what errors call the file; by default its path.

    Returns:
        `select` and `ROW` of the rows that can be read, and the faults of those
        that cannot: too many or too few cells, bytes that are not UTF-8.
        Lines that are blank or have empty cells only are passed over, but counted.

    Raises:
        DataError: if the file is not CSV, or a quotation mark never closes.
    """
    names = csv_header(path, sign, where)
    mended = None if is_utf8(path) else _mended(path)
    ragged: list[Ragged] = []
    nothing = pl.DataFrame(schema=dict.fromkeys(names, pl.String)).with_columns(pl.lit(0, pl.UInt32).alias(ROW))
    batches = [nothing.select(*select, ROW)]
    faults = [pl.DataFrame(schema=FAULTS)]
    even, multiline = 0, False  # rows with the right number of cells so far; whether the last of them spans lines
    for cells in _batches(path if mended is None else mended, names, ragged, sign, where or str(path)):
        rows = cells.with_columns(pl.int_range(even, even + cells.height, dtype=pl.UInt32).alias(ROW))
        even += cells.height
        multiline = "\n" in (cells[names[-1]][-1] or "")
        if mended is not None:
            rows, found = _without_stray_bytes(rows, names)
            faults.append(found)
        batches.append(rows.filter(pl.any_horizontal(pl.col(names).is_not_null())).select(*select, ROW))
    total = even + len(ragged)
    if ragged and ragged[-1].row == total:
        multiline = ragged[-1].multiline
    if multiline:
        _refuse_open_quotation(path, f"{where or path}, row {total}")
    numbers = pl.Series(np.delete(np.arange(1, total + 1, dtype=np.uint32), [fault.row - 1 for fault in ragged]))
    uneven = pl.DataFrame([(fault.row, "", fault.reason) for fault in ragged], schema=FAULTS, orient="row")
    stray = _numbered(pl.concat(faults), "row", numbers)
    return _numbered(pl.concat(batches), ROW, numbers), pl.concat([uneven, stray])


def _numbered(rows: pl.DataFrame, column: str, numbers: pl.Series) -> pl.DataFrame:
    """Put for the position among the even rows the row's number in the file."""
    return rows.with_columns(numbers.gather(rows[column]).alias(column))


def _batches(
    content: Path | bytes, names: list[str], ragged: list[Ragged], sign: str, where: str
) -> Iterator[pl.DataFrame]:
    """Give the even rows as strings, block by block, and append the others to `ragged`."""

    def note(row: pc.InvalidRow) -> str:
        how = "many" if row.actual_columns > row.expected_columns else "few"
        reason = f"too {how} cells: {row.actual_columns} instead of {row.expected_columns}"
        ragged.append(Ragged(row.number - 1, reason, "\n" in row.text))  # Arrow counts the header as row 1
        return "skip"

    source = str(content) if isinstance(content, Path) else pa.BufferReader(content)
    try:
        reader = pc.open_csv(
            source,
            read_options=pc.ReadOptions(use_threads=False, block_size=BLOCK),  # with threads, rows have no numbers
            parse_options=pc.ParseOptions(
                delimiter=sign, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
        for batch in reader:
            if batch.num_rows:
                yield pl.DataFrame(batch)
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):  # a header without a line end is all there is
            raise DataError(
                f"not readable as CSV ({error})",
                where=where,
                remedy=f"look for a quotation mark that never closes, or a row longer than {BLOCK >> 20} MiB",
            ) from error


def is_utf8(path: Path) -> bool:
    """Whether the whole of a file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _mended(path: Path) -> bytes:
    """Give the whole file with each stray byte as its private-use character, so that Arrow can read it."""
    text = path.read_bytes().decode("utf-8", errors="surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda match: STRAY[ord(match[0]) - 0xDC00], text).encode("utf-8")


def _without_stray_bytes(rows: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split off the rows with a stray byte, as faults that show its hexadecimal value."""
    shown = {character: f"\\x{byte:02x}" for byte, character in STRAY.items()}
    faults = [pl.DataFrame(schema=FAULTS)]
    for name in names:
        bad = rows[name].str.contains(f"[{STRAY[0x80]}-{STRAY[0xFF]}]").fill_null(False)
        value = quoted(pl.col(name).str.replace_many(shown))
        fault = rows.filter(bad).select(row=ROW, column=pl.lit(name), reason=pl.format("not UTF-8: {}", value))
        faults.append(fault)
        rows = rows.filter(~bad)
    return rows, pl.concat(faults)


def _refuse_open_quotation(path: Path, where: str) -> None:
    """Refuse a last row of several lines, unless the file ends with the quotation mark that closes it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - BLOCK))
        end = file.read()
    if not end.rstrip().endswith(b'"'):
        raise DataError(
            "a quotation mark opens and never closes, and swallows the rest of the file",
            where=where,
            remedy="close it, or write a literal quotation mark twice",
        )

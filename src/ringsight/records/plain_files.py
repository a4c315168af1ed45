"""A bank's files in a form that can be read at Arrow's speed: unpacked, in UTF-8, without lines above or below."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa

from ringsight.errors import DataError, SettingsError
from ringsight.records.dialect import Dialect
from ringsight.records.writing import TemporaryFolder

PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""Suffix of a packed file -> how Arrow calls the packing."""
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
DELIMITED = (".csv", ".tsv")
BLOCK = 1 << 20
"""Bytes written at once."""
KEPT_LINES = 1000
"""Lines held back, for they may be among the last."""
LEAST_UNPACKED = 64 << 20
"""Bytes that any packed file may unpack to."""
MOST_RATIO = 200
"""Times its own size that a larger one may unpack to; what unpacks to more was made to flood whoever opens it."""


def suffix_of(path: Path) -> str:
    """The suffix of a file in lower case, without the one that says how it is packed."""
    return _inside(path).suffix.lower()


class PlainFiles:
    """The plain form of each file of a bank that has been asked for; the copies go with this object."""

    def __init__(self) -> None:
        """Begin without copies."""
        self._folder: TemporaryFolder | None = None
        self._known: dict[tuple[Path, str], Path] = {}

    def of(self, path: Path, dialect: Dialect) -> Path:
        """A file to read instead of `path`: Parquet where its suffix is .parquet, else delimited text in UTF-8.

        It is `path` itself wherever that will do. Bytes that are none of UTF-8 stay as they are.

        Raises:
            DataError: if the file cannot be unpacked or decoded, or would unpack to far more than its size.
            SettingsError: if it is a spreadsheet, and what reads spreadsheets is not installed.
        """
        told = (path, f"{dialect.encoding} {dialect.lines_above} {dialect.lines_below}")
        if told not in self._known:
            self._known[told] = self._made(path, dialect)
        return self._known[told]

    def derived(self, rows: pl.DataFrame) -> Path:
        """A file with rows that stand in none of the bank's."""
        copy = self._next(".parquet")
        rows.write_parquet(copy)
        return copy

    def _made(self, path: Path, dialect: Dialect) -> Path:
        plain, suffix = path, suffix_of(path)
        if packing := PACKED.get(path.suffix.lower()):
            plain = _written(self._next(suffix), _unpacked(path, packing))
        if suffix in PARQUET:
            return plain if plain.suffix == ".parquet" else _renamed(plain, self._next(".parquet"))
        if suffix in EXCEL:
            return self._of_spreadsheet(path, plain, dialect)
        if not _is_utf8(dialect.encoding):
            plain = _written(self._next(suffix), _decoded(path, plain, dialect.encoding))
        if dialect.lines_above or dialect.lines_below:
            plain = _written(self._next(suffix), _without_lines(plain, dialect.lines_above, dialect.lines_below))
        return plain

    def _of_spreadsheet(self, path: Path, plain: Path, dialect: Dialect) -> Path:
        """The first sheet, all cells as text, as Parquet."""
        _refuse_flood(path, plain)
        try:
            import fastexcel
        except ImportError as error:
            raise SettingsError(
                "is a spreadsheet, and what reads spreadsheets is not installed",
                where=str(path),
                remedy="pip install 'ringsight[excel]', or save it as CSV",
            ) from error
        copy = self._next(".parquet")
        try:
            sheet = fastexcel.read_excel(str(plain)).load_sheet(0, header_row=dialect.lines_above, dtypes="string")
            sheet.to_polars().head(sheet.height - dialect.lines_below).write_parquet(copy)
        except (fastexcel.FastExcelError, OSError) as error:
            told = str(error).splitlines()[0][:200]
            raise DataError(
                f"not readable as a spreadsheet ({told})", where=str(path), remedy="save it as CSV"
            ) from error
        return copy

    def _next(self, suffix: str) -> Path:
        """Where the next copy goes."""
        if self._folder is None:
            self._folder = TemporaryFolder()
        return self._folder.path / f"{len(list(self._folder.path.iterdir()))}{suffix}"


def _inside(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def _written(copy: Path, blocks: Iterator[bytes]) -> Path:
    with copy.open("wb") as file:
        file.writelines(blocks)
    return copy


def _renamed(plain: Path, link: Path) -> Path:
    """The same file under a name that ends in .parquet."""
    link.symlink_to(plain.resolve())
    return link


def _unpacked(path: Path, packing: str) -> Iterator[bytes]:
    bound = max(LEAST_UNPACKED, MOST_RATIO * path.stat().st_size)
    size = 0
    try:
        with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, packing) as stream:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > bound:
                    raise _flood(path, bound)
                yield block
    except (OSError, pa.ArrowException) as error:
        told = str(error).splitlines()[0][:200]
        raise DataError(
            f"cannot be unpacked ({told})", where=str(path), remedy="pack it again, or not at all"
        ) from error


def _refuse_flood(path: Path, plain: Path) -> None:
    """Refuse a spreadsheet, which is a zip file, that says it unpacks to far more than its size."""
    bound = max(LEAST_UNPACKED, MOST_RATIO * plain.stat().st_size)
    try:
        with zipfile.ZipFile(plain) as packed:
            size = sum(each.file_size for each in packed.infolist())
    except zipfile.BadZipFile:  # of an older format, which packs nothing
        return
    if size > bound:
        raise _flood(path, bound)


def _flood(path: Path, bound: int) -> DataError:
    return DataError(
        f"unpacks to more than {bound >> 20:,} MiB, {MOST_RATIO} times its size",
        where=str(path),
        remedy="if you trust it, unpack it yourself",
    )


def _decoded(path: Path, plain: Path, encoding: str) -> Iterator[bytes]:
    try:
        with plain.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            while text := file.read(BLOCK):
                yield text.encode("utf-8", errors="surrogateescape")
    except UnicodeError as error:
        raise DataError(
            f"not readable as {encoding} text ({error})",
            where=str(path),
            remedy="say in which encoding it is: dialects, encoding in bank.yaml",
        ) from error


def _without_lines(plain: Path, above: int, below: int) -> Iterator[bytes]:
    """The file without so many lines at its beginning and its end; blank ones at the end do not count."""
    with plain.open("rb") as file:
        for _ in range(above):
            file.readline()
        waiting: list[bytes] = []
        blank: list[bytes] = []
        for line in file:
            blank.append(line)
            if line.strip():
                waiting += blank
                blank = []
            if len(waiting) > below + 2 * KEPT_LINES:
                yield b"".join(waiting[:KEPT_LINES])
                del waiting[:KEPT_LINES]
        while below and waiting:
            below -= bool(waiting.pop().strip())
        yield b"".join(waiting)

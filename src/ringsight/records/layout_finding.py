"""How a delimited file is laid out: encoding, delimiter, and the lines above its header and below its rows."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ringsight.records.plain_files import PACKED

HEAD = 1 << 18
"""Bytes looked at, at the beginning."""
TAIL = 1 << 12
"""Bytes looked at, at the end."""
ROWS = 100
"""Rows looked at."""
SIGNS = (",", ";", "\t", "|")
"""Delimiters to try."""
MOST_BELOW = 5
"""Lines at the end that may be totals."""
TOTALS = re.compile(
    r"\W*(total|sum|summe|gesamt|insgesamt|saldo|endsaldo|somme|suma|totale|count|anzahl|rows|end of)", re.I
)
"""What a line of totals begins with."""


@dataclass(frozen=True, slots=True)
class FoundLayout:
    """How a file seems to be laid out."""

    encoding: str
    sign: str
    """The delimiter."""
    names: list[str]
    """The cells of its header."""
    lines_above: int
    lines_below: int


def found_layout(head: bytes, tail: bytes, known: Collection[str], encoding: str | None = None) -> FoundLayout:
    """Find the layout of a file from its beginning and its end.

    Args:
        head: its first bytes, unpacked.
        tail: its last bytes, or none.
        known: names that its header may have, in lower case: the header is the row with most of them.
        encoding: where it is known.
    """
    encoding = encoding or found_encoding(head)
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    found = [_parted(text, sign, known) for sign in SIGNS]
    _, _, sign, names, above = max(found, key=lambda each: each[:2])
    end = tail.decode(encoding if tail and len(tail) % 2 == 0 else "latin-1", errors="replace")
    return FoundLayout(encoding, sign, names, above, _below(end, sign, len(names)) if names else 0)


def found_encoding(content: bytes) -> str:
    """The encoding that bytes seem to be in; of those with one byte a letter, the one of Windows in western Europe."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    zeros = Counter(at % 2 for at, byte in enumerate(content[:4096]) if byte == 0)
    if sum(zeros.values()) > len(content[:4096]) / 5:
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        try:
            content.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def head_of(path: Path) -> bytes:
    """The first bytes of a file, unpacked; fewer where it cannot be unpacked."""
    try:
        if packing := PACKED.get(path.suffix.lower()):
            with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, packing) as stream:
                return bytes(stream.read(HEAD))
        with path.open("rb") as file:
            return file.read(HEAD)
    except (OSError, pa.ArrowException):
        return b""


def tail_of(path: Path) -> bytes:
    """The last bytes of a file that is not packed."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read()


def _parted(text: str, sign: str, known: Collection[str]) -> tuple[int, float, str, list[str], int]:
    """How well a delimiter parts the rows: known names in the header, regular rows; then sign, header, lines above."""
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text), delimiter=sign)
    try:
        before = 0
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before, cells))
            before = reader.line_num
            if len(rows) == ROWS:
                break
    except csv.Error:
        pass
    if not rows:
        return 0, 0.0, sign, [], 0
    hits = [sum(cell.strip().casefold() in known for cell in cells) for _, cells in rows[:20]]
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    regular = sum(len(cells) == width for _, cells in rows) / len(rows) if width > 1 else 0.0
    widths = [len(cells) == width for _, cells in rows]
    at = hits.index(max(hits)) if max(hits) > 1 else widths.index(True)
    above, names = rows[at]
    return max(hits), regular, sign, [name.strip() for name in names], above


def _below(end: str, sign: str, width: int) -> int:
    """How many of the last lines are no rows: they begin like totals, or have no more than a cell or two."""
    lines = [line for line in end.splitlines()[1:] if line.strip()]
    count = 0
    for line in reversed(lines[-MOST_BELOW:]):
        cells = next(csv.reader([line], delimiter=sign), [])
        totals = any(TOTALS.match(cell) for cell in cells[:3])
        if not (totals and (len(cells) != width or not all(cell.strip() for cell in cells))):
            break
        count += 1
    return count

"""Files that are no table of a bank by their name, and could be one by their header."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import polars as pl

from ringsight.errors import RingsightError
from ringsight.records import contract
from ringsight.records.contract import CUSTOMERS, Table
from ringsight.records.dialect import Dialect
from ringsight.records.layout_finding import found_layout, head_of
from ringsight.records.plain_files import EXCEL, PARQUET, PlainFiles, suffix_of

MOST_OPENED = 200
"""Files whose header is looked at."""
LIKE = 0.75
"""Likeness of a file's name to a table's, from which on most of its columns suffice."""


@dataclass(frozen=True, slots=True)
class LikelyTable:
    """A file that could be a table."""

    path: str
    """From the bank's folder on."""
    table: str
    names: tuple[str, ...]
    """The columns that it has of the table's needed ones."""
    together: str
    """A pattern for all files that could be this table; the path, where it is the only one."""

    def reason(self, given: Collection[str]) -> str:
        """Why it is ignored, and what to say so that it is not."""
        known = f"looks like {self.table}, for it has {', '.join(self.names)}"
        if self.table in given:
            return f"{known}, but other files are that already; to take others, say tables: in bank.yaml"
        return f"{known}; to use it, say in bank.yaml: tables: {{{self.table}: {self.together!r}}}"


def likely_tables(folder: Path, paths: list[str]) -> list[LikelyTable]:
    """The files that could be a table: they have all its needed columns, or are called alike and have most of them."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for path in paths[:MOST_OPENED]:
        names = {name.strip().casefold() for name in header_of(folder / path)}
        fits = [
            (table, [column for column in _telling(table) if column in names]) for table in contract.tables().values()
        ]
        likely = [(len(have), table.name, have) for table, have in fits if _is_likely(path, table, have)]
        if likely:
            _, table, have = max(likely, key=lambda each: each[0])
            found.append((path, table, tuple(have)))
    alike = {table: [path for path, other, _ in found if other == table] for _, table, _ in found}
    return [LikelyTable(path, table, have, _pattern(alike[table], paths)) for path, table, have in found]


def header_of(path: Path) -> list[str]:
    """The names of a file's columns as they seem to be; empty where it cannot be read."""
    suffix = suffix_of(path)
    known = {column for table in contract.tables().values() for column in table.columns}
    try:
        if suffix in (*PARQUET, *EXCEL):
            return list(pl.scan_parquet(PlainFiles().of(path, Dialect()), glob=False).collect_schema())
        return found_layout(head_of(path), b"", known).names
    except (RingsightError, pl.exceptions.PolarsError, OSError, UnicodeError):
        return []


def _is_likely(path: str, table: Table, have: list[str]) -> bool:
    """Whether so many of a table's needed columns, and such a name, make a file likely to be that table."""
    telling = len(_telling(table))
    if table is CUSTOMERS and len(have) < telling and not _called_like(path, table):
        return False
    enough = telling if not _called_like(path, table) else (telling + 1) // 2
    return len(have) >= enough


def _telling(table: Table) -> list[str]:
    """Columns by which a file is taken for the table; an id alone tells nothing of customers."""
    return [*table.required, *(table.optional if table is CUSTOMERS else ())]


def _called_like(path: str, table: Table) -> bool:
    stem = Path(path).name.split(".")[0].lower()
    return SequenceMatcher(None, stem, table.name).ratio() >= LIKE


def _pattern(paths: list[str], others: list[str]) -> str:
    """One pattern for several files of a folder, if it fits them alone; else the first of them."""
    folders = {Path(path).parent for path in paths}
    if len(paths) > 1 and len(folders) == 1:
        first = _common(paths)
        last = _common([path[::-1] for path in paths])[::-1]
        fits = [path for path in others if path.startswith(first) and path.endswith(last)]
        if first and fits == paths:
            return f"{first}*{last}"
    return paths[0]


def _common(texts: list[str]) -> str:
    """What all texts begin with."""
    size = next((at for at, signs in enumerate(zip(*texts, strict=False)) if len(set(signs)) > 1), min(map(len, texts)))
    return texts[0][:size]

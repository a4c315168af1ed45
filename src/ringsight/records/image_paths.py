"""Paths of images as a bank writes them, with other separators, or from another machine's drive on."""

from collections import Counter
from collections.abc import Collection
from typing import Any

import polars as pl

from ringsight.records.dialect import Dialect

LOOKED_AT = 2000
"""Paths that are looked at."""


def plain_paths(paths: pl.Expr, dialect: Dialect) -> pl.Expr:
    """Paths from the bank's folder on, parted by slashes."""
    paths = paths.cast(pl.String)
    if dialect.path_prefix:
        paths = paths.str.strip_prefix(dialect.path_prefix)
    return paths.str.replace_all("\\", "/", literal=True) if dialect.path_separator == "\\" else paths


def found_paths(paths: pl.Series, files: Collection[str]) -> dict[str, Any]:
    """What of a dialect would make paths meet files: `path_separator`, `path_prefix`; empty where nothing more would.

    Args:
        paths: as the bank gave them.
        files: of its folder, from there on.
    """
    given = paths.drop_nulls().unique(maintain_order=True).head(LOOKED_AT).to_list()
    there = set(files)
    before = sum(path in there for path in given)
    best: tuple[int, dict[str, Any]] = (before, {})
    for separator in ("/", "\\"):
        said = {} if separator == "/" else {"path_separator": separator}
        prefixes = Counter(
            prefix for path in given for prefix in [_prefix(path, separator, there)] if prefix is not None
        )
        for prefix, met in prefixes.most_common(1):
            if met > best[0]:
                best = (met, said | ({"path_prefix": prefix} if prefix else {}))
    return best[1]


def _prefix(path: str, separator: str, there: set[str]) -> str | None:
    """What stands before the part of a path that is a file of the bank's; None where no part is."""
    parts = path.split(separator)
    for at in range(len(parts)):
        if "/".join(parts[at:]) in there:
            return "".join(part + separator for part in parts[:at])
    return None

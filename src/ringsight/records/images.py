"""ID images on disk: which of them can be used."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from ringsight.records.fingerprints import Fingerprints
from ringsight.records.opened_pictures import path_fault
from ringsight.records.picture_openers import openers
from ringsight.records.quarantine import Sieve, quoted


def check_images(sieve: Sieve, column: str, folder: Path, max_pixels: int, files: Fingerprints) -> None:
    """Set aside the rows whose path in `column` is no usable image inside `folder`; each path is opened once."""
    paths = sieve.rows[column].unique().sort()
    with ThreadPoolExecutor(openers().count) as pool:
        faults = list(pool.map(lambda path: _image_fault(folder, path, max_pixels, files), paths))
    reasons = sieve.rows[column].replace_strict(paths, faults, return_dtype=pl.String)
    sieve.rows = sieve.rows.with_columns(reason=reasons)
    sieve.set_aside(reasons.is_not_null(), column, pl.format("{}: {}", "reason", quoted(pl.col(column))))
    sieve.rows = sieve.rows.drop("reason")


def _image_fault(folder: Path, path: str, max_pixels: int, files: Fingerprints) -> str | None:
    """Why an image cannot be used, or None; one that `files` knows as it is now is not opened again."""
    fault = path_fault(folder, path)
    if fault is not None:
        return fault
    try:
        return files.image_fault(path, max_pixels)
    except OSError:  # gone since
        return "no such file"

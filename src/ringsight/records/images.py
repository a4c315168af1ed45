"""ID images on disk: which of them can be opened, without leaving the folder and without being flooded."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
from PIL import Image, UnidentifiedImageError

from ringsight.records.fingerprints import Fingerprints
from ringsight.records.quarantine import Sieve, quoted

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
"""Formats that are opened; the others that Pillow knows include some that run programs."""


def check_images(sieve: Sieve, column: str, folder: Path, max_pixels: int, files: Fingerprints) -> None:
    """Set aside the rows whose path in `column` is no usable image inside `folder`; each path is opened once."""
    paths = sieve.rows[column].unique().sort()
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # max_pixels decides, not Pillow's threshold
        faults = list(pool.map(lambda path: image_fault(folder, path, max_pixels, files), paths))
    reasons = sieve.rows[column].replace_strict(paths, faults, return_dtype=pl.String)
    sieve.rows = sieve.rows.with_columns(reason=reasons)
    sieve.set_aside(reasons.is_not_null(), column, pl.format("{}: {}", "reason", quoted(pl.col(column))))
    sieve.rows = sieve.rows.drop("reason")


def image_fault(folder: Path, path: str, max_pixels: int, files: Fingerprints | None = None) -> str | None:
    """Why the image at `path`, relative to `folder`, cannot be used, or None.

    The size is judged by the header alone; only an image within `max_pixels` is decoded, a JPEG at an eighth
    of its size, which finds files that break off. One that `files` knows as it is now is not opened again.
    """
    try:
        full = (folder / path).resolve()
        if Path(path).is_absolute() or ".." in Path(path).parts or not full.is_relative_to(folder.resolve()):
            return "path leaves the folder"
        if not full.is_file():
            return "no such file"
        if files is None:
            return _content_fault(full, max_pixels)
        return files.image_fault(path, max_pixels, lambda: _content_fault(full, max_pixels))
    except (OSError, ValueError):  # a name that no file can have
        return "no such file"


def _content_fault(path: Path, max_pixels: int) -> str | None:
    """Judge an existing file."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height <= max_pixels:
                image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
                image.load()
                return None
    except Image.DecompressionBombError:
        pass
    except UnidentifiedImageError:
        return f"none of {', '.join(FORMATS)}"
    except (OSError, SyntaxError, ValueError):
        return "damaged image"
    return f"more than {max_pixels} pixels"

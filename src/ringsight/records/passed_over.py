"""Records that are there and say nothing: they make no vector, as if they were absent, and are counted.

A blank scan is as like every other blank scan as a picture is like itself, and so is the notice "no document on file".
A space would take either for a trace that many customers have in common.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.fingerprints import Fingerprints
from ringsight.records.opened_pictures import SKETCH

PASSED_OVER = {"modality": pl.String, "record": pl.String, "reason": pl.String}
"""Columns of a table of records that are passed over; `record` is the id in the modality's table."""
KEYS = {"notes": "note_id", "id_images": "image_id"}
"""Modality -> column of the record's id, of those whose records can be passed over."""
SHOWS_NOTHING = "a picture that shows nothing"
SAME = 2.0
"""Grey levels of 255: two sketches that differ by no more, as a root mean square, are of one picture. Copies that were
compressed anew or made smaller differ by less than 1; the nearest two cards of a synthetic bank of 1,000 by 3.8."""
STEP, OFFSETS = 16, range(0, 16, 2)
"""Sketches are looked for in cells of so many grey levels, in each of these grids: two of one picture share a cell in
one of them at least, for each of the six parts by which cells are told lies at the edge in one grid at most."""
CENTRES = 512
"""Sketches of one cell that are tried as the one that others are copies of, those of most pictures first."""


def silent_pictures(
    images: pl.DataFrame, files: Fingerprints, least_contrast: float, most_carriers: int
) -> pl.DataFrame:
    """Find the pictures that show nothing, and those that stand for a missing one.

    A placeholder is one picture on more customers than `most_carriers`. The bound has to lie above any ring: a true one
    may share a forged picture among twelve accounts, seldom twenty, and what is larger than `detect.largest` is not
    judged as a ring but listed apart, so that little is lost there; a placeholder sits on a share of the whole bank.
    What is passed over is said, with how many customers have it, for it may be a ring of rings all the same.

    Args:
        images: of a bank; each was judged and can be used.
        files: their sketches.
        least_contrast: grey levels of 255 by which the parts of a picture must vary; their standard deviation.
        most_carriers: bound on the customers who have one picture.

    Returns:
        Columns of `PASSED_OVER`, sorted by record.
    """
    paths = images["path"].unique().sort() if len(images) else pl.Series(dtype=pl.String)
    sketches = {path: sketch for path in paths if (sketch := files.sketch(path)) is not None}
    if not sketches:
        return pl.DataFrame(schema=PASSED_OVER)
    levels = np.array([np.frombuffer(sketch, np.uint8) for sketch in sketches.values()], dtype=np.float32)
    blank = levels.std(axis=1) < least_contrast
    number = {path: row for row, path in enumerate(sketches)}
    shown = images.filter(pl.col("path").is_in(list(sketches))).select(
        pl.col("image_id").cast(pl.String), "customer_id", picture=pl.col("path").replace_strict(number)
    )
    seen = shown.filter(~pl.col("picture").is_in(np.flatnonzero(blank)))
    carriers = _carriers(levels, seen, most_carriers)
    reasons = [
        SHOWS_NOTHING if nothing else f"one picture on {count:,} customers" if count else ""
        for nothing, count in zip(blank, carriers, strict=True)
    ]
    told = pl.Series(reasons, dtype=pl.String)
    silent = shown.with_columns(reason=told.gather(shown["picture"])).filter(pl.col("reason") != "")
    columns = {"modality": pl.lit("id_images"), "record": pl.col("image_id"), "reason": pl.col("reason")}
    return silent.select(**columns).cast(PASSED_OVER).sort("record")  # type: ignore[arg-type]


def counted(passed_over: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How many records of each modality are passed over, by reason; both sorted."""
    rows = passed_over.group_by("modality", "reason").agg(pl.len()).sort("modality", "reason")
    counts: dict[str, dict[str, int]] = {}
    for modality, reason, number in rows.iter_rows():
        counts.setdefault(modality, {})[reason] = number
    return counts


def telling(records: Mapping[str, pl.DataFrame], passed_over: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The records of each modality without those that are passed over."""
    left = dict(records)
    for (modality,), silent in passed_over.group_by("modality", maintain_order=True):
        key = pl.col(KEYS[str(modality)]).cast(pl.String)
        left[str(modality)] = left[str(modality)].filter(~key.is_in(silent["record"].implode()))
    return left


def _carriers(levels: NDArray[np.float32], seen: pl.DataFrame, most: int) -> NDArray[np.int64]:
    """For each picture that is a copy of one on more than `most` customers, on how many; 0 for others."""
    found = np.zeros(len(levels), dtype=np.int64)
    owner = np.unique(seen["customer_id"].cast(pl.String).to_numpy(), return_inverse=True)[1]
    picture = seen["picture"].to_numpy()
    parts = levels.reshape(len(levels), 2, SKETCH[1] // 2, 3, SKETCH[0] // 3).mean(axis=(2, 4)).reshape(-1, 6)
    for offset in OFFSETS:
        left = found[picture] == 0
        cells = np.unique((parts[picture] + offset) // STEP, axis=0, return_inverse=True)[1].ravel()
        for cell in np.flatnonzero(np.bincount(cells[left]) > most):
            rows = np.flatnonzero(left & (cells == cell))
            _mark_copies(found, levels, picture[rows], owner[rows], most)
    return found


def _mark_copies(
    found: NDArray[np.int64],
    levels: NDArray[np.float32],
    picture: NDArray[np.int64],
    owner: NDArray[np.int64],
    most: int,
) -> None:
    """Mark the copies of one picture after another in `found`, as long as one is on more than `most` customers.

    Args:
        found: by picture; changed in place.
        levels: sketches, by picture.
        picture: of each record of one cell.
        owner: of each record.
        most: bound.
    """
    sketches, kind, times = np.unique(levels[picture], axis=0, return_inverse=True, return_counts=True)
    kind = kind.ravel()
    for centre in np.argsort(-times, kind="stable")[:CENTRES]:
        alike = np.sqrt(np.square(sketches - sketches[centre]).mean(axis=1)) <= SAME
        copies = alike[kind] & (found[picture] == 0)
        carriers = len(np.unique(owner[copies]))
        if carriers > most:
            found[picture[copies]] = carriers

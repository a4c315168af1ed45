"""ID images of two customers: the regions that look alike, and how usual that is in the bank.

Both images are made grey and brought to one small size; the second is laid over the first where they fit best, and
each cell of a grid is compared by normalised cross-correlation (Lewis 1995, "Fast normalized cross-correlation"),
allowing for a few pixels that a slant moves it by. A card's printed frame looks alike on every card of its kind, so a
region counts only where few strangers' images look as much like the first.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.progress import track

from ringsight.records.bank import Bank
from ringsight.records.images import FORMATS, image_fault
from ringsight.rings.artefacts.pairs import Pair, customers_of, latest_each, records_by_customer, strangers

IMAGES_EACH = 2
"""Images of a customer that are compared, the latest."""
READY = 128
"""Images that are kept ready at a time, about half a megabyte each."""
MAX_PIXELS = 50_000_000
"""An image with more pixels is not opened."""
WIDTH, HEIGHT = 144, 96
ROWS, COLUMNS = 6, 9
CELL = HEIGHT // ROWS
FARTHEST = 16
"""Pixels by which one image may lie beside the other as a whole."""
SLANT = 4
"""Pixels by which a cell may lie beside where it is expected."""
REACH = FARTHEST + SLANT
ROOM = (2 * HEIGHT, 2 * WIDTH)
PLAIN = 3.0
"""Grey levels of 255; a cell that spreads less has nothing to compare."""
ALIKE = 0.6
"""Least correlation of cells that are alike."""
USUAL = 0.1
"""Largest share of strangers' images that may be as much alike in a cell."""
SMALLEST = 2
"""Cells that make a region."""
REGIONS = 4
"""Regions that are listed, the largest first."""

Grey = NDArray[np.float32]
"""An image of HEIGHT by WIDTH grey levels."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of an image's width and height."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle that looks alike in two images."""

    box_a: Box
    box_b: Box
    correlation: float
    """Mean over its cells, from `ALIKE` to 1."""


@dataclass(frozen=True, slots=True)
class ImagesAlike:
    """The two images of two customers that look most alike."""

    customer_a: str
    customer_b: str
    image_a: str
    image_b: str
    regions: tuple[Region, ...]
    """The largest first."""
    area: float
    """Share of the first image that is alike, and so in few strangers' images."""
    usual: float
    """Share of strangers' images that are so over as large an area."""
    strangers: int
    """How many strangers' images that is a share of."""

    @property
    def weight(self) -> float:
        """How much is alike: for choosing what to show, nothing else."""
        return self.area


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """An image made ready to be compared."""

    cells: Grey
    """Less their means; shape (ROWS, CELL, COLUMNS, CELL)."""
    spread: NDArray[np.float64]
    """Length of each cell as a vector; shape (ROWS, COLUMNS)."""
    spectrum: NDArray[np.complex64]
    """Fourier transform of the whole, with room about it, so that no edge meets its opposite."""
    padded: Grey
    """The whole with its reflection about it, REACH wide."""
    spread_at: Grey
    """Length, less its mean, of the cell that starts at each pixel of `padded`."""

    @classmethod
    def of(cls, grey: Grey) -> "_Image":
        cells = grey.reshape(ROWS, CELL, COLUMNS, CELL)
        cells = cells - cells.mean(axis=(1, 3), keepdims=True)
        padded = np.pad(grey, REACH, mode="reflect")
        mean, square = (_sums_of_cells(each.astype(np.float64)) / CELL**2 for each in (padded, padded**2))
        return cls(
            cells=cells,
            spread=np.sqrt(np.einsum("iajb,iajb->ij", cells, cells)).astype(np.float64),
            spectrum=np.fft.rfft2(grey - grey.mean(), ROOM).astype(np.complex64),
            padded=padded,
            spread_at=(CELL * np.sqrt(np.maximum(square - mean**2, 0.0))).astype(np.float32),
        )


def _sums_of_cells(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the cell that starts at each pixel."""
    sums = np.pad(image.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inner: NDArray[np.float64] = sums[CELL:, CELL:] - sums[:-CELL, CELL:] - sums[CELL:, :-CELL] + sums[:-CELL, :-CELL]
    return inner


@dataclass(frozen=True, slots=True, eq=False)
class _Likeness:
    """How two images compare, cell by cell; shape of each (ROWS, COLUMNS)."""

    correlation: NDArray[np.float64]
    down: NDArray[np.int64]
    right: NDArray[np.int64]
    """Pixels from a cell of the first image to its like in the second."""


def images_alike(bank: Bank, pairs: Collection[Pair]) -> dict[Pair, ImagesAlike]:
    """For each pair the two images that look most alike; pairs of whose images no region does are left out.

    An image that is missing, damaged or too large is passed over.

    Args:
        bank: the images, and what is usual among them.
        pairs: customers to compare.
    """
    customers = customers_of(pairs)
    others = strangers(bank.id_images, customers)
    rows = records_by_customer(bank.id_images, {*customers, *others})
    latest = {
        customer: latest_each(table, ("captured_at", "image_id"), IMAGES_EACH).to_dicts()
        for customer, table in rows.items()
    }

    @lru_cache(maxsize=READY)
    def ready(path: str) -> _Image | None:
        grey = grey_image(bank.path, path)
        return None if grey is None else _Image.of(grey)

    sample = [image for other in others if (image := ready(latest[other][-1]["path"])) is not None]
    usual: dict[str, list[NDArray[np.float64]]] = {}
    best = {}
    for pair in track(pairs, "Comparing ID images", transient=True, disable=not sys.stdout.isatty()):
        found = []
        for one, other in product(latest.get(pair[0], []), latest.get(pair[1], [])):
            a, b = ready(one["path"]), ready(other["path"])
            if a is None or b is None:
                continue
            if one["path"] not in usual:
                usual[one["path"]] = [_likeness(a, stranger).correlation for stranger in sample]
            likeness = _likeness(a, b)
            found.append(_alike(pair, (str(one["image_id"]), str(other["image_id"])), likeness, usual[one["path"]]))
        found = [each for each in found if each.regions]
        if found:
            best[pair] = max(found, key=lambda each: (round(each.weight, 6), each.image_a, each.image_b))
    return best


def grey_image(folder: Path, path: str) -> Grey | None:
    """The image at `path`, relative to `folder`, upright, grey and small; None where it cannot be used."""
    if image_fault(folder, path, MAX_PIXELS) is not None:
        return None
    with Image.open(folder / path, formats=FORMATS) as image:
        image.draft("L", (2 * WIDTH, 2 * HEIGHT))
        small = ImageOps.exif_transpose(image).convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def _alike(
    pair: Pair, names: tuple[str, str], likeness: _Likeness, strange: Sequence[NDArray[np.float64]]
) -> ImagesAlike:
    """Pick out the cells that are alike in this pair, and by the same rule in each stranger's with the first image."""
    all_pairs = np.stack([likeness.correlation, *strange])
    as_much = (all_pairs[:, None] >= all_pairs).sum(axis=0) - 1
    alike = (all_pairs >= ALIKE) & (as_much <= USUAL * len(strange))
    areas = alike.mean(axis=(1, 2))
    return ImagesAlike(
        *pair,
        *names,
        regions=_regions(likeness, alike[0]),
        area=float(areas[0]),
        usual=float((areas[1:] >= areas[0]).mean()) if strange else 0.0,
        strangers=len(strange),
    )


def _likeness(a: _Image, b: _Image) -> _Likeness:
    """Lay `b` over `a` where they fit best, then let each cell find its like near by."""
    down, right = _offset(a, b)
    shifts = np.array([(down + y, right + x) for y, x in product(range(-SLANT, SLANT + 1), repeat=2)])
    correlations = np.stack([_correlation(a, b, REACH + y, REACH + x) for y, x in shifts.tolist()])
    best = correlations.argmax(axis=0)
    return _Likeness(correlations.max(axis=0), shifts[best, 0], shifts[best, 1])


def _correlation(a: _Image, b: _Image, top: int, left: int) -> NDArray[np.float64]:
    """Correlation of each cell of `a` with what lies under it when `a` starts at this pixel of `b.padded`."""
    under = b.padded[top : top + HEIGHT, left : left + WIDTH].reshape(ROWS, CELL, COLUMNS, CELL)
    spread = b.spread_at[top : top + HEIGHT : CELL, left : left + WIDTH : CELL]
    told = np.minimum(a.spread, spread) >= PLAIN * CELL
    products = np.einsum("iajb,iajb->ij", a.cells, under)
    return np.where(told, products / np.where(told, a.spread * spread, 1.0), 0.0)


def _offset(a: _Image, b: _Image) -> tuple[int, int]:
    """Pixels (down, right) from a point of `a` to its like in `b`: the peak of their cross-correlation."""
    surface = np.fft.irfft2(np.conj(a.spectrum) * b.spectrum, ROOM)
    steps = np.arange(-FARTHEST, FARTHEST + 1)
    down, right = np.unravel_index(int(surface[np.ix_(steps, steps)].argmax()), (len(steps), len(steps)))
    return int(steps[down]), int(steps[right])


def _regions(likeness: _Likeness, alike: NDArray[np.bool_]) -> tuple[Region, ...]:
    """The largest rectangles of cells that are alike."""
    left = alike.copy()
    regions: list[Region] = []
    while len(regions) < REGIONS:
        rows, columns = _largest_rectangle(left)
        if (rows.stop - rows.start) * (columns.stop - columns.start) < SMALLEST:
            break
        left[rows, columns] = False
        box = (columns.start * CELL, rows.start * CELL, columns.stop * CELL, rows.stop * CELL)
        right, down = (float(np.median(move[rows, columns])) for move in (likeness.right, likeness.down))
        regions.append(
            Region(
                box_a=_shares(box),
                box_b=_shares((box[0] + right, box[1] + down, box[2] + right, box[3] + down)),
                correlation=float(likeness.correlation[rows, columns].mean()),
            )
        )
    return tuple(regions)


def _shares(box: tuple[float, float, float, float]) -> Box:
    """The part of a box in pixels that lies inside the image."""
    left, right = (min(max(x / WIDTH, 0.0), 1.0) for x in (box[0], box[2]))
    top, bottom = (min(max(y / HEIGHT, 0.0), 1.0) for y in (box[1], box[3]))
    return left, top, right, bottom


def _largest_rectangle(cells: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the largest rectangle of true cells, the first of equals; empty where none is true."""
    best = (slice(0, 0), slice(0, 0))
    area = 0
    for top, bottom in ((t, b) for t in range(ROWS) for b in range(t + 1, ROWS + 1)):
        full = cells[top:bottom].all(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]]).astype(np.int8)))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            if (bottom - top) * (right - left) > area:
                best, area = (slice(top, bottom), slice(int(left), int(right))), (bottom - top) * int(right - left)
    return best

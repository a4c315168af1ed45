"""How two images compare, cell by cell of a grid.

Both are made grey and resized to one small size. The second is shifted to where it fits the first best. Each cell is
then compared by normalised cross-correlation (Lewis 1995, "Fast normalized cross-correlation"), and may be a few pixels
off, because photographs are slanted.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ringsight.records.opened_pictures import OpenedPicture

WIDTH, HEIGHT = 144, 96
ROWS, COLUMNS = 6, 9
CELL = HEIGHT // ROWS
FARTHEST = 16
"""Largest shift of the whole image, in pixels."""
SLANT = 4
"""Largest further shift of a cell, in pixels."""
REACH = FARTHEST + SLANT
ROOM = (2 * HEIGHT, 2 * WIDTH)
PLAIN = 3.0
"""Grey levels of 255. A cell whose grey levels spread less is plain, and matches nothing."""

Grey = NDArray[np.float32]
"""An image of HEIGHT by WIDTH grey levels."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyImage:
    """An image prepared for comparison."""

    cells: Grey
    """Less their means; shape (ROWS, CELL, COLUMNS, CELL)."""
    spread: NDArray[np.float64]
    """Length of each cell as a vector; shape (ROWS, COLUMNS)."""
    spectrum: NDArray[np.complex64]
    """Fourier transform of the image, padded so that it does not wrap around."""
    padded: Grey
    """The image with a border of reflected pixels, REACH wide."""
    spread_at: Grey
    """Length, less its mean, of the cell that starts at each pixel of `padded`."""

    @classmethod
    def of(cls, grey: Grey) -> "ReadyImage":
        """Prepare an image."""
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
class Likeness:
    """How two images compare, cell by cell; shape of each (ROWS, COLUMNS)."""

    correlation: NDArray[np.float64]
    down: NDArray[np.int64]
    right: NDArray[np.int64]
    """Pixels from a cell of the first image to its match in the second."""


def grey_image(opened: OpenedPicture) -> Grey | None:
    """A picture grey and small; None where it cannot be used."""
    if opened.image is None:
        return None
    small = opened.image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def likeness(a: ReadyImage, b: ReadyImage) -> Likeness:
    """Compare two images: shift `b` to where it fits `a` best, then find the best match of each cell near by."""
    down, right = _offset(a, b)
    shifts = np.array([(down + y, right + x) for y, x in product(range(-SLANT, SLANT + 1), repeat=2)])
    correlations = np.stack([_correlation(a, b, REACH + y, REACH + x) for y, x in shifts.tolist()])
    best = correlations.argmax(axis=0)
    return Likeness(correlations.max(axis=0), shifts[best, 0], shifts[best, 1])


def _correlation(a: ReadyImage, b: ReadyImage, top: int, left: int) -> NDArray[np.float64]:
    """Correlation of each cell of `a` with `b`, when `a` starts at this pixel of `b.padded`."""
    under = b.padded[top : top + HEIGHT, left : left + WIDTH].reshape(ROWS, CELL, COLUMNS, CELL)
    spread = b.spread_at[top : top + HEIGHT : CELL, left : left + WIDTH : CELL]
    textured = np.minimum(a.spread, spread) >= PLAIN * CELL
    products = np.einsum("iajb,iajb->ij", a.cells, under)
    return np.where(textured, products / np.where(textured, a.spread * spread, 1.0), 0.0)


def _offset(a: ReadyImage, b: ReadyImage) -> tuple[int, int]:
    """Pixels (down, right) from a point of `a` to its match in `b`: the peak of their cross-correlation."""
    surface = np.fft.irfft2(np.conj(a.spectrum) * b.spectrum, ROOM)
    steps = np.arange(-FARTHEST, FARTHEST + 1)
    down, right = np.unravel_index(int(surface[np.ix_(steps, steps)].argmax()), (len(steps), len(steps)))
    return int(steps[down]), int(steps[right])

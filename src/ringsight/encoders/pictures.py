"""ID images: small pictures to learn from, and what the facets measure of each.

The facets look at one property each. `border` is the outermost strip of the photograph: the table, the scanner's lid.
`card` is the drawing on the whole of it: histograms of the directions of edges (Dalal and Triggs 2005). `light` is how
bright and of what colour the photograph is from place to place, and the grain of the camera.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ringsight import progress
from ringsight.encoders.settings import Portrait
from ringsight.records.bank import Bank
from ringsight.records.opened_pictures import OpenedPictures

HEIGHT, WIDTH = 72, 112
"""Size that every image is brought to to be learned from; about the proportions of a card on a table."""
TALL, WIDE = 52, 80
"""Size at which facets are measured."""
STRIP = 2
"""Width of the border, and side of the cells that are averaged in it, in pixels of the measured size."""
CARD_CELLS = (6, 9)
DIRECTIONS = 6
LIGHT_CELLS = (3, 4)
BLOCK = 8
"""Side of the blocks that grain is measured in, as of those that JPEG compresses."""
AT_ONCE = 256
"""Images that are held decoded."""
MOST_KEPT = 8192
"""Images of a bank that are kept as they were seen, in 300 MB of memory: a run asks for the same ones five times."""
_Seen = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]
"""An image in the two sizes, of shapes (HEIGHT, WIDTH, 3) and (TALL, WIDE, 3), and its grain."""
_KEPT: WeakKeyDictionary[OpenedPictures, dict[tuple[str, Portrait], _Seen]] = WeakKeyDictionary()
"""Goes with the bank's pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Some images, decoded."""

    pixels: NDArray[np.uint8]
    """To learn from; shape (images, 3, HEIGHT, WIDTH)."""
    measured: NDArray[np.uint8]
    """To measure facets on; shape (images, 3, TALL, WIDE)."""
    grain: NDArray[np.float32]
    """Noise of the camera, and traces of compression; shape (images, 6)."""

    def measures(self) -> dict[str, NDArray[np.float32]]:
        """Facet -> what is measured for it; each of shape (images, measures)."""
        pictures = np.ascontiguousarray(self.measured.transpose(0, 2, 3, 1))
        light = np.concatenate([_light(pictures), self.grain], axis=1)
        return {"border": _border(pictures), "card": _card(pictures), "light": light}


def read_pictures(bank: Bank, portrait: Portrait) -> Iterator[Pictures]:
    """Bring a bank's ID images to the sizes that are learned from, in their order, `AT_ONCE` at a time.

    Args:
        bank: whose images.
        portrait: `mask` greys out the left two fifths below the headline before anything is computed.

    Raises:
        DataError: if an image cannot be opened any more.
    """
    pictures, paths = bank.pictures, iter(progress.steps(bank.id_images["path"].to_list(), "reading ID images"))
    kept = _KEPT.setdefault(pictures, {})
    while some := list(islice(paths, AT_ONCE)):
        seen = []
        for path in some:
            one = kept.get((path, portrait)) or _seen(pictures.look(path).require(path), portrait)
            if len(kept) < MOST_KEPT:
                kept[path, portrait] = one
            seen.append(one)
        yield _together(seen)


def brought(copies: Iterable[Image.Image], portrait: Portrait) -> Iterator[Pictures]:
    """Bring copies of images, as `OpenedPictures` keeps them, to the sizes that are learned from."""
    waiting = iter(copies)
    while some := [_seen(copy, portrait) for copy in islice(waiting, AT_ONCE)]:
        yield _together(some)


def _together(seen: Sequence[_Seen]) -> Pictures:
    small, large, grain = (np.stack(each) for each in zip(*seen, strict=True))
    return Pictures(_channels_first(small), _channels_first(large), grain)


def _seen(picture: Image.Image, portrait: Portrait) -> _Seen:
    """A picture at both sizes, and its grain."""
    small, large = (np.array(picture.resize(size, Image.Resampling.BOX)) for size in ((WIDTH, HEIGHT), (WIDE, TALL)))
    for each in (small, large):
        _without_portrait(each, portrait)
    return small, large, _grain(picture, portrait)


def _channels_first(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


def _without_portrait(pictures: NDArray[np.uint8], portrait: Portrait) -> None:
    """Grey out what is masked, in place; shape (..., height, width, channels)."""
    if portrait is Portrait.mask:
        height, width = pictures.shape[-3:-1]
        pictures[..., height // 6 :, : width * 2 // 5, :] = 127


def _border(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours around the edge, cell by cell, in 0..1; shape (images, cells * 3)."""
    rows, columns = TALL // STRIP, WIDE // STRIP
    across = pictures.reshape(-1, TALL, columns, STRIP, 3).sum(axis=3, dtype=np.float32)
    cells = across.reshape(-1, rows, STRIP, columns, 3).sum(axis=2) / (255 * STRIP**2)
    edge = np.ones((rows, columns), dtype=np.bool_)
    edge[1:-1, 1:-1] = False
    around: NDArray[np.float32] = cells[:, edge].reshape(len(pictures), -1)
    return around


def _card(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How strong edges of each direction are, cell by cell, as square roots; shape (images, cells * DIRECTIONS)."""
    grey = pictures.mean(axis=3, dtype=np.float32)
    down, across = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    direction = np.floor((np.arctan2(down, across) % np.pi) * (DIRECTIONS / np.pi)).astype(np.int8) % DIRECTIONS
    strength = np.hypot(down, across)
    edges = [_cells(np.where(direction == each, strength, 0), CARD_CELLS) for each in range(DIRECTIONS)]
    rooted: NDArray[np.float32] = np.sqrt(np.concatenate(edges, axis=1))
    return rooted


def _light(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean logarithm of each colour, cell by cell; shape (images, cells * 3)."""
    logarithms = np.log(np.arange(256, dtype=np.float32) + 8)[pictures]
    return np.concatenate([_cells(logarithms[..., colour], LIGHT_CELLS) for colour in range(3)], axis=1)


def _cells(values: NDArray[np.float32], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Means over the cells of a grid; what does not fill a cell is cut off; shape (images, cells)."""
    height, width = values.shape[1] // cells[0], values.shape[2] // cells[1]
    cut = values[:, : height * cells[0], : width * cells[1]]
    means: NDArray[np.float32] = cut.reshape(-1, cells[0], height, cells[1], width).mean(axis=(2, 4))
    return means.reshape(len(values), -1)


def _grain(picture: Image.Image, portrait: Portrait) -> NDArray[np.float32]:
    """Noise of the camera and traces of compression: six figures from a picture's Laplacian and its block edges."""
    smallest = 2 * BLOCK + 2
    if min(picture.size) < smallest:
        picture = picture.resize((max(picture.width, smallest), max(picture.height, smallest)))
    shown = np.array(picture.convert("L"))
    _without_portrait(shown[:, :, None], portrait)
    grey = shown.astype(np.int16)
    sides = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian = np.abs(4 * grey[1:-1, 1:-1] - sides).astype(np.float32)
    quantiles = np.quantile(_blocks(laplacian), [0.1, 0.5, 0.9])
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0, dtype=np.float32)
    at_edge = np.arange(len(steps)) % BLOCK == BLOCK - 1
    blockiness = steps[at_edge].mean() / max(float(steps[~at_edge].mean()), 1e-3)
    figures = [float(laplacian.mean()), float(np.square(laplacian).mean()), *quantiles.tolist(), float(blockiness)]
    return np.log1p(np.array(figures, dtype=np.float32))


def _blocks(laplacian: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = laplacian.shape[0] // BLOCK, laplacian.shape[1] // BLOCK
    cut = laplacian[: rows * BLOCK, : columns * BLOCK]
    means: NDArray[np.float32] = cut.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return means

"""ID images of two customers: the regions that look alike, and how usual that is in the bank.

A card's printed frame looks alike on every card of its kind, so a cell counts only where few strangers' images look as
much like the first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ringsight import progress
from ringsight.explain.matching.likeness import (
    CELL,
    HEIGHT,
    ROWS,
    WIDTH,
    Likeness,
    ReadyImage,
    grey_image,
    likeness,
)
from ringsight.explain.matching.sampling import Pair, customers_of, latest_each, records_by_customer, strangers
from ringsight.explain.words import of_strangers
from ringsight.records.bank import Bank

IMAGES_EACH = 2
"""How many images of a customer are compared, the latest ones."""
READY = 128
"""Prepared images kept in memory, about half a megabyte each."""
ALIKE = 0.6
"""Cells correlated at least so much look alike."""
USUAL = 0.1
"""A cell that looks as much alike in a larger share of strangers' images does not count."""
SMALLEST = 2
"""Fewest cells of a region."""
REGIONS = 4
"""Regions that are listed, the largest first."""

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
class MatchingImages:
    """The two images of two customers that look most alike."""

    modality: ClassVar[str] = "id_images"
    customer_a: str
    customer_b: str
    image_a: str
    image_b: str
    regions: tuple[Region, ...]
    """The largest first."""
    area: float
    """Share of the first image that looks alike, of cells that few strangers' images match."""
    usual: float
    """Share of strangers' images that match over as large an area."""
    strangers: int
    """How many strangers' images that is a share of."""

    @property
    def weight(self) -> float:
        """How much looks alike. It decides what is shown, and nothing else."""
        return self.area

    @property
    def cites(self) -> tuple[str, ...]:
        """The two images."""
        return self.image_a, self.image_b

    @property
    def sentence(self) -> str:
        """Where the two images look alike."""
        return (
            f"ID images {self.image_a} and {self.image_b}: {self.area:.0%} of the first looks alike, the largest "
            f"region at a correlation of {self.regions[0].correlation:.2f}; "
            f"images of {of_strangers(self.usual, self.strangers)} match over as large an area."
        )


def matching_images(bank: Bank, pairs: Collection[Pair]) -> dict[Pair, MatchingImages]:
    """For each pair the two images that look most alike; a pair without a region that looks alike is left out.

    An image that is missing, damaged or too large is skipped, and so is one that says nothing.

    Args:
        bank: the images, and what is usual among them.
        pairs: customers to compare.
    """
    customers, pictures, images = customers_of(pairs), bank.pictures, bank.telling().id_images
    others = strangers(images, customers)
    rows = records_by_customer(images, {*customers, *others})
    latest = {
        customer: latest_each(table, ("captured_at", "image_id"), IMAGES_EACH).to_dicts()
        for customer, table in rows.items()
    }

    @lru_cache(maxsize=READY)
    def ready(path: str) -> ReadyImage | None:
        grey = grey_image(pictures.look(path))
        return None if grey is None else ReadyImage.of(grey)

    sample = [image for other in others if (image := ready(latest[other][-1]["path"])) is not None]
    usual: dict[str, list[NDArray[np.float64]]] = {}
    best = {}
    for pair in progress.steps(pairs, "comparing ID images"):
        found = []
        for one, other in product(latest.get(pair[0], []), latest.get(pair[1], [])):
            a, b = ready(one["path"]), ready(other["path"])
            if a is None or b is None:
                continue
            if one["path"] not in usual:
                usual[one["path"]] = [likeness(a, stranger).correlation for stranger in sample]
            names = (str(one["image_id"]), str(other["image_id"]))
            found.append(_alike(pair, names, likeness(a, b), usual[one["path"]]))
        found = [each for each in found if each.regions]
        if found:
            best[pair] = max(found, key=lambda each: (round(each.weight, 6), each.image_a, each.image_b))
    return best


def _alike(
    pair: Pair, names: tuple[str, str], cells: Likeness, strange: Sequence[NDArray[np.float64]]
) -> MatchingImages:
    """Find the cells that look alike in this pair, and by the same rule in the first image and each stranger's."""
    all_pairs = np.stack([cells.correlation, *strange])
    as_much = (all_pairs[:, None] >= all_pairs).sum(axis=0) - 1
    alike = (all_pairs >= ALIKE) & (as_much <= USUAL * len(strange))
    areas = alike.mean(axis=(1, 2))
    return MatchingImages(
        *pair,
        *names,
        regions=_regions(cells, alike[0]),
        area=float(areas[0]),
        usual=float((areas[1:] >= areas[0]).mean()) if strange else 0.0,
        strangers=len(strange),
    )


def _regions(cells: Likeness, alike: NDArray[np.bool_]) -> tuple[Region, ...]:
    """The largest rectangles of cells that look alike."""
    left = alike.copy()
    regions: list[Region] = []
    while len(regions) < REGIONS:
        rows, columns = _largest_rectangle(left)
        if (rows.stop - rows.start) * (columns.stop - columns.start) < SMALLEST:
            break
        left[rows, columns] = False
        box = (columns.start * CELL, rows.start * CELL, columns.stop * CELL, rows.stop * CELL)
        right, down = (float(np.median(move[rows, columns])) for move in (cells.right, cells.down))
        regions.append(
            Region(
                box_a=_shares(box),
                box_b=_shares((box[0] + right, box[1] + down, box[2] + right, box[3] + down)),
                correlation=float(cells.correlation[rows, columns].mean()),
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

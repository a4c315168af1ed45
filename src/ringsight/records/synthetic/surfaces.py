"""Surfaces that cards are photographed on; a seed gives each its own grain, knots, threads or stains."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SURFACES = ("wood", "marble", "fabric", "desk", "carpet", "tiles", "paper", "stripes", "slats", "stone")
"""Kinds of surface."""
COLOURS = {
    "wood": ((150, 104, 66), (96, 62, 38)),
    "marble": ((222, 220, 216), (150, 150, 156)),
    "fabric": ((96, 112, 140), (60, 70, 96)),
    "desk": ((196, 186, 170), (168, 156, 140)),
    "carpet": ((128, 84, 84), (84, 56, 60)),
    "tiles": ((206, 214, 214), (130, 140, 144)),
    "paper": ((238, 234, 224), (214, 206, 190)),
    "stripes": ((210, 196, 170), (120, 130, 120)),
    "slats": ((182, 140, 96), (110, 80, 52)),
    "stone": ((92, 94, 98), (52, 54, 58)),
}


def surface(kind: str, seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw a surface of `kind`, one of `SURFACES`, of `size` (width, height) in pixels."""
    rng = np.random.default_rng(seed)
    width, height = size
    y, x = _grid(size)
    angle = np.float32(rng.uniform(-0.6, 0.6))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    cloud, period = _cloud(rng, size, 7), np.float32(rng.uniform(16, 34))
    match kind:
        case "wood":
            dark = (
                0.4
                + 0.3 * np.sin(across / period * 5 + 5 * cloud + along / 90)
                + 0.2 * np.sin(across * 1.1 + 9 * cloud)
            )
        case "marble":
            dark = np.exp(-12 * np.abs(np.sin(along / period / 2 + 6 * cloud)))
        case "fabric":
            dark = 0.5 + 0.25 * (np.sin(along * 1.6) + np.sin(across * 1.6)) + 0.3 * (cloud - 0.5)
        case "desk" | "paper":
            dark = cloud
        case "carpet" | "stone":
            dark = 0.6 * rng.random((height, width), dtype=np.float32) + 0.4 * cloud
        case "tiles":
            grout = np.minimum(along % (2 * period), across % (2 * period)) < 3
            dark = np.where(grout, 1.0, 0.3 * cloud)
        case "stripes":
            dark = ((along // period) % 2) * 0.8 + 0.2 * cloud
        case _:
            dark = np.where(across % (1.5 * period) < 2, 1.0, 0.45 * cloud + 0.2 * np.sin(along / 7 + 9 * cloud))
    tones = [np.array(colour) * np.exp(0.12 * rng.standard_normal(3)) for colour in COLOURS[kind]]
    light, shadow = (tone.astype(np.float32) for tone in tones)
    share = np.clip(dark, 0, 1).astype(np.float32)[..., None]
    pixels = light + (shadow - light) * share
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@lru_cache
def _grid(size: tuple[int, int]) -> NDArray[np.float32]:
    """Where each pixel lies, down and across; shape (2, height, width)."""
    width, height = size
    return np.mgrid[0:height, 0:width].astype(np.float32)


def _cloud(rng: np.random.Generator, size: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """Smooth noise from 0 to 1; shape (height, width)."""
    coarse = Image.fromarray((rng.random((cells, cells + 3)) * 255).astype(np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
    return smooth / np.float32(255)

"""ID images: a card for each customer, photographed somewhere, by some camera, in some light.

A scene is where and how someone takes such photographs: the surface under the card, the light, the camera and the hand
that holds it. A document is its layout and the face on it.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ringsight.progress import steps
from ringsight.records.synthetic import cards
from ringsight.records.synthetic.people import People
from ringsight.records.synthetic.portraits import draw_faces, portrait
from ringsight.records.synthetic.surfaces import SURFACES, surface
from ringsight.records.synthetic.traits import Traits, codes

SIZE = (320, 208)
"""Width and height of every image in pixels."""
SMALL = (320, 202)
"""Width and height of a card about as large as it will be seen."""
Y, X = np.mgrid[-1 : 1 : SIZE[1] * 1j, -1 : 1 : SIZE[0] * 1j].astype(np.float32)
"""Where each pixel lies, from -1 to 1."""
HAS_IMAGE = {"branch": 0.95, "web": 0.92, "app": 0.85}
"""Share of the customers with an image, by how they came to the bank."""
SECOND = 0.3
"""Share of those who have another image, taken later with a renewed card."""
WARMTH, BRIGHT, CONTRAST, SHADE, ZOOM, TURN, LEFT, UP, TILT, BLUR, NOISE = range(11)
SURFACE, SEED, LIGHT, QUALITY = range(4)
QUALITIES = (62, 70, 78, 84, 88, 92)


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What customers' ID images look like."""

    scenes: Traits
    """Surface, its grain, direction of the light, JPEG quality; the degrees above."""
    faces: Traits
    layouts: Traits
    """GroupKind of document; no degrees."""


def draw_looks(n: int, rng: np.random.Generator) -> Looks:
    """Draw the scenes and documents of n people."""
    alternatives = (len(SURFACES), 2**31, 8, len(QUALITIES))
    layout = rng.choice(len(cards.LAYOUTS), (n, 1), p=cards.POPULARITY)
    return Looks(
        scenes=Traits(real=rng.standard_normal((n, 11)), choice=rng.integers(0, alternatives, (n, 4))),
        faces=draw_faces(n, rng),
        layouts=Traits(real=np.empty((n, 0)), choice=layout),
    )


def write_images(folder: Path, people: People, looks: Looks, rng: np.random.Generator) -> pl.DataFrame:
    """Write the images into `folder`/id_images and return the id_images table, in random order."""
    (folder / "id_images").mkdir()
    present = rng.random(len(people)) < [HAS_IMAGE[channel] for channel in people.onboarding]
    again = present & (rng.random(len(people)) < SECOND)
    owner = np.concatenate([np.flatnonzero(present), np.flatnonzero(again)])
    renewal = np.arange(len(owner)) >= present.sum()
    order = rng.permutation(len(owner))
    owner, renewal = owner[order], renewal[order]
    names = codes("I", len(owner), rng)
    opened = people.opened_at()
    captured = []
    shots = zip(names, owner, renewal, strict=True)
    for name, one, renewed in steps(shots, "drawing ID cards", len(owner)):
        later = rng.uniform(0.2, 1) * people.opened[one] if renewed else 0.0
        captured.append(opened[one] + timedelta(seconds=int(later * 86400) + int(rng.integers(600, 7200))))
        holder = _holder(people, int(one), rng)
        face = portrait(looks.faces.real[one], looks.faces.choice[one])
        image = cards.card(cards.LAYOUTS[looks.layouts.choice[one, 0]], holder, face)
        quality = QUALITIES[looks.scenes.choice[one, QUALITY]]
        photograph(image, looks.scenes, int(one), rng).save(folder / "id_images" / f"{name}.jpg", quality=quality)
    return pl.DataFrame(
        {
            "image_id": names,
            "customer_id": people.customer_id[owner],
            "path": [f"id_images/{name}.jpg" for name in names],
            "captured_at": pl.Series(captured, dtype=pl.Datetime("ms")),
        }
    )


def _holder(people: People, one: int, rng: np.random.Generator) -> cards.Holder:
    issued = np.datetime64(people.opened_at()[one], "D") - int(rng.integers(30, 2500))
    return cards.Holder(
        surname=str(people.surname[one]),
        first_name=str(people.first_name[one]),
        born=_date(np.datetime64(int(people.born[one]), "D")),
        sex=str(people.sex[one]),
        number="".join(rng.choice(list("ABCDEFGHKLMNPRTUVWXYZ0123456789"), 9)),
        issued=_date(issued),
        expires=_date(issued + 3652),
        authority=f"City of {rng.choice(['Arnfels', 'Belmont', 'Corvane', 'Dunmore', 'Estrella', 'Gransee'])}",
    )


def _date(day: np.datetime64) -> str:
    year, month, number = str(day).split("-")
    return f"{number}.{month}.{year}"


def photograph(card: Image.Image, scenes: Traits, one: int, rng: np.random.Generator) -> Image.Image:
    """Lay a card on the surface of scene `one` and photograph it; each shot differs a little from the last."""
    shaken = np.clip(scenes.real[one] * 0.92 + 0.4 * rng.standard_normal(scenes.real.shape[1]), -2.5, 2.5)
    kind, seed, light, _ = scenes.choice[one]
    picture = surface(SURFACES[kind], int(seed), SIZE)
    placed, mask = _placed(card, shaken, rng)
    shadow = Image.new("RGB", SIZE, (20, 20, 24))
    picture.paste(shadow, (3, 4), mask.filter(ImageFilter.BoxBlur(4)).point(lambda value: value * 0.45))
    picture.paste(placed, (0, 0), mask)
    picture = picture.filter(ImageFilter.BoxBlur(0.35 + 0.18 * max(0.0, float(shaken[BLUR]))))
    return _lit(np.asarray(picture, dtype=np.float32), shaken, int(light), rng)


def _placed(
    card: Image.Image, shaken: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """Put the card, and the mask of its outline, into perspective."""
    width, height = SIZE
    half = np.array([width, height]) / 2 * (0.82 + 0.03 * shaken[ZOOM])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    corners += np.array([[1, 0], [-1, 0], [1, 0], [-1, 0]]) * 2.2 * shaken[TILT] + rng.normal(0, 1.2, (4, 2))
    angle = np.radians(2.2 * shaken[TURN])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = np.array([width / 2 + 5 * shaken[LEFT], height / 2 + 3 * shaken[UP]])
    target = corners @ turn + centre
    small = card.resize(SMALL, Image.Resampling.BILINEAR)  # a perspective by itself would drop thin strokes
    source = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * SMALL
    where = _homography(target, source)
    placed, mask = (
        image.transform(SIZE, Image.Transform.PERSPECTIVE, where, Image.Resampling.BILINEAR)
        for image in (small, cards.outline(SMALL))
    )
    return placed, mask


def _homography(target: NDArray[np.float64], source: NDArray[np.float64]) -> list[float]:
    """Coefficients that Pillow wants: where in `source` each point of `target` comes from."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(one) for one in np.linalg.solve(np.array(rows), np.array(values))]


def _lit(pixels: NDArray[np.float32], shaken: NDArray[np.float64], light: int, rng: np.random.Generator) -> Image.Image:
    """Light the scene from one of eight sides, tint it, and add the noise of a sensor."""
    angle = np.pi / 4 * light
    slope = 1 + np.float32(0.08 + 0.03 * shaken[SHADE]) * (
        np.float32(np.cos(angle)) * X + np.float32(np.sin(angle)) * Y
    )
    tint = np.exp(0.05 * shaken[WARMTH] * np.array([1.0, 0.1, -1.0])).astype(np.float32)
    contrast = np.float32(1 + 0.07 * shaken[CONTRAST])
    lit = ((pixels - 128) * contrast + np.float32(128 + 9 * shaken[BRIGHT])) * slope[..., None] * tint
    lit += rng.standard_normal((SIZE[1], SIZE[0], 1), dtype=np.float32) * np.float32(2.5 + 0.8 * shaken[NOISE])
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))

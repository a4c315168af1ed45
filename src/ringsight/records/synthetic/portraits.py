"""Portraits: a drawn face for each person, from traits alone.

A face says nothing of sex or age in the customers table: were the two related, a ring that reuses one face for many
people would give itself away in a single customer.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ringsight.records.synthetic.traits import Traits

SIZE = (112, 140)
"""Width and height in pixels."""
SKINS = ("#f6d7c3", "#ecc2a2", "#dcaa82", "#c58f67", "#a87450", "#85573a", "#65402b", "#f0cfb0")
HAIRS = ("#1d1a19", "#3b2a20", "#5c3b23", "#8a5a2f", "#b98a4a", "#dcc07c", "#9a9a9a", "#e3e0da", "#7a2f1c")
CLOTHES = ("#26324a", "#5a2330", "#2f4f3a", "#e9e6df", "#3d3d3d", "#6b5a8c", "#b06a3a", "#8fa9bd")
BACKDROPS = ("#dfe6ea", "#c9d6df", "#e8e2d4", "#d5dbcf", "#eeeeee", "#cfc9d6")
EYES = ("#3a2a1c", "#5d7a8c", "#5f7a4a", "#2b2b2b", "#7d6a3a")
SKIN, HAIR, STYLE, CLOTH, COLLAR, BACKDROP, EYE, GLASSES, BEARD, BROW = range(10)
ALTERNATIVES = (len(SKINS), len(HAIRS), 7, len(CLOTHES), 3, len(BACKDROPS), len(EYES), 5, 5, 3)
WIDE, LONG, EYE_GAP, EYE_SIZE, NOSE, MOUTH, SMILE, LEAN, HEIGHT, JAW = range(10)


def draw_faces(n: int, rng: np.random.Generator) -> Traits:
    """Draw the looks of n people."""
    return Traits(real=rng.standard_normal((n, 10)), choice=rng.integers(0, ALTERNATIVES, (n, len(ALTERNATIVES))))


def portrait(real: NDArray[np.float64], choice: NDArray[np.int64]) -> Image.Image:
    """Draw one face; `real` of shape (10,) and `choice` of shape (10,) are a row of `draw_faces`."""
    real = np.clip(real, -2.2, 2.2)
    width, height = SIZE
    image = Image.new("RGB", SIZE, BACKDROPS[choice[BACKDROP]])
    pen = ImageDraw.Draw(image)
    x, y = width / 2 + 3 * real[LEAN], height * 0.46 + 3 * real[HEIGHT]
    half, tall = 27 + 3 * real[WIDE], 37 + 3.5 * real[LONG]
    if choice[STYLE] in (4, 5):
        _long_hair(pen, (x, y, half, tall), HAIRS[choice[HAIR]], straight=choice[STYLE] == 5)
    _bust(pen, (x, y, half, tall), choice)
    _head(pen, (x, y, half, tall), real, SKINS[choice[SKIN]])
    _features(pen, (x, y, half, tall), real, choice)
    _beard(pen, (x, y, half, tall), choice)
    _hair(pen, (x, y, half, tall), choice)
    return image.filter(ImageFilter.BoxBlur(0.7))


Frame = tuple[float, float, float, float]
"""Centre of a head (x, y), and half its width and height, in pixels."""


def _shade(colour: str, factor: float) -> tuple[int, int, int]:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return (min(255, int(red * factor)), min(255, int(green * factor)), min(255, int(blue * factor)))


def _bust(pen: ImageDraw.ImageDraw, frame: Frame, choice: NDArray[np.int64]) -> None:
    x, y, half, tall = frame
    skin, cloth = SKINS[choice[SKIN]], CLOTHES[choice[CLOTH]]
    pen.ellipse((x - 52, y + tall + 8, x + 52, y + tall + 90), fill=cloth)
    pen.rectangle((x - half * 0.42, y + tall * 0.6, x + half * 0.42, y + tall + 16), fill=_shade(skin, 0.86))
    match choice[COLLAR]:
        case 0:
            pen.ellipse((x - half * 0.6, y + tall + 4, x + half * 0.6, y + tall + 20), fill=_shade(skin, 0.9))
        case 1:
            for side in (-1, 1):
                corner = [(x, y + tall + 30), (x + side * 26, y + tall + 10), (x + side * 14, y + tall + 4)]
                pen.polygon(corner, fill=_shade(cloth, 1.35))
        case _:
            pen.rectangle((x - half * 0.5, y + tall + 4, x + half * 0.5, y + tall + 18), fill=_shade(cloth, 0.8))


def _head(pen: ImageDraw.ImageDraw, frame: Frame, real: NDArray[np.float64], skin: str) -> None:
    x, y, half, tall = frame
    for side in (-1, 1):
        pen.ellipse((x + side * half - 5, y - 6, x + side * half + 5, y + 12), fill=_shade(skin, 0.9))
    pen.ellipse((x - half, y - tall, x + half, y + tall * 0.72), fill=skin)
    jaw = half * (0.72 + 0.07 * real[JAW])
    pen.ellipse((x - jaw, y - tall * 0.2, x + jaw, y + tall), fill=skin)
    pen.ellipse((x - half * 0.75, y + 6, x - half * 0.35, y + 18), fill=_shade(skin, 0.97))
    pen.ellipse((x + half * 0.35, y + 6, x + half * 0.75, y + 18), fill=_shade(skin, 0.97))


def _features(pen: ImageDraw.ImageDraw, frame: Frame, real: NDArray[np.float64], choice: NDArray[np.int64]) -> None:
    x, y, half, tall = frame
    skin, dark = SKINS[choice[SKIN]], _shade(HAIRS[choice[HAIR]], 0.8)
    gap, size = half * (0.42 + 0.035 * real[EYE_GAP]), 4.2 + 0.6 * real[EYE_SIZE]
    for side in (-1, 1):
        eye = x + side * gap
        pen.ellipse((eye - size * 1.4, y - 4 - size * 0.8, eye + size * 1.4, y - 4 + size * 0.8), fill="#fbf8f4")
        pen.ellipse(
            (eye - size * 0.7, y - 4 - size * 0.7, eye + size * 0.7, y - 4 + size * 0.7), fill=EYES[choice[EYE]]
        )
        brow = (eye - size * 1.6, y - 14, eye + size * 1.6, y - 6)
        pen.arc(brow, 190, 350, fill=dark, width=int(2 + choice[BROW]))
        if choice[GLASSES] == 0:
            pen.rounded_rectangle((eye - 10, y - 11, eye + 10, y + 4), 4, outline="#222222", width=2)
        if choice[GLASSES] == 1:
            pen.ellipse((eye - 10, y - 13, eye + 10, y + 6), outline="#8a6a3a", width=2)
    if choice[GLASSES] < 2:
        pen.line((x - gap + 10, y - 5, x + gap - 10, y - 5), fill="#444444", width=2)
    nose = 5 + 0.9 * real[NOSE]
    pen.line((x, y - 2, x - 1.5, y + 9), fill=_shade(skin, 0.82), width=2)
    pen.arc((x - nose, y + 5, x + nose, y + 14), 20, 160, fill=_shade(skin, 0.72), width=2)
    mouth, bend = 10 + 1.4 * real[MOUTH], 3 + 1.5 * abs(real[SMILE])
    box = (x - mouth, y + tall * 0.58 - bend, x + mouth, y + tall * 0.58 + bend)
    pen.arc(box, *((15, 165) if real[SMILE] > -0.5 else (195, 345)), fill=(150, 70, 66), width=3)


def _beard(pen: ImageDraw.ImageDraw, frame: Frame, choice: NDArray[np.int64]) -> None:
    x, y, half, tall = frame
    colour = _shade(HAIRS[choice[HAIR]], 0.9)
    match choice[BEARD]:
        case 0:
            pen.arc((x - half * 0.72, y - tall * 0.1, x + half * 0.72, y + tall), 15, 165, fill=colour, width=9)
        case 1:
            pen.rounded_rectangle((x - 11, y + tall * 0.43, x + 11, y + tall * 0.5), 2, fill=colour)
        case _:
            pass


def _hair(pen: ImageDraw.ImageDraw, frame: Frame, choice: NDArray[np.int64]) -> None:
    x, y, half, tall = frame
    colour, top = HAIRS[choice[HAIR]], y - tall
    match choice[STYLE]:
        case 0:  # short
            pen.chord((x - half - 2, top - 5, x + half + 2, top + tall * 1.1), 185, 355, fill=colour)
        case 1:  # parted
            pen.pieslice((x - half - 3, top - 7, x + half + 3, top + tall * 1.2), 180, 310, fill=colour)
            pen.pieslice((x - half - 2, top - 4, x + half + 2, top + tall * 0.9), 290, 360, fill=_shade(colour, 0.9))
        case 2:  # curls
            for angle in np.linspace(np.pi, 2 * np.pi, 11):
                curl_x, curl_y = x + (half - 2) * np.cos(angle), y - tall * 0.35 + tall * 0.6 * np.sin(angle)
                pen.ellipse((curl_x - 9, curl_y - 9, curl_x + 9, curl_y + 9), fill=colour)
        case 3:  # bald
            pen.arc((x - half, top + 6, x + half, top + tall * 1.3), 175, 200, fill=colour, width=4)
            pen.arc((x - half, top + 6, x + half, top + tall * 1.3), 340, 365, fill=colour, width=4)
        case 4 | 5:  # long
            pen.chord((x - half - 3, top - 6, x + half + 3, top + tall * 1.05), 180, 360, fill=colour)
        case _:  # headscarf
            pen.chord(
                (x - half - 5, top - 7, x + half + 5, top + tall * 1.05), 178, 362, fill=CLOTHES[choice[CLOTH] - 1]
            )
            pen.arc(
                (x - half - 5, top - 7, x + half + 5, y + tall + 8), 0, 360, fill=CLOTHES[choice[CLOTH] - 1], width=8
            )


def _long_hair(pen: ImageDraw.ImageDraw, frame: Frame, colour: str, *, straight: bool) -> None:
    """Hair behind the head."""
    x, y, half, tall = frame
    box = (x - half - 8, y - tall - 5, x + half + 8, y + tall + 18)
    if straight:
        pen.rounded_rectangle(box, 20, fill=_shade(colour, 0.85))
    else:
        pen.ellipse(box, fill=_shade(colour, 0.85))

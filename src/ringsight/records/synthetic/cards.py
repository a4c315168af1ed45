"""ID cards: five layouts of an invented country, each with its own pattern, filled in for one person."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (480, 302)
"""Width and height of a card in pixels."""
POPULARITY = (0.3, 0.25, 0.2, 0.15, 0.1)
"""How common each layout is."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of document looks."""

    title: str
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    waves: tuple[float, float]
    """Periods of the pattern, per card."""
    portrait_left: bool
    banner: bool
    """Whether the title stands on a band of colour."""
    machine_readable: bool
    """Whether two lines for machines stand at the foot."""


LAYOUTS = (
    Layout("IDENTITY CARD", (226, 234, 240), (38, 74, 122), (3, 9), True, True, False),
    Layout("RESIDENCE PERMIT", (240, 226, 222), (150, 48, 74), (5, 7), True, True, True),
    Layout("DRIVING LICENCE", (246, 224, 214), (176, 92, 62), (2, 12), False, False, False),
    Layout("PASSPORT", (228, 238, 224), (36, 104, 70), (6, 8), True, False, True),
    Layout("CITIZEN CARD", (236, 230, 242), (96, 66, 140), (4, 10), False, True, True),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """What is written on one card."""

    surname: str
    first_name: str
    born: str
    sex: str
    number: str
    issued: str
    expires: str
    authority: str


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font."""
    return ImageFont.load_default(size)


def card(layout: Layout, holder: Holder, face: Image.Image) -> Image.Image:
    """Fill in one card; RGB of `SIZE`, to be cut to its `outline`."""
    image = _blank(layout).copy()
    pen = ImageDraw.Draw(image)
    left, right = (24, 165) if layout.portrait_left else (SIZE[0] - 136, 26)
    image.paste(face, (left, 70))
    ghost = face.resize((44, 55)).convert("L").convert("RGB")
    image.paste(ghost, (right + 236, 186), Image.new("L", ghost.size, 70))
    fields = (
        ("Surname", holder.surname.upper()),
        ("Given name", holder.first_name),
        ("Date of birth / Sex", f"{holder.born}   {holder.sex.upper()}"),
        ("Document no.", holder.number),
        ("Issued / Expires", f"{holder.issued}  -  {holder.expires}"),
    )
    for row, (label, value) in enumerate(fields):
        top = 66 + 33 * row
        pen.text((right, top), label, fill=layout.ink, font=font(10))
        pen.text((right, top + 11), value, fill=(28, 28, 32), font=font(17))
    pen.text((right, 232), holder.authority, fill=layout.ink, font=font(11))
    if layout.machine_readable:
        lines = _machine_lines(layout, holder)
        for row, line in enumerate(lines):
            pen.text((22, 252 + 20 * row), line, fill=(30, 30, 30), font=font(16))
    else:
        pen.text((left + 4, 222), f"{holder.first_name} {holder.surname}", fill=(40, 40, 90), font=font(13))
    return image


def _machine_lines(layout: Layout, holder: Holder) -> tuple[str, str]:
    names = f"{holder.surname}<<{holder.first_name}".upper()
    return f"{layout.title[:2]}<{names}".ljust(34, "<"), f"{holder.number}{holder.born.replace('.', '')}".ljust(34, "<")


@lru_cache
def _blank(layout: Layout) -> Image.Image:
    """Draw a card without its holder: pattern, emblem, title."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width] / height
    first, second = layout.waves
    phase = np.sin(2 * np.pi * first * x / 3 + 3 * np.sin(2 * np.pi * y)) + np.sin(
        2 * np.pi * second * y / 3 + 4 * np.sin(2 * np.pi * first * x / 9)
    )
    lines = np.exp(-((phase % 0.5 - 0.25) ** 2) / 0.003)[..., None]
    fade = 0.26 + 0.12 * np.cos(2 * np.pi * x / 1.6)[..., None]
    pixels = np.array(layout.paper) * (1 - fade * lines) + np.array(layout.ink) * fade * lines
    image = Image.fromarray(pixels.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    if layout.banner:
        pen.rectangle((0, 0, width, 50), fill=layout.ink)
    colour = (250, 250, 250) if layout.banner else layout.ink
    pen.text((24, 8), "REPUBLIC OF ARDENIA", fill=colour, font=font(14))
    pen.text((24, 25), layout.title, fill=colour, font=font(21))
    for ring in range(3):
        box = (width - 58 + 5 * ring, 7 + 5 * ring, width - 20 - 5 * ring, 45 - 5 * ring)
        pen.ellipse(box, outline=colour, width=2)
    if not layout.machine_readable:
        pen.rounded_rectangle((width - 190, 252, width - 150, 282), 5, fill=(206, 178, 104), outline=(140, 116, 60))
        pen.line((width - 190, 267, width - 150, 267), fill=(140, 116, 60))
    return image


@lru_cache
def outline(size: tuple[int, int]) -> Image.Image:
    """Round corners: a mask of `size` (width, height) that is 255 on the card and 0 beyond it."""
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), 18, fill=255)
    return mask.resize(size, Image.Resampling.BILINEAR)

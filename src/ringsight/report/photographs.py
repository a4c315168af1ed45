"""Small copies of ID images, as data URIs."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from ringsight.records.images import FORMATS, image_fault

BOX = (184, 124)
QUALITY = 62
MAX_PIXELS = 50_000_000
"""An image with more pixels is not opened."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """One ID image: a small copy, or the reason why there is none."""

    image_id: str
    uri: str
    """data:image/jpeg;base64,…; empty where `fault` says why."""
    fault: str


def photograph(folder: Path, image_id: str, path: str, box: tuple[int, int] = BOX) -> Photograph:
    """Shrink the image at `path`, relative to `folder`, to fit a box; an image that cannot be used gives its fault."""
    fault = image_fault(folder, path, MAX_PIXELS)
    if fault is not None:
        return Photograph(image_id=image_id, uri="", fault=fault)
    with Image.open(folder / path, formats=FORMATS) as image:
        image.draft("RGB", (2 * box[0], 2 * box[1]))
        small = ImageOps.exif_transpose(image).convert("RGB")
    small.thumbnail(box)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY)
    return Photograph(
        image_id=image_id, uri="data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(), fault=""
    )

"""Small copies of ID images, as data URIs."""

import base64
import io
from dataclasses import dataclass

from ringsight.records.opened_pictures import OpenedPictures

BOX = (184, 124)
QUALITY = 62


@dataclass(frozen=True, slots=True)
class Photograph:
    """One ID image: a small copy, or the reason why there is none."""

    image_id: str
    uri: str
    """data:image/jpeg;base64,…; empty where `fault` says why."""
    fault: str


def photograph(pictures: OpenedPictures, image_id: str, path: str, box: tuple[int, int] = BOX) -> Photograph:
    """Shrink a picture to fit a box; one that cannot be used gives its fault."""
    opened = pictures.look(path)
    if opened.image is None:
        return Photograph(image_id=image_id, uri="", fault=opened.fault)
    small = opened.image
    small.thumbnail(box)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY)
    return Photograph(
        image_id=image_id, uri="data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode(), fault=""
    )

"""What runs in a child process: pictures in, small copies out.

A bank's pictures come from the people it suspects, and a decoder is a large program in C. So a picture is decoded here,
where it can harm nothing: the process has bounds on its memory, on the time for one picture and on pixels, it can open
no further file and no connection, and nothing but pixels leaves it, or a number that stands for a fault.

HEIC is opened where pi-heif-decoder is installed, and the first page of a PDF where pypdfium2 is; both are extras, and
bounded as everything else here.

It is started by path (`picture_openers`), so that it imports Pillow and nothing of ringsight. Protocol: the parent
writes `REQUEST` and the content of a file; the child answers by `ANSWER` and, where the fault is `Fault.none`, the
pixels in RGB, row by row.
"""

import io
import json
import resource
import signal
import struct
import sys
import warnings
from contextlib import suppress
from enum import IntEnum
from typing import BinaryIO

from PIL import (
    BmpImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM")
"""Formats that are opened; the others that Pillow knows include some that run programs."""
LOADED = (
    BmpImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
"""Imported before the process is closed: afterwards it can open no module. A JPEG with previews is an MPO."""
FURTHER: set[str] = set()
"""Formats of extras that are installed: `HEIF`, `PDF`."""
ANIMATED = ("PNG", "WEBP")
"""Formats whose further frames are a film. Those of a TIFF are pages, of which the first is taken."""
LONGEST = 512
"""Most pixels of a small copy's longer side."""
DRAFT = (224, 144)
"""A JPEG is decoded at a half, a quarter or an eighth of its size as long as it stays as large as this."""
DEEP = ("I;16", "I;16L", "I;16B", "I", "F")
"""Pillow's modes of more than 8 bits a pixel, all of them grey."""
MODES = (*DEEP, "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV")
WEBP_PIXEL = 16
"""Bytes that a pixel of a WebP takes while it is decoded: two canvases, a frame, and the picture."""
PDF = b"%PDF"
PHOTOMETRIC = 262
"""TIFF tag that tells whether 0 is white."""
REQUEST = struct.Struct(">QQ")
"""Most pixels, bytes of the file."""
ANSWER = struct.Struct(">BHH")
"""Fault, width, height."""


class Fault(IntEnum):
    """Why there is no copy."""

    none = 0
    unknown = 1
    """Of no format in `FORMATS`."""
    pixels = 2
    """More pixels than allowed."""
    memory = 3
    """More memory than allowed."""
    damaged = 4
    broken_off = 5
    animated = 6
    colours = 7
    """Colours that cannot be brought to RGB."""
    heic = 8
    pdf = 9


def small_copy(content: bytes, most_pixels: int) -> Image.Image | Fault:
    """Decode a picture: its first page, upright, in RGB over white, no side longer than `LONGEST`.

    Args:
        content: of the file.
        most_pixels: bound on width times height, judged by the header.
    """
    try:
        if _webp_pixels(content) > most_pixels:  # Pillow makes a canvas before it tells a WebP's size
            return Fault.pixels
        if "PDF" in FURTHER and content.startswith(PDF):
            return _first_page(content)
        with Image.open(io.BytesIO(content), formats=(*FORMATS, *(FURTHER & {"HEIF"}))) as image:
            if image.width * image.height > most_pixels:
                raise _Faulty(Fault.pixels)
            return _decoded(image)
    except Exception as error:  # whatever a decoder that is written for good files raises on a bad one
        return _fault_of(error, content)


def _fault_of(error: Exception, content: bytes) -> Fault:
    match error:
        case _Faulty():
            return error.fault
        case MemoryError():
            return Fault.memory
        case UnidentifiedImageError():
            return _unidentified(content)
        case OSError() if "truncated" in str(error):
            return Fault.broken_off
        case _:
            return _damaged(content)


class _Faulty(Exception):  # noqa: N818 - it is the picture's
    """Raised where a picture is of no use, though nothing went wrong."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _first_page(content: bytes) -> Image.Image:
    """The first page of a PDF, drawn so large that its longer side has `LONGEST` pixels; its size bounds the work."""
    import pypdfium2

    page = pypdfium2.PdfDocument(content)[0]
    drawn: Image.Image = page.render(scale=LONGEST / max(page.get_size()), may_draw_forms=False).to_pil()
    return _rgb(drawn.crop((0, 0, min(drawn.width, LONGEST), min(drawn.height, LONGEST))))


def _decoded(image: Image.Image) -> Image.Image:
    """The small copy of a picture whose header was read."""
    if image.format in ANIMATED and getattr(image, "is_animated", False):
        raise _Faulty(Fault.animated)
    image.draft("RGB", DRAFT)
    image.load()
    if image.mode not in MODES:
        raise _Faulty(Fault.colours)
    ImageOps.exif_transpose(image, in_place=True)
    return _rgb(_deep(image) if image.mode in DEEP else _shallow(image))


def _deep(image: Image.Image) -> Image.Image:
    """A picture of more than 8 bits a pixel in 8 bits; the largest value in it tells what is white."""
    levels = image.convert("F")
    _, highest = levels.getextrema()
    assert not isinstance(highest, tuple)  # noqa: S101 - there is one band
    whites = [1.0] * (image.mode == "F") + [255.0, 4095.0, 65535.0]
    scale = 255 / next((white for white in whites if highest <= white), highest)
    grey = _reduced(levels).point(lambda level: level * scale + 0.5).convert("L")
    return ImageOps.invert(grey) if _black_is_highest(image) else grey


def _black_is_highest(image: Image.Image) -> bool:
    """Whether a TIFF counts from white; Pillow turns those of 8 bits, and leaves the others as they are."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == 0


def _shallow(image: Image.Image) -> Image.Image:
    """A picture of 8 bits a colour, or of a palette, reduced."""
    if image.mode in ("1", "P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return _reduced(image)


def _reduced(image: Image.Image) -> Image.Image:
    """The picture with no side longer than `LONGEST`, by the mean of the pixels that become one."""
    if max(image.size) <= LONGEST:
        return image
    scale = LONGEST / max(image.size)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.BOX)


def _rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB, over white where it is transparent."""
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        white = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, shown).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _unidentified(content: bytes) -> Fault:
    """What a file is that Pillow does not know, as far as it matters to whoever has to mend it."""
    head = content[:12]
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heif", b"mif1", b"hevc"):
        return Fault.damaged if "HEIF" in FURTHER else Fault.heic
    if head.startswith(PDF):
        return Fault.damaged if "PDF" in FURTHER else Fault.pdf
    begun = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"BM")
    return _damaged(content) if head.startswith(begun) or head.endswith(b"WEBP") else Fault.unknown


def _damaged(content: bytes) -> Fault:
    """That a file is damaged, unless it is a WebP too large for the memory: its decoder tells no difference."""
    needed = WEBP_PIXEL * _webp_pixels(content)
    return Fault.memory if needed > resource.getrlimit(resource.RLIMIT_AS)[0] > 0 else Fault.damaged


def _webp_pixels(content: bytes) -> int:
    """Width times height by the header of a WebP (RFC 9649, sections 2.5 to 2.7); 0 of all else."""
    if not content.startswith(b"RIFF") or content[8:12] != b"WEBP":
        return 0
    kind, header = content[12:16], content[20:30].ljust(10, b"\0")
    little = int.from_bytes(header, "little")
    match kind:
        case b"VP8X":
            return ((little >> 32 & 0xFFFFFF) + 1) * ((little >> 56 & 0xFFFFFF) + 1)
        case b"VP8L":
            return ((little >> 8 & 0x3FFF) + 1) * ((little >> 22 & 0x3FFF) + 1)
        case b"VP8 ":
            return (little >> 48 & 0x3FFF) * (little >> 64 & 0x3FFF)
        case _:
            return 0


def load_further() -> None:
    """Import what opens HEIC and PDF, where it is installed; once the process is closed it could not."""
    with suppress(ImportError):
        from pi_heif import options
        from pi_heif.as_plugin import register_heif_opener

        options.DECODE_THREADS = 0  # the process may start none
        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        FURTHER.add("HEIF")
    with suppress(ImportError):
        import pypdfium2  # noqa: F401 - it loads its library

        FURTHER.add("PDF")


def close_in(memory: int) -> None:
    """Take from this process what it does not need: memory beyond a bound, further files, connections and children.

    Args:
        memory: bytes of address space.
    """
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # those that are open stay so, and no number is left for another
    }
    for bound, value in bounds.items():
        with suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(bound, (value, value))


def serve(asked: BinaryIO, answers: BinaryIO, cpu_seconds: float) -> None:
    """Open one picture after another until nobody asks for more.

    Args:
        asked: where requests come from.
        answers: where copies go.
        cpu_seconds: CPU time for one picture, after which the system ends this process.
    """
    while request := asked.read(REQUEST.size):
        most_pixels, length = REQUEST.unpack(request)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            made = small_copy(asked.read(length), most_pixels)
        except MemoryError:
            made = Fault.memory
        signal.setitimer(signal.ITIMER_PROF, 0)
        if isinstance(made, Fault):
            answers.write(ANSWER.pack(made, 0, 0))
        else:
            answers.write(ANSWER.pack(Fault.none, *made.size) + made.tobytes())
        answers.flush()


def main() -> None:
    """Serve the parent; the bounds stand on the command line, as JSON."""
    bounds = json.loads(sys.argv[1])
    Image.MAX_IMAGE_PIXELS = None  # the parent's bound decides, not Pillow's
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # in the middle of a decoder no handler would run
    Image.preinit()  # it would import further modules when the first picture is opened
    load_further()
    close_in(bounds["memory"])
    serve(sys.stdin.buffer, sys.stdout.buffer, bounds["cpu_seconds"])


if __name__ == "__main__":
    main()

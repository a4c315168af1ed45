"""Every kind of picture comes out as its plain twin does, and each file is opened once."""

import io
from pathlib import Path

import numpy as np
import pytest
from bank_folder import Folder, only_fault
from numpy.typing import NDArray
from PIL import Image

from ringsight.errors import DataError
from ringsight.records import picture_child
from ringsight.records.opened_pictures import OpenedPictures, copy_name
from ringsight.records.picture_child import FORMATS, LONGEST, Fault, small_copy
from ringsight.records.picture_openers import PictureOpeners

MANY = 50_000_000
GREY = np.linspace(0, 255, 60 * 40).reshape(40, 60).round().astype(np.uint8)
CARD = Image.merge("RGB", [Image.fromarray(each) for each in (GREY, GREY[::-1], 255 - GREY)])


def saved(image: Image.Image, form: str, **told: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **told)
    return stream.getvalue()


def copied(content: bytes) -> NDArray[np.uint8]:
    made = small_copy(content, MANY)
    assert isinstance(made, Image.Image), made
    assert made.mode == "RGB"
    return np.asarray(made)


def deep(levels: NDArray[np.generic], form: str, **told: object) -> bytes:
    return saved(Image.fromarray(levels), form, **told)


@pytest.mark.parametrize(
    "twin",
    [
        deep(GREY.astype(np.uint16) * 257, "PNG"),
        deep(GREY.astype(np.uint16) * 257, "TIFF"),
        deep(GREY.astype(np.uint16) * 257, "TIFF", tiffinfo={262: 1}),
        deep((255 - GREY).astype(np.uint16) * 257, "TIFF", tiffinfo={262: 0}),
        deep(GREY.astype(np.uint16), "PNG"),
        deep(GREY.astype(np.int32) * 257, "TIFF"),
        deep(GREY.astype(np.float32), "TIFF"),
        deep(GREY.astype(np.float32) / 255, "TIFF"),
    ],
    ids=["16 bits", "16 bits TIFF", "from black", "from white", "8 in 16", "32 bits", "float", "float to 1"],
)
def test_a_deep_scan_lies_where_its_twin_of_8_bits_lies(twin: bytes) -> None:
    np.testing.assert_array_equal(copied(twin), copied(saved(Image.fromarray(GREY), "PNG")))


def test_a_scan_of_12_bits_is_as_bright_as_its_twin() -> None:
    twelve = copied(deep(((GREY.astype(np.uint32) * 4095 + 127) // 255).astype(np.uint16), "PNG"))
    np.testing.assert_allclose(twelve.astype(int), copied(saved(Image.fromarray(GREY), "PNG")).astype(int), atol=1)


def test_a_large_deep_scan_is_reduced_as_its_twin_is() -> None:
    large = np.kron(GREY, np.ones((20, 20), np.uint8))
    one, twin = copied(deep(large.astype(np.uint16) * 257, "PNG")), copied(saved(Image.fromarray(large), "PNG"))
    assert max(one.shape) == LONGEST
    np.testing.assert_allclose(one.astype(int), twin.astype(int), atol=1)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_a_turned_picture_comes_out_upright(turn: int, form: str) -> None:
    """Turned back by hand: what each value of the tag means stands in EXIF 2.32, section 4.6.4."""
    back = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }
    exif = Image.Exif()
    exif[0x0112] = turn
    lossless = {"lossless": True} if form == "WEBP" else {}
    np.testing.assert_array_equal(copied(saved(back[turn](CARD), form, exif=exif, **lossless)), np.asarray(CARD))


def test_what_is_transparent_is_white() -> None:
    clear = CARD.convert("RGBA")
    clear.putalpha(0)
    half = Image.new("LA", (9, 9), (0, 128))
    palette = Image.new("P", (9, 9), 3)
    palette.putpalette([7] * 768)
    assert copied(saved(clear, "PNG")).min() == 255
    assert copied(saved(clear, "WEBP", lossless=True)).min() == 255
    assert set(copied(saved(half, "PNG")).ravel().tolist()) <= {126, 127, 128}
    assert copied(saved(palette, "PNG", transparency=3)).min() == 255
    assert copied(saved(palette, "PNG")).max() == 7
    assert copied(saved(Image.new("L", (9, 9), 40), "PNG", transparency=40)).min() == 255


@pytest.mark.parametrize(
    ("image", "form"),
    [(CARD.convert("CMYK"), "TIFF"), (CARD, "BMP"), (CARD, "PPM"), (CARD.convert("YCbCr"), "TIFF")],
)
def test_other_colours_and_formats_are_as_their_twin(image: Image.Image, form: str) -> None:
    np.testing.assert_allclose(copied(saved(image, form)).astype(int), np.asarray(CARD).astype(int), atol=3)


def test_of_many_pages_the_first_is_taken() -> None:
    pages = saved(CARD, "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    np.testing.assert_array_equal(copied(pages), np.asarray(CARD))


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_film_is_refused(form: str) -> None:
    film = saved(CARD, form, save_all=True, append_images=[Image.new("RGB", CARD.size)], duration=9)
    assert small_copy(film, MANY) is Fault.animated


def test_a_picture_with_a_preview_is_no_film() -> None:
    previewed = saved(CARD, "MPO", save_all=True, append_images=[CARD.resize((6, 4))])
    assert copied(previewed).shape == (40, 60, 3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_a_file_that_breaks_off_is_told(form: str, kept: float) -> None:
    content = saved(Image.effect_noise((300, 200), 90).convert("RGB"), form)
    fault = small_copy(content[: int(kept * len(content))], MANY)
    assert fault in (Fault.broken_off, Fault.damaged)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.unknown),
        (b"%PDF-1.7", Fault.pdf),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Fault.heic),
        (saved(CARD, "GIF"), Fault.unknown),
        (saved(CARD, "ICO"), Fault.unknown),
        (b"\x89PNG\r\n\x1a\nxx", Fault.damaged),
        (saved(Image.new("LAB", (9, 9)), "TIFF"), Fault.colours),
    ],
)
def test_a_format_outside_the_list_is_told_by_its_name(content: bytes, fault: Fault) -> None:
    assert small_copy(content, MANY) is fault


def test_every_fault_has_words(folder: Folder) -> None:
    (folder.path / "id_images" / "C00.jpg").write_bytes(b"%!PS-Adobe-3.0")
    assert only_fault(folder.read())[3] == f"none of {', '.join(FORMATS)}: 'id_images/C00.jpg'"


def test_a_picture_is_opened_once_though_many_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CARD.save(tmp_path / "card.png")
    opens, times = PictureOpeners.open, list[int]()

    def opened(self: PictureOpeners, content: bytes, most_pixels: int) -> Image.Image | str:
        times.append(len(content))
        return opens(self, content, most_pixels)

    monkeypatch.setattr(PictureOpeners, "open", opened)
    pictures = OpenedPictures(tmp_path)
    for _ in range(3):
        np.testing.assert_array_equal(np.asarray(pictures.look("card.png").image), np.asarray(CARD))
    assert len(times) == 1


def test_nothing_is_opened_outside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    CARD.save(tmp_path / "card.png")
    (folder / "link.png").symlink_to(tmp_path / "card.png")
    pictures = OpenedPictures(folder)
    for path in ("../card.png", str(tmp_path / "card.png"), "link.png"):
        opened = pictures.look(path)
        assert (opened.image, opened.fault, opened.sketch) == (None, "path leaves the folder", None)
        with pytest.raises(DataError, match="path leaves the folder"):
            opened.require(path)
    assert pictures.look("none.png").fault == "no such file"


def test_a_copy_that_was_kept_is_read_and_a_picture_opened_anew_counts_instead(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    CARD.save(tmp_path / "card.png")
    Image.new("RGB", (3, 3), (1, 2, 3)).save(kept / copy_name("card.png"), "WEBP", lossless=True)
    pictures = OpenedPictures(tmp_path, kept)
    assert pictures.look("card.png").require("").size == (3, 3)
    pictures.open("card.png")
    assert pictures.look("card.png").require("").size == CARD.size
    (tmp_path / "card.png").write_bytes(b"")
    assert pictures.open("card.png").image is None
    assert (kept / copy_name("card.png")).is_file()
    again = OpenedPictures(tmp_path, kept)
    again.open("card.png")
    assert again.look("card.png").image is None  # the copy is of another picture


def test_the_name_of_a_copy_says_nothing_of_the_path() -> None:
    assert "C00" not in copy_name("id_images/C00.jpg")
    assert copy_name("id_images/C00.jpg") == copy_name("id_images//C00.jpg") != copy_name("id_images/C01.jpg")


def test_the_list_of_formats_names_no_program() -> None:
    assert set(picture_child.FORMATS) == {"JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM"}

"""ID images that cannot be used, and those that look as if they could not."""

import struct
import zlib
from pathlib import Path

import pytest
from bank_folder import Folder, only_fault
from PIL import Image


def point_to(folder: Folder, path: str) -> None:
    folder.replace("id_images", 1, f"C00,I0,{path}".encode())


def huge_png(path: Path, side: int) -> None:
    """A PNG whose header claims side × side pixels; it has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [14_143, 10_000, 8_000])  # 200, 100 and 64 million pixels
def test_a_flood_of_pixels_is_refused_by_its_header(
    folder: Folder, side: int, recwarn: pytest.WarningsRecorder
) -> None:
    huge_png(folder.path / "id_images" / "huge.png", side)
    point_to(folder, "id_images/huge.png")
    assert only_fault(folder.read()) == (
        "id_images.csv", 1, "path", "more than 50000000 pixels: 'id_images/huge.png'"
    )  # fmt: skip
    assert not recwarn.list


def test_the_bound_on_pixels_is_the_settings(folder: Folder) -> None:
    assert folder.read(max_image_pixels=40 * 30).quarantine.is_empty()
    assert folder.read(max_image_pixels=40 * 30 - 1, max_bad_rows=1.0).id_images.is_empty()


@pytest.mark.parametrize("kept", [0, 100, 0.5, -3])
def test_a_file_that_breaks_off_is_damaged(folder: Folder, kept: float) -> None:
    path = folder.path / "id_images" / "C00.jpg"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    reason = only_fault(folder.read())[3]
    assert reason.startswith(("damaged image", "none of JPEG, PNG"))


def test_a_file_of_another_kind_is_refused(folder: Folder) -> None:
    (folder.path / "id_images" / "C00.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert only_fault(folder.read())[3].startswith("none of JPEG, PNG")


@pytest.mark.parametrize("path", ["id_images/none.jpg", "id_images", "id_images/\x01.jpg", "x" * 5000])
def test_a_missing_file_is_named(folder: Folder, path: str) -> None:
    point_to(folder, path)
    assert only_fault(folder.read())[3].startswith("no such file")


def test_no_path_leaves_the_folder(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    Image.new("L", (9, 9)).save(outside)
    (folder.path / "id_images" / "link.jpg").symlink_to(outside)
    (folder.path / "door").symlink_to(tmp_path)
    escapes = [str(outside), "../outside.jpg", "id_images/../../outside.jpg", "id_images/link.jpg", "door/outside.jpg"]
    folder.write(
        "id_images", [folder.lines("id_images")[0], *[f"C00,I{i},{p}".encode() for i, p in enumerate(escapes)]]
    )
    bank = folder.read(max_bad_rows=1.0)
    assert bank.id_images.is_empty()
    assert bank.quarantine["reason"].str.starts_with("path leaves the folder").all()
    assert bank.quarantine.height == len(escapes)


def test_a_link_inside_the_folder_is_fine(folder: Folder) -> None:
    (folder.path / "id_images" / "link.jpg").symlink_to(folder.path / "id_images" / "C01.jpg")
    point_to(folder, "id_images/link.jpg")
    assert folder.read(max_bad_rows=0).id_images.height == 10


def test_one_file_may_serve_many_customers(folder: Folder) -> None:
    point_to(folder, "id_images/C01.jpg")
    assert folder.read(max_bad_rows=0).id_images["path"].n_unique() == 9


def test_captured_at_may_be_empty_but_not_nonsense(folder: Folder) -> None:
    header, *rows = folder.lines("id_images")
    stamps = [b"", b"nonsense", *[b"2020-01-01"] * 8]
    folder.write(
        "id_images", [header + b",captured_at", *[row + b"," + stamp for row, stamp in zip(rows, stamps, strict=True)]]
    )
    bank = folder.read()
    assert bank.id_images["captured_at"].null_count() == 1
    assert bank.quarantine.row(0)[1:3] == (2, "captured_at")


@pytest.mark.parametrize("side", [1, 5, 9])
def test_small_jpegs_are_read(folder: Folder, side: int) -> None:
    Image.new("RGB", (side, side)).save(folder.path / "id_images" / "C00.jpg")
    assert folder.read(max_bad_rows=0).id_images.height == 10


@pytest.mark.parametrize("form", ["png", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_other_formats_are_read(folder: Folder, form: str, mode: str) -> None:
    Image.new(mode, (9, 9)).save(folder.path / "id_images" / f"other.{form}")
    point_to(folder, f"id_images/other.{form}")
    assert folder.read(max_bad_rows=0).id_images.height == 10

"""Regions that look alike in two ID images: found where they are, and not where every image is alike."""

from pathlib import Path

import numpy as np
import pytest
from bank_of_records import bank_of_records
from numpy.typing import NDArray
from PIL import Image

from ringsight.explain.matching import MatchingImages, matching_images
from ringsight.explain.matching.matching_images import ALIKE

HEIGHT, WIDTH = 192, 288
STRANGERS = 12
Pixels = NDArray[np.uint8]


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    """Random blotches of 12 pixels."""
    blotches = np.random.default_rng(seed).integers(0, 255, (height // 12, width // 12), dtype=np.uint8)
    return np.kron(blotches, np.ones((12, 12), dtype=np.uint8))


def compare(folder: Path, one: Pixels, other: Pixels, strangers: list[Pixels]) -> MatchingImages | None:
    pictures = {"a": one, "b": other} | {f"s{number}": each for number, each in enumerate(strangers)}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    bank = bank_of_records(folder, images=[(f"I-{name}", name, f"{name}.png") for name in pictures])
    return matching_images(bank, [("a", "b")]).get(("a", "b"))


@pytest.fixture
def strangers() -> list[Pixels]:
    return [texture(100 + number) for number in range(STRANGERS)]


@pytest.mark.parametrize("shift", [(0, 0), (12, -12), (-18, 18)])
def test_one_picture_shifted_is_alike_nearly_everywhere(
    tmp_path: Path, strangers: list[Pixels], shift: tuple[int, int]
):
    large = texture(0, HEIGHT + 48, WIDTH + 48)
    down, right = shift
    one = large[24 : 24 + HEIGHT, 24 : 24 + WIDTH]
    other = large[24 - down : 24 - down + HEIGHT, 24 - right : 24 - right + WIDTH]
    found = compare(tmp_path, one, other, strangers)
    assert found is not None
    assert found.area > 0.7
    assert (found.usual, found.strangers) == (0, STRANGERS)
    best = found.regions[0]
    assert best.box_b[3] - best.box_a[3] == pytest.approx(min(down / HEIGHT, 1 - best.box_a[3]), abs=0.02)


def test_a_patch_in_common_is_outlined_and_the_rest_is_not(tmp_path: Path, strangers: list[Pixels]):
    one, other = texture(1), texture(2)
    one[:96, :96] = other[:96, :96] = texture(3)[:96, :96]
    found = compare(tmp_path, one, other, strangers)
    assert found is not None
    left, top, right, bottom = found.regions[0].box_a
    assert right <= 96 / WIDTH + 0.12
    assert bottom <= 96 / HEIGHT + 0.17
    assert (right - left) * (bottom - top) > 0.08
    assert found.area < 0.4


def test_a_frame_that_everybody_has_is_not_counted(tmp_path: Path, strangers: list[Pixels]):
    frame = texture(4)[:96]
    pictures = [texture(5), texture(6), *strangers]
    for pixels in pictures:
        pixels[:96] = frame
    found = compare(tmp_path, pictures[0], pictures[1], pictures[2:])
    assert found is None or all(region.box_a[1] >= 0.3 for region in found.regions)


@pytest.mark.parametrize("seed", range(4))
def test_strangers_are_alike_in_little(tmp_path: Path, strangers: list[Pixels], seed: int):
    found = compare(tmp_path, texture(10 + 2 * seed), texture(11 + 2 * seed), strangers)
    assert found is None or found.area < 0.3


def test_boxes_lie_inside_and_regions_are_as_alike_as_they_must(tmp_path: Path, strangers: list[Pixels]):
    found = compare(tmp_path, texture(0), texture(0), strangers)
    assert found is not None
    for region in found.regions:
        assert ALIKE <= region.correlation <= 1 + 1e-6
        for left, top, right, bottom in (region.box_a, region.box_b):
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


@pytest.mark.parametrize(
    "other",
    [
        np.full((HEIGHT, WIDTH), 200, dtype=np.uint8),
        np.zeros((1, 1), dtype=np.uint8),
        np.zeros((3, 2_000), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (40, 60, 4), dtype=np.uint8),
    ],
    ids=["plain", "one pixel", "a line", "with transparency"],
)
def test_odd_images_are_compared_all_the_same(tmp_path: Path, strangers: list[Pixels], other: Pixels):
    found = compare(tmp_path, texture(0), other, strangers)
    assert found is None or found.area < 0.3


def test_images_that_cannot_be_used_are_passed_over(tmp_path: Path):
    Image.fromarray(texture(0)).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n not a picture")
    names = {"a": "good.png", "b": "broken.png", "c": "gone.png", "d": "../outside.png"}
    bank = bank_of_records(tmp_path, images=[(f"I-{name}", name, path) for name, path in names.items()])
    assert matching_images(bank, [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("a", "e")]) == {}


def test_without_strangers_nothing_is_usual(tmp_path: Path):
    found = compare(tmp_path, texture(0), texture(0), [])
    assert found is not None
    assert (found.area, found.usual, found.strangers) == (1, 0, 0)


def test_no_images_no_artefacts():
    assert matching_images(bank_of_records(), []) == {}
    assert matching_images(bank_of_records(), [("a", "b")]) == {}

"""What each facet of an ID image sees, and what it does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from test_id_images import CONFIG, CPU, pictures_bank

from ringsight.encoders.id_images import embed_id_images, train_id_images
from ringsight.encoders.pictures import read_pictures
from ringsight.encoders.settings import Portrait
from ringsight.records.bank import Bank

SIZE = (320, 208)


def photograph(table: int, card: int, light: int, face: int = 0) -> Image.Image:
    """A card on a table; each of table, card and light is drawn from its own seed."""
    rng = np.random.default_rng([1, table])
    texture = rng.integers(95, 145, (14, 20, 3), dtype=np.uint8)
    image = Image.fromarray(texture).resize(SIZE, Image.Resampling.NEAREST)
    rng = np.random.default_rng([2, card])
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 20, 296, 188), fill=(190, 190, 190))
    for _ in range(14):
        x, y, length = (int(each) for each in rng.integers((130, 50, 20), (220, 180, 70)))
        draw.line((x, y, x + length, y + int(rng.integers(-20, 20))), fill=(60, 60, 60), width=3)
    draw.rectangle((30, 60, 110, 180), fill=(90 + 60 * face, 120, 100))
    rng = np.random.default_rng([3, light])
    shade = np.outer(np.linspace(1, rng.uniform(0.5, 1.4), SIZE[1]), np.linspace(1, rng.uniform(0.5, 1.4), SIZE[0]))
    lit = np.asarray(image) * shade[..., None] * rng.uniform(0.8, 1.2, 3)
    noisy = lit + np.random.default_rng([3, light, table, card]).normal(0, rng.uniform(1, 12), lit.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def facets_of(bank: Bank, part: Path) -> dict[str, NDArray[np.float32]]:
    return {each.space: each.vectors for each in embed_id_images(bank, part)}


SAME = {"border": (0, 50, 51), "card": (60, 0, 61), "light": (70, 71, 0)}


@pytest.fixture(scope="module")
def photographs() -> dict[str, Image.Image]:
    """Strangers, and of each facet one picture that has it in common with the first stranger, and nothing else."""
    strangers = {f"c{number:02}": photograph(number, number, number) for number in range(40)}
    return strangers | {f"with-{facet}": photograph(*seeds) for facet, seeds in SAME.items()}


@pytest.fixture(scope="module")
def bank(photographs: dict[str, Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return pictures_bank(tmp_path_factory.mktemp("photographs") / "bank", photographs)


@pytest.fixture(scope="module")
def part(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "id_images"
    train_id_images(bank, replace(CONFIG, epochs=1), CPU, 0, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("facet", list(SAME))
def test_each_facet_sees_what_is_the_same_in_it(bank: Bank, part: Path, facet: str) -> None:
    near = facets_of(bank, part)[facet]
    names = bank.id_images["customer_id"].to_list()
    similarity = near @ near[0]
    similarity[0] = -1
    assert names[int(similarity.argmax())] == f"with-{facet}"


def test_a_masked_portrait_is_seen_by_no_facet(bank: Bank, tmp_path: Path) -> None:
    other_face = pictures_bank(tmp_path / "bank", {"c00": photograph(0, 0, 0, face=1)})
    for portrait in Portrait:
        measured = [next(read_pictures(each, portrait)).measures() for each in (bank, other_face)]
        same = {name: np.array_equal(measured[0][name][0], measured[1][name][0]) for name in SAME}
        assert same == {"border": True, "card": portrait is Portrait.mask, "light": portrait is Portrait.mask}


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
@pytest.mark.parametrize("size", [(1, 1), (3, 500), (40, 2), (2000, 1500)])
def test_images_of_any_mode_and_size_are_measured(tmp_path: Path, mode: str, size: tuple[int, int]) -> None:
    odd = pictures_bank(tmp_path / "bank", {"c00": Image.new(mode, size)})
    measures = next(read_pictures(odd, Portrait.keep)).measures()
    assert all(np.isfinite(each).all() for each in measures.values())


@pytest.mark.slow
def test_several_images_of_a_customer_are_one_row(bank: Bank, part: Path) -> None:
    twice = bank.with_records(id_images=bank.id_images.vstack(bank.id_images))
    once, doubled = facets_of(bank, part), facets_of(twice, part)
    for facet in SAME:
        np.testing.assert_allclose(doubled[facet], once[facet], atol=1e-5)

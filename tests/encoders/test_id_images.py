"""What the image encoder takes for the same picture, and what it must not see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops
from tiny_bank import bank_of, card
from torchvision.models import shufflenet_v2_x0_5

from ringsight.encoders.augmentation import print_and_scan
from ringsight.encoders.id_images import embed_copies, embed_id_images, train_id_images
from ringsight.encoders.settings import IdImagesConfig, Portrait, TrainerConfig
from ringsight.errors import ModelError
from ringsight.records.bank import Bank

pytestmark = pytest.mark.slow

CPU = TrainerConfig(accelerator="cpu")
CONFIG = IdImagesConfig(dim=16, epochs=2, batch=8)
CUSTOMERS = 24


def pictures_bank(folder: Path, images: dict[str, Image.Image]) -> Bank:
    """Customers of one image each."""
    folder.mkdir()
    for name, image in images.items():
        image.save(folder / f"{name}.png")
    pictures = [{"image_id": name, "customer_id": name, "path": f"{name}.png"} for name in images]
    return bank_of(folder, sorted(images), [], [], pictures)


def photographed_again(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The same card, a pixel to the side, with slight noise."""
    moved = np.asarray(ImageChops.offset(image, 1, 0), dtype=float)
    return Image.fromarray(np.clip(moved + rng.normal(0, 4, moved.shape), 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def cards() -> dict[str, Image.Image]:
    return {f"c{number:02}": card(np.random.default_rng(number)) for number in range(CUSTOMERS)}


@pytest.fixture(scope="module")
def cards_bank(cards: dict[str, Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return pictures_bank(tmp_path_factory.mktemp("cards") / "bank", cards)


def test_a_card_photographed_again_is_nearer_than_any_other(
    cards: dict[str, Image.Image], cards_bank: Bank, tmp_path: Path
) -> None:
    train_id_images(cards_bank, CONFIG, CPU, 0, tmp_path / "id_images")
    rng = np.random.default_rng(0)
    again = pictures_bank(tmp_path / "again", {name: photographed_again(image, rng) for name, image in cards.items()})
    first, second = (embed_id_images(bank, tmp_path / "id_images")[0].vectors for bank in (cards_bank, again))
    similarity = first @ second.T
    assert np.mean(similarity.argmax(axis=1) == np.arange(CUSTOMERS)) > 0.9
    assert np.diag(similarity).mean() > similarity[~np.eye(CUSTOMERS, dtype=bool)].mean() + 0.5


@pytest.mark.parametrize("portrait", list(Portrait))
def test_a_masked_portrait_does_not_count(
    cards: dict[str, Image.Image], cards_bank: Bank, tmp_path: Path, portrait: Portrait
) -> None:
    train_id_images(cards_bank, replace(CONFIG, epochs=1, portrait=portrait), CPU, 0, tmp_path / "id_images")
    other_faces = {}
    for name, image in cards.items():
        other_faces[name] = image.copy()
        other_faces[name].paste((255, 0, 0), (2, 10, 20, 36))
    changed = pictures_bank(tmp_path / "changed", other_faces)
    before, after = (embed_id_images(bank, tmp_path / "id_images")[0].vectors for bank in (cards_bank, changed))
    assert np.array_equal(before, after) == (portrait is Portrait.mask)


def test_several_images_of_a_customer_are_one_row(cards: dict[str, Image.Image], tmp_path: Path) -> None:
    bank = pictures_bank(tmp_path / "bank", cards)
    train_id_images(bank, replace(CONFIG, epochs=1), CPU, 0, tmp_path / "id_images")
    alone = embed_id_images(bank, tmp_path / "id_images")[0].vectors
    twice = bank.with_records(id_images=bank.id_images.vstack(bank.id_images))
    np.testing.assert_allclose(embed_id_images(twice, tmp_path / "id_images")[0].vectors, alone, atol=1e-5)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_images_of_any_mode_and_size_embed(cards_bank: Bank, tmp_path: Path, mode: str) -> None:
    train_id_images(cards_bank, replace(CONFIG, epochs=1), CPU, 0, tmp_path / "id_images")
    odd = pictures_bank(tmp_path / "odd", {"c00": Image.new(mode, (3, 500)), "c01": Image.new(mode, (1, 1))})
    assert embed_id_images(odd, tmp_path / "id_images")[0].vectors.shape == (2, 16)


def test_copies_of_images_embed_near_their_images(cards_bank: Bank, tmp_path: Path) -> None:
    train_id_images(cards_bank, CONFIG, CPU, 0, tmp_path / "id_images")
    images = embed_id_images(cards_bank, tmp_path / "id_images")[0].vectors
    one, same, other = (embed_copies(cards_bank, tmp_path / "id_images", seed)[0].vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    similarity = images @ one.T
    assert np.diag(similarity).mean() > similarity[~np.eye(CUSTOMERS, dtype=bool)].mean() + 0.3


def test_training_may_start_from_weights_in_a_file(cards_bank: Bank, tmp_path: Path) -> None:
    torch.manual_seed(5)
    torch.save(shufflenet_v2_x0_5(weights=None).state_dict(), tmp_path / "weights.pth")
    hashes = set()
    for weights in (None, tmp_path / "weights.pth"):
        config = replace(CONFIG, epochs=1, weights=weights, learning_rate=1e-9)
        train_id_images(cards_bank, config, CPU, 0, tmp_path / "id_images")
        hashes.add((tmp_path / "id_images" / "weights.safetensors").read_bytes())
    assert len(hashes) == 2


@pytest.mark.parametrize("content", [b"", b"not weights at all", None])
def test_weights_that_are_none_are_refused(cards_bank: Bank, tmp_path: Path, content: bytes | None) -> None:
    weights = tmp_path / "weights.pth"
    if content is not None:
        weights.write_bytes(content)
    with pytest.raises(ModelError, match=str(weights)):
        train_id_images(cards_bank, replace(CONFIG, weights=weights), CPU, 0, tmp_path / "id_images")


@pytest.mark.parametrize("state", [["a list"], {"conv1": torch.zeros(1)}])
def test_weights_of_another_network_are_refused(cards_bank: Bank, tmp_path: Path, state: object) -> None:
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(ModelError, match="shufflenet_v2_x0_5"):
        train_id_images(cards_bank, replace(CONFIG, weights=tmp_path / "weights.pth"), CPU, 0, tmp_path / "part")


@pytest.mark.parametrize("images", [1, 5])
def test_copies_keep_shape_and_range(images: int) -> None:
    pixels = torch.rand(images, 3, 72, 112)
    copies = print_and_scan(pixels, torch.Generator().manual_seed(0))
    assert copies.shape == pixels.shape
    assert bool(((copies >= 0) & (copies <= 1)).all())


def test_copies_are_drawn_by_the_generator() -> None:
    pixels = torch.rand(3, 3, 72, 112)
    one, same, other = (print_and_scan(pixels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert bool((one == same).all())
    assert not bool((one == other).all())


def test_copies_differ_from_their_image_slightly_and_from_each_other() -> None:
    pixels = torch.rand(1, 3, 9, 14).repeat_interleave(8, 2).repeat_interleave(8, 3).expand(20, -1, -1, -1)
    copies = print_and_scan(pixels, torch.Generator().manual_seed(0))
    assert 0.01 < float((copies - pixels).abs().mean()) < 0.3
    assert float((copies[0] - copies[1]).abs().mean()) > 0.01

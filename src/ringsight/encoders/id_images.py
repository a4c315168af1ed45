"""ID images: what the picture repeats -> one learned embedding, and facets.

A CNN from torchvision (ShuffleNet v2, Ma et al. 2018), trained by telling two print-and-scan copies of one image
from the copies of others (NT-Xent, Chen et al. 2020), beside a coarse picture of light and layout. It detects
repetition: the same template, background, light, layout, the same picture again. It is neither a forgery detector
nor a face recogniser.

Shapes: pixels (images, 3, height, width) in 0..1 -> image vectors (images, dim) -> embeddings (customers, dim).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize
from torch.utils.data import DataLoader, TensorDataset
from torchvision.models import shufflenet_v2_x0_5

from ringsight.encoders.augmentation import print_and_scan
from ringsight.encoders.card import card
from ringsight.encoders.even_space import EvenSpace, fit_even
from ringsight.encoders.facets import arrays_of, facet, summed, unit_or_zero
from ringsight.encoders.fitting import (
    FittingPlan,
    fingerprint,
    fit,
    held_out,
    info_nce,
    require_customers,
    seed_all,
    settings_of,
    trainer_settings,
)
from ringsight.encoders.note_vectors import pool
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.pictures import Pictures, read_pictures
from ringsight.encoders.settings import IdImagesConfig, Portrait, TrainerConfig
from ringsight.errors import ModelError
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings

FACETS = {"border": (1.0, False), "card": (1.0, False), "light": (0.1, True)}
"""Facet -> ridge of its whitening, and whether its measures have units of their own."""
LEARNED = "id_images"
"""The learned space."""
COARSE = (12, 18)
"""Size of the coarse picture of light and layout."""


class ImageEncoder(nn.Module):
    """Pixels -> one vector of length 1 for each image: what a CNN sees, beside the coarse picture."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        cnn = shufflenet_v2_x0_5(weights=None)
        self.cnn = nn.Sequential(cnn.conv1, cnn.maxpool, cnn.stage2, cnn.stage3, cnn.stage4)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(192 * 6, dim))
        self.coarse = nn.Linear(3 * COARSE[0] * COARSE[1], dim)

    def forward(self, pixels: Float[Tensor, "images 3 height width"]) -> Float[Tensor, "images dim"]:
        """Add what both see, each at length 1."""
        coarse = interpolate(pixels, COARSE, mode="area").flatten(1)
        seen = normalize(self.head(self.cnn(pixels)), dim=-1)
        return normalize(seen + normalize(self.coarse(coarse - 0.5), dim=-1), dim=-1)


class IdImagesTask(LightningModule):
    """Tell two print-and-scan copies of one image from the copies of others."""

    def __init__(self, dim: int, temperature: float, learning_rate: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = ImageEncoder(dim)
        self.temperature = temperature
        self.learning_rate = learning_rate

    def _step(self, batch: list[Tensor], stage: str, generator: torch.Generator | None) -> Tensor:
        pixels = batch[0].float() / 255
        first, second = (self.encoder(print_and_scan(pixels, generator)) for _ in range(2))
        loss = info_nce(first, second, self.temperature)
        self.log(f"{stage}_loss", loss, on_epoch=True, on_step=False, batch_size=len(pixels))
        return loss

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Learn from one batch of images, shape (batch, 3, height, width), 0..255."""
        return self._step(batch, "training", None)

    def validation_step(self, batch: list[Tensor], batch_number: int) -> Tensor:
        """Measure on images held out, on the same copies every time."""
        return self._step(batch, "validation", torch.Generator(batch[0].device).manual_seed(batch_number))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, without a schedule."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=1e-4)


def train_id_images(
    bank: Bank, config: IdImagesConfig, trainer: TrainerConfig, seed: int, into: Path
) -> dict[str, float]:
    """Train the image encoder on a bank's ID images and write its part.

    Args:
        bank: to learn from.
        config: of the encoder.
        trainer: of the training.
        seed: of every draw.
        into: the part's folder.

    Returns:
        Metrics on customers held out.

    Raises:
        DataError: if too few customers have images.
        ModelError: if the weights to start from do not fit.
    """
    customers = bank.id_images["customer_id"].unique().sort()
    require_customers(len(customers), "id_images")
    generator = seed_all(seed)
    read = list(read_pictures(bank, config.portrait))
    pixels = torch.from_numpy(np.concatenate([each.pixels for each in read]))
    measures = [each.measures() for each in read]
    facets = {
        name: fit_even(np.concatenate([each[name] for each in measures]), config.facet_dim, *how)
        for name, how in FACETS.items()
    }
    _, held = held_out(len(customers), trainer, seed)
    is_held = torch.from_numpy(bank.id_images["customer_id"].is_in(customers.gather(held).implode()).to_numpy())
    task = IdImagesTask(config.dim, config.temperature, config.learning_rate)
    if config.weights is not None:
        _start_from(task.encoder, config.weights)
    settings = settings_of(config) | trainer_settings(trainer)
    learned = pixels[~is_held]
    fitted = fit(
        FittingPlan(
            task=task,
            training=DataLoader(
                TensorDataset(learned),
                batch_size=config.batch,
                shuffle=True,
                generator=generator,
                drop_last=len(learned) > config.batch,
            ),
            validation=DataLoader(TensorDataset(pixels[is_held]), batch_size=config.batch),
            epochs=config.epochs,
            into=into,
            fingerprint=fingerprint(asdict(config) | asdict(trainer), bank.data_hash, seed),
        ),
        trainer,
    )
    centre = _vectors(task.encoder, pixels).mean(axis=0)
    write_part(
        into,
        kind="id_images",
        weights=task.encoder.state_dict(),
        preprocessing={f"{LEARNED}.centre": centre} | arrays_of(**facets),
        settings=settings,
        metrics=fitted.metrics,
        card=card("id_images", bank, settings, fitted.metrics, _CARD),
        curve=fitted.curve,
    )
    return fitted.metrics


def embed_id_images(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
    """Embed every customer who has an ID image; several images of one customer are averaged.

    Returns:
        The learned space, and the facets `border`, `card` and `light`.

    Raises:
        ModelError: if the part is missing, damaged or of a former version.
    """
    trained = Part.read(part, "id_images")
    seen = see(read_pictures(bank, Portrait(trained.settings["portrait"])), trained)
    return embed_seen(seen, bank.id_images, trained, bank.data_hash)


def embed_copies(bank: Bank, part: Path, copy_seed: int) -> tuple[Embeddings, ...]:
    """Embed print-and-scan copies of the images, drawn with a seed, as `embed_id_images` embeds the images.

    Raises:
        ModelError: if the part is missing, damaged or of a former version.
    """
    trained = Part.read(part, "id_images")
    pictures = read_pictures(bank, Portrait(trained.settings["portrait"]))
    return embed_seen(see(_copies(pictures, copy_seed), trained), bank.id_images, trained, bank.data_hash)


def _copies(pictures: Iterable[Pictures], copy_seed: int) -> Iterator[Pictures]:
    """Copies that are printed and scanned; the grain of the camera stays."""
    learned, measured = (torch.Generator().manual_seed(copy_seed) for _ in range(2))
    for each in pictures:
        yield replace(each, pixels=_copy(each.pixels, learned), measured=_copy(each.measured, measured))


def _copy(pixels: NDArray[np.uint8], generator: torch.Generator) -> NDArray[np.uint8]:
    copies: NDArray[np.uint8] = (print_and_scan(torch.from_numpy(pixels) / 255, generator) * 255).byte().numpy()
    return copies


def see(read: Iterable[Pictures], trained: Part) -> dict[str, NDArray[np.float32]]:
    """See images one by one: space -> a vector of each image; shape (images, its dim)."""
    spaces = {name: EvenSpace(**trained.fitted(name)) for name in FACETS}
    encoder = _encoder(trained)
    seen = {LEARNED: [np.zeros((0, trained.settings["dim"]), np.float32)]}
    seen |= {name: [np.zeros((0, space.axes.shape[1]), np.float32)] for name, space in spaces.items()}
    for pictures in read:
        seen[LEARNED].append(_vectors(encoder, torch.from_numpy(pictures.pixels)))
        measures = pictures.measures()
        for name, space in spaces.items():
            seen[name].append(unit_or_zero(space.apply(measures[name])))
    return {name: np.concatenate(vectors) for name, vectors in seen.items()}


def embed_seen(
    seen: Mapping[str, NDArray[np.float32]], images: pl.DataFrame, trained: Part, data_hash: str
) -> tuple[Embeddings, ...]:
    """Embed customers whose images were seen already, as `see` gives them in the order of `images`."""
    ids, pooled = pool(seen[LEARNED] - trained.fitted(LEARNED)["centre"], images)
    return (
        Embeddings(LEARNED, ids, pooled, trained.hash, data_hash),
        *(facet(name, *summed(seen[name], images), trained, data_hash) for name in FACETS),
    )


@lru_cache(maxsize=2)
def _encoder(trained: Part) -> ImageEncoder:
    encoder = ImageEncoder(trained.settings["dim"])
    encoder.load_state_dict(dict(trained.weights))
    return encoder.eval()


def _vectors(encoder: ImageEncoder, pixels: Tensor) -> NDArray[np.float32]:
    encoder.eval()
    with torch.inference_mode():
        chunks = [encoder(chunk.float() / 255) for chunk in torch.split(pixels, 256)]
    return torch.cat(chunks).numpy() if chunks else np.zeros((0, encoder.coarse.out_features), np.float32)


def _start_from(encoder: ImageEncoder, weights: Path) -> None:
    try:
        loaded = torch.load(weights, map_location="cpu", weights_only=True)
        cnn = shufflenet_v2_x0_5(weights=None)
        cnn.load_state_dict(loaded)
    except (OSError, EOFError, UnpicklingError, RuntimeError, TypeError) as error:
        raise ModelError(
            f"not weights of torchvision's shufflenet_v2_x0_5: {error}",
            where=str(weights),
            remedy="leave id_images.weights out to start from nothing",
        ) from error
    stages = nn.Sequential(cnn.conv1, cnn.maxpool, cnn.stage2, cnn.stage3, cnn.stage4)
    encoder.cnn.load_state_dict(stages.state_dict())


_CARD = """
It sees repetition: template, background, light, layout, and the picture itself. Its facets see one of them each: the
border of the photograph, the drawing of the card, light and grain. One photo studio or branch booth
behind many honest customers looks alike too. With `portrait: keep` the portrait is part of the picture; comparing
pictures of people may count as processing biometric data (GDPR, Article 9) if it serves to identify them, which
this does not: take advice before use. With `portrait: mask` the left two fifths below the headline are greyed out
before anything is computed, so no face is seen, and rings that reuse one face on different cards are missed.
"""

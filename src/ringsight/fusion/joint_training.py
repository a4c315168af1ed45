"""Training the joint space over the encoders of a model: two views of each customer, and pairs that are told of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ringsight.encoders import registered
from ringsight.encoders.card import card
from ringsight.encoders.fitting import (
    Fitted,
    FittingPlan,
    fingerprint,
    fit,
    held_out,
    seed_all,
    settings_of,
    trainer_settings,
)
from ringsight.encoders.note_vectors import unit
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.settings import FEWEST_CUSTOMERS, TrainerConfig
from ringsight.errors import ModelError
from ringsight.fusion.blocks import Blocks, all_spaces, side_by_side
from ringsight.fusion.embed import by_space
from ringsight.fusion.joint import JointSpace, JointTask
from ringsight.fusion.settings import FusionKind, ModelConfig
from ringsight.fusion.taught_pairs import Pairs, TaughtBatches
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.views import split_views

TWO_VIEWS_APART = 1
"""Offset of the seed that the copied images of the second view are drawn with."""


def encoder_hashes(model: Path, modalities: list[str]) -> dict[str, str]:
    """The hash of each modality's encoder in a model.

    Raises:
        ModelError: if one is missing or damaged.
    """
    return {name: Part.read(model / name, name).hash for name in modalities}


def train_fusion(bank: Bank, modalities: list[str], config: ModelConfig, seed: int, model: Path) -> dict[str, float]:
    """Train the joint space over the encoders in the folder `model`, and write its part.

    Args:
        bank: to learn from.
        modalities: to bring together, in the order of their encoders.
        config: of every part.
        seed: of every draw.
        model: folder of the model.

    Returns:
        Metrics on customers held out; none for `early` and `late`.

    Raises:
        ModelError: if an encoder is missing or damaged.
    """
    settings = settings_of(config.fusion) | trainer_settings(config.trainer)
    settings["encoders"] = encoder_hashes(model, modalities)
    weights: Mapping[str, Tensor] = {}
    preprocessing = {}
    fitted = Fitted({}, "")
    notes = _CARD
    match config.fusion.kind:
        case FusionKind.joint:
            weights, fitted, pairs, settings["spaces"] = _train_joint(bank, modalities, config, seed, model)
            settings["pairs"] = pairs.digest
            notes += pairs.described()
        case FusionKind.early:
            rows = side_by_side(_embed(bank, modalities, model), modalities).side_by_side()
            preprocessing["components"] = _components(rows, config.fusion.dim)
        case FusionKind.late:
            pass
    write_part(
        model / JOINT,
        kind=JOINT,
        weights=weights,
        preprocessing=preprocessing,
        settings=settings,
        metrics=fitted.metrics,
        card=card(JOINT, bank, settings, fitted.metrics, notes),
        curve=fitted.curve,
    )
    return fitted.metrics


@dataclass(frozen=True, slots=True, eq=False)
class PairedViews:
    """What the joint space is learned from: all that is known of each customer, and two views of it."""

    spaces: list[list[str]]
    """Of each modality, the learned one first."""
    dims: list[list[int]]
    whole: Blocks
    first: Blocks
    second: Blocks
    """Of the same customers as `first`: those who have something in both views."""


def views_of(bank: Bank, modalities: list[str], seed: int, model: Path) -> PairedViews:
    """Embed a bank by the encoders of a model, whole and in two views.

    Raises:
        ModelError: if too few customers have records for two views, or an encoder is missing or damaged.
    """
    embedded = _embed(bank, modalities, model)
    spaces = [[each.space for each in embedded.values() if each.modality == name] for name in modalities]
    dims = [[embedded[name].dim for name in names] for names in spaces]
    return PairedViews(spaces, dims, all_spaces(embedded, spaces), *_two_views(bank, spaces, model, seed))


def _train_joint(
    bank: Bank, modalities: list[str], config: ModelConfig, seed: int, model: Path
) -> tuple[Mapping[str, Tensor], Fitted, Pairs, list[list[str]]]:
    views = views_of(bank, modalities, seed, model)
    pairs = Pairs.of(config.fusion, views.first.customer_ids)
    settings = asdict(config.fusion) | asdict(config.trainer) | encoder_hashes(model, modalities)
    of_run = fingerprint(settings | {"pairs": pairs.digest}, bank.data_hash, seed)
    space, fitted = learned_space(views, pairs, config, seed, (model / JOINT, of_run))
    return space.state_dict(), fitted, pairs, views.spaces


def learned_space(
    views: PairedViews, pairs: Pairs, config: ModelConfig, seed: int, part: tuple[Path, str]
) -> tuple[JointSpace, Fitted]:
    """Learn the joint space of customers seen in two views.

    Args:
        views: of the customers.
        pairs: among the customers of both views.
        config: of the joint space and the trainer.
        seed: of every draw.
        part: folder of the part, beside which checkpoints lie, and the fingerprint of what it depends on.
    """
    fusion, (into, of_run) = config.fusion, part
    generator = seed_all(seed)
    first, second = views.first, views.second
    arrays = [torch.from_numpy(array) for array in (first.present, second.present, *first.vectors, *second.vectors)]

    def batch(rows: list[int]) -> list[Tensor]:
        return [pairs.among(np.array(rows)), *(array[rows] for array in arrays)]

    learned, held = _held_out(pairs.taught, config.trainer, seed)
    task = JointTask(
        views.dims, fusion.dim, fusion.dropout, fusion.temperature, fusion.learning_rate, fusion.pair_weight
    )
    vectors, present = [torch.from_numpy(block) for block in views.whole.vectors], torch.from_numpy(views.whole.present)
    even = unit(torch.cat(task.space.even_out(vectors, present), dim=1).numpy())
    task.space.start_from(torch.from_numpy(_components(even, fusion.dim)))
    batches = TaughtBatches(learned, pairs, fusion.batch, generator)
    fitted = fit(
        FittingPlan(
            task=task,
            training=DataLoader(_Rows(), batch_sampler=batches, collate_fn=batch, generator=generator),
            validation=DataLoader(held.tolist(), batch_size=fusion.batch, collate_fn=batch),
            epochs=fusion.epochs,
            into=into,
            fingerprint=of_run,
        ),
        config.trainer,
    )
    task.space.spread_evenly(vectors, present)
    return task.space, fitted


class _Rows(Dataset[int]):
    """Row numbers, which a batch is put together from."""

    def __getitem__(self, row: int) -> int:
        return row


def _held_out(
    taught: NDArray[np.bool_], config: TrainerConfig, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from, and rows held out: of those of whom no pair tells, as long as there are any."""
    order = np.random.default_rng(seed).permutation(len(taught))
    order = order[np.argsort(taught[order], kind="stable")]
    count = len(held_out(len(taught), config, seed)[1])
    return np.sort(order[count:]), np.sort(order[:count])


def _components(rows: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    """Leading principal directions of rows of length 1; shape (their length, at most dim)."""
    _, directions = np.linalg.eigh(np.cov(rows, rowvar=False))
    return np.ascontiguousarray(directions[:, ::-1][:, :dim], dtype=np.float32)


def _two_views(bank: Bank, spaces: list[list[str]], model: Path, seed: int) -> tuple[Blocks, Blocks]:
    """Two views of every customer who has something in both; `spaces` are each modality's, the learned one first."""
    modalities = [learned for learned, *_ in spaces]
    first, second = split_views(bank)
    views = [_embed(first, modalities, model), _embed_second(bank, second, modalities, model, seed + TWO_VIEWS_APART)]
    ids = [np.unique(np.concatenate([view[name].customer_ids for name in modalities])) for view in views]
    shared = np.intersect1d(ids[0], ids[1])
    if len(shared) < FEWEST_CUSTOMERS:
        raise ModelError(
            f"only {len(shared)} customers have records for two views; the joint space needs {FEWEST_CUSTOMERS}",
            remedy="fusion=late needs no training",
        )
    one, other = (all_spaces(view, spaces, shared) for view in views)
    return one, other


def _embed(bank: Bank, modalities: list[str], model: Path) -> dict[str, Embeddings]:
    encoders = [registered.encoder_of(name) for name in modalities]
    return by_space([space for encoder in encoders for space in encoder.embed(bank, model / encoder.modality)])


def _embed_second(bank: Bank, view: Bank, modalities: list[str], model: Path, copy_seed: int) -> dict[str, Embeddings]:
    """Embed the second view. A record that can be copied, and is its customer's only one, is in it as a copy too."""
    embedded: list[Embeddings] = []
    for encoder in (registered.encoder_of(name) for name in modalities):
        folder = model / encoder.modality
        if encoder.embed_copies is None:
            embedded += encoder.embed(view, folder)
        else:
            shown = {encoder.modality: _with_lone_records(bank, view, encoder.modality)}
            embedded += encoder.embed_copies(view.with_records(**shown), folder, copy_seed)
    return by_space(embedded)


def _with_lone_records(bank: Bank, view: Bank, modality: str) -> pl.DataFrame:
    """The records of a view, and those of the customers who have none in it; in the order of the bank's."""
    mine, all_ = view.table(modality), bank.table(modality)
    lone = all_.filter(~pl.col("customer_id").is_in(mine["customer_id"].implode()))
    return pl.concat([mine, lone]).sort("customer_id", maintain_order=True)


_CARD = """
It brings a customer's modalities together for similar customers, maps and proposals. Evidence for rings is weighed
in the modalities themselves, never here, so that nothing counts twice. A modality that a customer lacks adds
nothing. In a learned space (`joint`) customers who lack the same one are hardly nearer to each other than to anybody,
for what each set of modalities shows is spread evenly over all directions; a little is left of it where a modality
that tells much is the one absent, and a customer stands less near to one hand's other account if that lacks what this
one has. In `early` and `late` those who lack the same are often among each other's nearest.
"""

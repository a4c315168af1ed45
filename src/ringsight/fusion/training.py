"""Training a model: its encoders, then the joint space over them; parts already there are kept."""

import shutil
from pathlib import Path
from typing import Any

from ringsight.encoders import registered
from ringsight.encoders.fitting import require_accelerator
from ringsight.encoders.part import Part
from ringsight.encoders.registered import Encoder
from ringsight.encoders.settings import FEWEST_CUSTOMERS
from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.fusion.joint import space_of
from ringsight.fusion.joint_training import encoder_hashes, train_fusion
from ringsight.fusion.settings import FusionConfig, FusionKind, ModelConfig, parts
from ringsight.fusion.taught_pairs import digest, told_pairs
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT
from ringsight.records.views import split_views
from ringsight.records.writing import write_folder_atomically


def modalities_of(bank: Bank) -> list[str]:
    """The modalities that have an encoder, and that enough customers have to be learned from."""
    bank, names = bank.telling(), [encoder.modality for encoder in registered.ENCODERS]
    return [name for name in names if bank.table(name)["customer_id"].n_unique() >= FEWEST_CUSTOMERS]


def joint_lacks(bank: Bank, config: FusionConfig) -> str:
    """Why a bank gives a joint space nothing to learn from; empty where it does.

    It is learned from two views of each customer. A customer with one note and nothing else has one.
    """
    if config.kind is not FusionKind.joint:
        return ""
    told = bank.telling()
    names = modalities_of(told)
    viewed = [set[str]().union(*(set(view.table(name)["customer_id"]) for name in names)) for view in split_views(told)]
    copied = [name for name in names if registered.encoder_of(name).embed_copies is not None]
    viewed[1].update(*(told.table(name)["customer_id"] for name in copied))
    both = len(viewed[0] & viewed[1])
    return f"only {both} customers have two records of any" if both < FEWEST_CUSTOMERS else ""


def train_missing(
    bank: Bank, config: ModelConfig, model: Path, seed: int, only: str | None = None, again: bool = False
) -> dict[str, dict[str, float]]:
    """Train the parts of a model that are not there yet.

    A modality that fewer than `FEWEST_CUSTOMERS` customers have is left out, and so is a joint space that has nothing
    to learn from (`joint_lacks`). It is trained anew where `outdated` says why.

    Args:
        bank: to learn from.
        config: of every part.
        model: folder of the model; each part is a folder in it.
        seed: of every draw.
        only: train this part alone.
        again: train parts anew that are there.

    Returns:
        By part, the metrics of those trained now.

    Raises:
        SettingsError: if there is no part of the name asked for, or the machine lacks the accelerator.
        DataError: if no modality can be learned from, or not the one asked for; or the pairs cannot be used.
        ModelError: if a part that is there is damaged.
    """
    if only not in (None, *parts()):
        raise SettingsError(f"there is no part {only!r} of a model", remedy=f"the parts are {', '.join(parts())}")
    require_accelerator(config.trainer)
    told_pairs(config.fusion)  # refused before anything is trained
    bank = bank.telling()
    modalities = modalities_of(bank)
    if not modalities or only not in (None, JOINT, *modalities):
        raise DataError(
            f"too few customers have {only or 'records of any modality'} to learn from",
            where=str(bank.path),
            remedy=f"at least {FEWEST_CUSTOMERS} customers need records of the same modality",
        )
    metrics: dict[str, dict[str, float]] = {}
    for modality in modalities:
        folder = model / modality
        if only in (None, modality) and (again or not _is_trained(folder, modality)):
            encoder = registered.encoder_of(modality)
            metrics[modality] = encoder.train(bank, _settings(encoder, config), config.trainer, seed, folder)
    there = (model / JOINT).is_dir()
    if only is None and not there and joint_lacks(bank, config.fusion):
        return metrics
    if only in (None, JOINT) and (again or not there or outdated(model, modalities, config.fusion)):
        metrics[JOINT] = train_fusion(bank, modalities, config, seed, model)
    return metrics


def _is_trained(folder: Path, kind: str) -> bool:
    return folder.is_dir() and bool(Part.read(folder, kind).hash)


def _settings(encoder: Encoder, config: ModelConfig) -> Any:  # noqa: ANN401 - each encoder has a dataclass of its own
    """What the model was told of an encoder; its defaults where the model has no settings of that name."""
    return getattr(config, encoder.modality, None) or encoder.settings()


def outdated(model: Path, modalities: list[str], config: FusionConfig) -> str:
    """Why the joint space that is there must be trained anew; empty where it can be kept.

    It stands on other encoders, was made by another version, or was not taught by the pairs that are named. What
    was taught is kept where no pairs are named.

    Raises:
        ModelError: if it is missing, or a part is damaged.
        DataError: if the file of pairs is missing.
    """
    trained = Part.read(model / JOINT, JOINT)
    there = [modality for modality in modalities if (model / modality).is_dir()]
    if there != modalities or trained.settings.get("encoders") != encoder_hashes(model, modalities):
        return "the encoders below it have changed"
    if config.taught_by and trained.settings.get("pairs") != digest(config):
        return f"it was not taught by {' and '.join(map(str, config.taught_by))}"
    try:
        if trained.settings.get("kind") == FusionKind.joint:
            space_of(trained, model / JOINT)
    except ModelError:
        return "it was made by another version of ringsight"
    return ""


def take_over(model: Path, into: Path) -> None:
    """Copy the encoders of a model, where they do not lie there already, so that a joint space can be trained on them.

    Raises:
        ModelError: if other encoders lie there.
    """
    modalities = [encoder.modality for encoder in registered.ENCODERS if (model / encoder.modality).is_dir()]
    for modality in modalities:
        if not (into / modality).is_dir():
            with write_folder_atomically(into / modality) as partial:
                shutil.copytree(model / modality, partial, dirs_exist_ok=True)
    if encoder_hashes(into, modalities) != encoder_hashes(model, modalities):
        raise ModelError(
            f"holds other encoders than {model}, whose joint space has to be trained anew",
            where=str(into),
            remedy="name another folder as out, or remove this one",
        )

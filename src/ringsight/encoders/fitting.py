"""Fitting a task: early stopping, learning curve, seeds, deterministic reruns, and resuming what was interrupted."""

import hashlib
import json
import logging
import shutil
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.accelerators import AcceleratorRegistry
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor
from torch.utils.data import DataLoader

from ringsight import progress
from ringsight.encoders.settings import FEWEST_CUSTOMERS, TrainerConfig
from ringsight.errors import DataError, SettingsError

MONITORED = "validation_loss"
BEST, LAST = "best", "last"
"""Names of the checkpoints."""


@dataclass(frozen=True, slots=True, eq=False)
class FittingPlan:
    """A task to be fitted, and what on."""

    task: pl.LightningModule
    training: "DataLoader[Any]"
    """Shuffled by a generator of its own."""
    validation: "DataLoader[Any]"
    epochs: int
    into: Path
    """The part's folder; checkpoints lie beside it until training has ended."""
    fingerprint: str
    """Of settings and data: only a run of the same fingerprint is resumed."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting came to."""

    metrics: dict[str, float]
    """The best validation loss, and the epochs run."""
    curve: str
    """CSV: epoch, training_loss (mean over batches, as they were learned from), validation_loss."""


def fit(plan: FittingPlan, config: TrainerConfig) -> Fitted:
    """Fit a task in place and leave it with its best weights; resume if a run of the same fingerprint was interrupted.

    A run whose checkpoints are damaged begins anew. Each epoch is told to `progress`.

    Raises:
        SettingsError: if the machine lacks the accelerator asked for.
        SystemExit: on SIGTERM, with the exit status of a process that it ended; Lightning's own would say success.
    """
    require_accelerator(config)
    workspace = plan.into.parent / f".{plan.into.name}.training-{plan.fingerprint[:12]}"
    resumed = _resumable(workspace)
    checkpoint = ModelCheckpoint(workspace, filename=BEST, monitor=MONITORED, save_last=True)
    curve = _Curve(plan.epochs)
    with _quiet():
        trainer = pl.Trainer(
            accelerator=config.accelerator,
            devices=1,
            max_epochs=plan.epochs,
            deterministic="warn",
            callbacks=[
                _Draws(plan.training.generator),
                curve,
                checkpoint,
                EarlyStopping(MONITORED, patience=config.patience),
            ],
            logger=False,
            num_sanity_val_steps=0,
            enable_model_summary=False,
            enable_progress_bar=False,
        )
        try:
            trainer.fit(plan.task, plan.training, plan.validation, ckpt_path=resumed, weights_only=True)
        except SIGTERMException:
            raise SystemExit(128 + signal.SIGTERM) from None
    best = torch.load(checkpoint.best_model_path, map_location="cpu", weights_only=True)
    plan.task.load_state_dict(best["state_dict"])
    plan.task.eval().cpu()
    shutil.rmtree(workspace)
    metrics = {MONITORED: float(checkpoint.best_model_score or 0.0), "epochs": float(trainer.current_epoch)}
    return Fitted(metrics, curve.as_csv())


def require_accelerator(config: TrainerConfig) -> None:
    """Refuse an accelerator that this machine does not have.

    Raises:
        SettingsError: naming the setting, and the accelerators that there are.
    """
    there = [name for name in AcceleratorRegistry.available_accelerators() if _is_here(name)]
    known = {"auto", *there} | ({"gpu"} if {"cuda", "mps"} & set(there) else set())
    if config.accelerator not in known:
        raise SettingsError(
            f"trainer.accelerator={config.accelerator}, but this machine has only {', '.join(sorted(there))}",
            remedy="leave trainer.accelerator out, which takes the best that there is",
        )


def _is_here(accelerator: str) -> bool:
    return bool(AcceleratorRegistry[accelerator]["accelerator"].is_available())


def _resumable(workspace: Path) -> Path | None:
    """The checkpoint to go on from. Where there is none that can be used, the workspace is emptied."""
    checkpoints = [workspace / f"{name}.ckpt" for name in (BEST, LAST)]
    if all(_is_whole(path) for path in checkpoints):
        return checkpoints[-1]
    if checkpoints[-1].is_file():
        progress.say(f"the checkpoints in {workspace} are damaged and are not used: this part is trained anew")
    shutil.rmtree(workspace, ignore_errors=True)
    return None


def _is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint, which is a zip archive, is there and as it was written, by its checksums."""
    try:
        with ZipFile(checkpoint) as archive:
            return archive.testzip() is None
    except (BadZipFile, OSError):
        return False


class _Curve(Callback):
    """Tells how far training has come, and keeps the losses of each epoch over an interruption."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.rows: list[list[float]] = []
        self._losses: list[Tensor] = []

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        self._losses = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Keep the loss of a batch."""
        if isinstance(outputs, Mapping):
            self._losses.append(outputs["loss"].detach())

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close an epoch, before its checkpoint is written."""
        learned, held = torch.stack(self._losses).mean(), trainer.callback_metrics[MONITORED]
        self.rows.append([trainer.current_epoch, float(learned), float(held)])
        progress.advance("training", trainer.current_epoch + 1, self.epochs)

    def as_csv(self) -> str:
        """One line an epoch."""
        lines = [f"{int(epoch)},{learned:.6g},{held:.6g}" for epoch, learned, held in self.rows]
        return "\n".join([f"epoch,training_loss,{MONITORED}", *lines]) + "\n"

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.rows = state_dict["rows"]


class _Draws(Callback):
    """Carries the state of every draw over an interruption, so that a resumed run ends as one in one go would."""

    def __init__(self, shuffling: torch.Generator) -> None:
        self.shuffling = shuffling

    def state_dict(self) -> dict[str, Tensor]:
        """For the checkpoint."""
        return {"draws": torch.get_rng_state(), "shuffling": self.shuffling.get_state()}

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """From the checkpoint."""
        torch.set_rng_state(state_dict["draws"])
        self.shuffling.set_state(state_dict["shuffling"])


def fingerprint(settings: Mapping[str, Any], data_hash: str, seed: int) -> str:
    """SHA-256 of everything that a training run depends on."""
    content = json.dumps([dict(settings), data_hash, seed, torch.__version__], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def settings_of(config: Any) -> dict[str, Any]:  # noqa: ANN401 - any settings dataclass
    """A settings dataclass as plain values; a path by its name, so that a part is the same wherever it is made."""
    return {key: value.name if isinstance(value, Path) else value for key, value in asdict(config).items()}


def trainer_settings(config: TrainerConfig) -> dict[str, Any]:
    """What a part keeps of the trainer's settings: not the accelerator, which says where it was trained, not how."""
    return {"trainer": {"patience": config.patience, "validation": config.validation}}


def seed_all(seed: int) -> torch.Generator:
    """Seed every library that draws, and give a generator for shuffling."""
    with _quiet():
        pl.seed_everything(seed, workers=True, verbose=False)
    return torch.Generator().manual_seed(seed)


def held_out(customers: int, config: TrainerConfig, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the customers to train on, and of those held out; each sorted."""
    order = np.random.default_rng(seed).permutation(customers)
    count = min(max(round(config.validation * customers), 2), customers - 2)
    return np.sort(order[count:]), np.sort(order[:count])


def require_customers(found: int, modality: str) -> None:
    """Refuse to learn from next to nothing.

    Raises:
        DataError: if fewer than `FEWEST_CUSTOMERS` customers have records of a modality.
    """
    if found < FEWEST_CUSTOMERS:
        raise DataError(
            f"{found} customers have usable {modality}; at least {FEWEST_CUSTOMERS} are needed to train on them",
            remedy=f"train on a larger bank and name its folder with model=FOLDER, or leave {modality} out of the bank",
        )


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Contrast each row of `first` with its partner in `second` against all other rows, both ways.

    InfoNCE (van den Oord et al. 2018, eq. 4) on cosine similarities, symmetric as in CLIP (Radford et al. 2021).

    Args:
        first: shape (batch, dim), rows of length 1.
        second: shape (batch, dim), rows of length 1.
        temperature: the lower, the more the nearest strangers count.
    """
    logits = first @ second.T / temperature
    target = torch.arange(len(logits), device=logits.device)
    loss = torch.nn.functional.cross_entropy
    return (loss(logits, target) + loss(logits.T, target)) / 2


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's notes on its own workings out of a user's sight."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)

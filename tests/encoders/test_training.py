"""Stopping early, resuming what was interrupted, and settings that reach the tasks."""

import inspect
import os
import signal
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from pytorch_lightning import LightningModule

from ringsight.encoders.fitting import fingerprint, held_out, info_nce, require_accelerator, settings_of
from ringsight.encoders.id_images import IdImagesTask
from ringsight.encoders.notes import NotesTask
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.encoders.transactions import TransactionsTask, train_transactions
from ringsight.errors import SettingsError
from ringsight.progress import Update, UpdateKind, report_to
from ringsight.records.bank import Bank

pytestmark = pytest.mark.slow

CPU = TrainerConfig(accelerator="cpu")
CONFIG = TransactionsConfig(dim=8, hidden=8, counterparty_dim=16, thinned_pairs=2, epochs=4, batch=8)


class PulledPlugError(RuntimeError):
    """Somebody pulled the plug."""


def interrupt_in_epoch(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = TransactionsTask.validation_step

    def interrupted(task: TransactionsTask, batch: list[torch.Tensor]) -> torch.Tensor:
        if task.current_epoch == epoch:
            raise PulledPlugError
        return validate(task, batch)

    monkeypatch.setattr(TransactionsTask, "validation_step", interrupted)


def record_epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    learn = TransactionsTask.training_step

    def recorded(task: TransactionsTask, batch: list[torch.Tensor]) -> torch.Tensor:
        seen.append(task.current_epoch)
        assert task.training
        return learn(task, batch)

    monkeypatch.setattr(TransactionsTask, "training_step", recorded)
    return seen


@pytest.fixture
def interrupted(bank: Bank, tmp_path: Path) -> Path:
    """The folder of a part whose training was interrupted in its third epoch."""
    with pytest.MonkeyPatch.context() as patch:
        interrupt_in_epoch(2, patch)
        with pytest.raises(PulledPlugError):
            train_transactions(bank, CONFIG, CPU, 0, tmp_path / "part")
    assert not (tmp_path / "part").exists()
    return tmp_path / "part"


def test_an_interrupted_run_goes_on_where_it_was(
    bank: Bank, interrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_transactions(bank, CONFIG, CPU, 0, tmp_path / "in one go")
    seen = record_epochs(monkeypatch)
    metrics = train_transactions(bank, CONFIG, CPU, 0, interrupted)
    assert sorted(set(seen)) == [2, 3]
    assert metrics["epochs"] == 4
    assert (interrupted / "hash").read_text() == (tmp_path / "in one go" / "hash").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in one go", "part"]


def test_the_learning_curve_is_kept_and_is_whole_after_an_interruption(
    bank: Bank, interrupted: Path, tmp_path: Path
) -> None:
    train_transactions(bank, CONFIG, CPU, 0, tmp_path / "in one go")
    metrics = train_transactions(bank, CONFIG, CPU, 0, interrupted)
    curve = pl.read_csv(interrupted / "curve.csv")
    assert curve.columns == ["epoch", "training_loss", "validation_loss"]
    assert curve["epoch"].to_list() == [0, 1, 2, 3]
    assert curve["validation_loss"].min() == pytest.approx(metrics["validation_loss"], rel=1e-4)
    assert curve["training_loss"].is_between(0, 10).all()
    assert (interrupted / "curve.csv").read_bytes() == (tmp_path / "in one go" / "curve.csv").read_bytes()


def test_every_epoch_is_told(bank: Bank, tmp_path: Path) -> None:
    told: list[Update] = []
    with report_to(told.append):
        train_transactions(bank, CONFIG, CPU, 0, tmp_path / "part")
    epochs = [(update.done, update.total) for update in told if update.text == "training"]
    assert epochs == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("checkpoint", ["last", "best"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "missing"])
def test_a_damaged_checkpoint_does_not_stop_training_for_good(
    bank: Bank, interrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: str, damage: str
) -> None:
    (path,) = interrupted.parent.glob(f".part.training-*/{checkpoint}.ckpt")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    damaged = {"truncated": bytes(content[: len(content) // 2]), "flipped": bytes(content), "emptied": b""}
    path.unlink() if damage == "missing" else path.write_bytes(damaged[damage])
    seen = record_epochs(monkeypatch)
    told: list[Update] = []
    with report_to(told.append):
        train_transactions(bank, CONFIG, CPU, 0, interrupted)
    assert sorted(set(seen)) == [0, 1, 2, 3]
    said = [update.text for update in told if update.kind is UpdateKind.said]
    nothing_left = (checkpoint, damage) == ("last", "missing")
    assert said == [] if nothing_left else "damaged" in said[0] and "trained anew" in said[0]
    train_transactions(bank, CONFIG, CPU, 0, tmp_path / "in one go")
    assert (interrupted / "hash").read_text() == (tmp_path / "in one go" / "hash").read_text()


@pytest.mark.parametrize("accelerator", ["gpu", "tpu", "gpuu"])
def test_an_accelerator_that_is_not_there_is_refused(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: str
) -> None:
    monkeypatch.setattr("ringsight.encoders.fitting._is_here", lambda name: name == "cpu")
    with pytest.raises(SettingsError, match=rf"trainer\.accelerator={accelerator}, but .* only cpu") as refusal:
        train_transactions(bank, CONFIG, TrainerConfig(accelerator=accelerator), 0, tmp_path / "part")
    assert "leave trainer.accelerator out" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("accelerator", ["auto", "cpu", "gpu", "cuda"])
def test_an_accelerator_that_is_there_is_not(monkeypatch: pytest.MonkeyPatch, accelerator: str) -> None:
    monkeypatch.setattr("ringsight.encoders.fitting._is_here", lambda name: name in ("cpu", "cuda"))
    require_accelerator(TrainerConfig(accelerator=accelerator))


@pytest.mark.parametrize("what", ["seed", "settings", "records"])
def test_a_run_of_another_fingerprint_is_not_resumed(
    bank: Bank, interrupted: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    seen = record_epochs(monkeypatch)
    config = replace(CONFIG, learning_rate=2e-3) if what == "settings" else CONFIG
    records = replace(bank, data_hash="0" * 64) if what == "records" else bank
    train_transactions(records, config, CPU, 1 if what == "seed" else 0, interrupted)
    assert min(seen) == 0


def test_a_checkpoint_holds_plain_values_and_tensors(interrupted: Path) -> None:
    checkpoints = sorted(interrupted.parent.glob(".part.training-*/*.ckpt"))
    assert [path.name for path in checkpoints] == ["best.ckpt", "last.ckpt"]
    for path in checkpoints:
        loaded = torch.load(path, weights_only=True)
        assert TransactionsTask(**loaded["hyper_parameters"]).load_state_dict(loaded["state_dict"])


def test_ctrl_c_leaves_no_part(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TransactionsTask, "validation_step", ctrl_c)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train_transactions(bank, CONFIG, CPU, 0, tmp_path / "part")
    assert not (tmp_path / "part").exists()


def test_sigterm_is_no_success_and_leaves_what_can_be_resumed(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate = TransactionsTask.validation_step

    def evicted(task: TransactionsTask, batch: list[torch.Tensor]) -> torch.Tensor:
        if task.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return validate(task, batch)

    monkeypatch.setattr(TransactionsTask, "validation_step", evicted)
    with pytest.raises(SystemExit) as ended:
        train_transactions(bank, CONFIG, CPU, 0, tmp_path / "part")
    assert ended.value.code == 143
    assert not (tmp_path / "part").exists()
    assert list(tmp_path.glob(".part.training-*/last.ckpt"))


def test_training_stops_when_nothing_improves(bank: Bank, tmp_path: Path) -> None:
    still = replace(CONFIG, learning_rate=1e-30, epochs=20)
    metrics = train_transactions(bank, still, replace(CPU, patience=2), 0, tmp_path / "part")
    assert metrics["epochs"] == 3


def test_the_best_epoch_is_kept_not_the_last(bank: Bank, tmp_path: Path) -> None:
    wild = replace(CONFIG, learning_rate=3.0, epochs=6)
    calm = replace(CONFIG, learning_rate=3.0, epochs=1)
    best = train_transactions(bank, wild, replace(CPU, patience=10), 0, tmp_path / "wild")["validation_loss"]
    assert best <= train_transactions(bank, calm, CPU, 0, tmp_path / "calm")["validation_loss"]


def test_the_accelerator_may_be_found_by_itself(bank: Bank, tmp_path: Path) -> None:
    assert TrainerConfig().accelerator == "auto"
    train_transactions(bank, replace(CONFIG, epochs=1), TrainerConfig(), 0, tmp_path / "part")
    assert (tmp_path / "part" / "hash").is_file()


@pytest.mark.parametrize(
    ("task", "config", "found"),
    [
        (TransactionsTask, TransactionsConfig, {"features"}),
        (NotesTask, NotesConfig, {"encoder"}),
        (IdImagesTask, IdImagesConfig, set()),
    ],
)
def test_a_task_takes_its_settings_by_their_names(task: type[LightningModule], config: type, found: set[str]) -> None:
    """What a task takes beside its settings is found in the data, and nothing has a default to drift from them."""
    arguments = dict(inspect.signature(task.__init__).parameters)
    del arguments["self"]
    types = {field.name: field.type for field in fields(config)}
    assert set(arguments) - set(types) == found
    assert all(argument.default is inspect.Parameter.empty for argument in arguments.values())
    assert all(arguments[name].annotation == types[name] for name in set(arguments) & set(types))


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        (TrainerConfig, {"patience": 0}),
        (TrainerConfig, {"validation": 0.0}),
        (TrainerConfig, {"validation": 1.0}),
        (TransactionsConfig, {"dim": 0}),
        (TransactionsConfig, {"batch": 1}),
        (TransactionsConfig, {"noise": 1.0}),
        (TransactionsConfig, {"noise": float("nan")}),
        (TransactionsConfig, {"temperature": float("nan")}),
        (TransactionsConfig, {"view_weight": -1.0}),
        (NotesConfig, {"longest": 7}),
        (NotesConfig, {"trained_layers": -1}),
        (NotesConfig, {"learning_rate": 0.0}),
        (IdImagesConfig, {"batch": 3}),
        (IdImagesConfig, {"temperature": -0.1}),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(config: type, wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        config(**wrong)


def test_the_fingerprint_follows_whatever_training_depends_on() -> None:
    settings = settings_of(NotesConfig(base=Path("somewhere")))
    prints = {
        fingerprint(settings, "a", 0),
        fingerprint(settings, "b", 0),
        fingerprint(settings, "a", 1),
        fingerprint(settings | {"dim": 1}, "a", 0),
    }
    assert len(prints) == 4
    assert fingerprint(dict(reversed(settings.items())), "a", 0) in prints


@pytest.mark.parametrize("customers", [8, 9, 100])
@pytest.mark.parametrize("share", [0.01, 0.15, 0.99])
def test_customers_are_either_learned_from_or_held_out(customers: int, share: float) -> None:
    learned, held = held_out(customers, TrainerConfig(validation=share), seed=3)
    assert sorted([*learned, *held]) == list(range(customers))
    assert min(len(learned), len(held)) >= 2


def test_info_nce_is_least_for_partners_that_stand_apart() -> None:
    apart = torch.eye(6)
    alike = torch.nn.functional.normalize(torch.ones(6, 6), dim=1)
    assert float(info_nce(apart, apart, 0.1)) < 0.01
    assert float(info_nce(alike, alike, 0.1)) == pytest.approx(np.log(6), abs=1e-5)
    assert float(info_nce(apart, apart.roll(1, 0), 0.1)) > 5
    first, second = apart, torch.nn.functional.normalize(torch.rand(6, 6), dim=1)
    assert float(info_nce(first, second, 0.1)) == pytest.approx(float(info_nce(second, first, 0.1)), abs=1e-5)

"""Which parts are trained, which are kept, and when the joint space is trained anew."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tiny_bank import only_customers

from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.fusion.embed import embed_bank, model_hash
from ringsight.fusion.joint import JointTask
from ringsight.fusion.settings import FusionConfig, FusionKind, ModelConfig
from ringsight.fusion.training import joint_lacks, modalities_of, outdated, take_over, train_missing
from ringsight.records.bank import Bank

pytestmark = pytest.mark.slow

EVERY = ["transactions", "notes", "id_images", "joint"]
SPACES = {
    "transactions": ["transactions", "counterparties", "amounts", "active_days", "rhythm"],
    "notes": ["notes", "wording"],
    "id_images": ["id_images", "border", "card", "light"],
    "joint": ["joint"],
}


def spaces_of(*parts: str) -> list[str]:
    return [space for part in parts for space in SPACES[part]]


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    """A model to be written to."""
    return Path(shutil.copytree(model, tmp_path / "model"))


def hashes(model: Path) -> dict[str, str]:
    return {part.parent.name: part.read_text() for part in model.glob("[!.]*/hash")}


def without_images(bank: Bank, keep: int) -> Bank:
    names = bank.id_images["customer_id"].unique().sort().to_list()[:keep]
    return bank.with_records(
        transactions=bank.transactions,
        notes=bank.notes,
        id_images=bank.id_images.filter(pl.col("customer_id").is_in(names)),
    )


def test_a_whole_model_has_every_part_and_embeds_in_every_space(bank: Bank, model: Path) -> None:
    assert sorted(path.name for path in model.iterdir()) == sorted(EVERY)
    assert list(embed_bank(bank, model)) == spaces_of(*EVERY)


def test_nothing_is_trained_twice(bank: Bank, config: ModelConfig, copied: Path) -> None:
    before = hashes(copied)
    assert train_missing(bank, config, copied, seed=1) == {}
    assert hashes(copied) == before


def test_what_is_missing_is_trained(bank: Bank, config: ModelConfig, copied: Path) -> None:
    shutil.rmtree(copied / "transactions")
    before = hashes(copied)
    assert list(train_missing(bank, config, copied, seed=0)) == ["transactions"]
    assert {**hashes(copied), "transactions": ""} == {**before, "transactions": ""}


def test_the_joint_space_follows_an_encoder_that_has_changed(bank: Bank, config: ModelConfig, copied: Path) -> None:
    shutil.rmtree(copied / "transactions")
    before = hashes(copied)
    assert list(train_missing(bank, config, copied, seed=1)) == ["transactions", "joint"]
    after = hashes(copied)
    assert after["joint"] != before["joint"]
    assert after["notes"] == before["notes"]
    assert "joint" in embed_bank(bank, copied)


def test_one_part_alone(bank: Bank, config: ModelConfig, copied: Path) -> None:
    before = hashes(copied)
    assert train_missing(bank, config, copied, 1, only="transactions") == {}
    assert list(train_missing(bank, config, copied, 1, only="transactions", again=True)) == ["transactions"]
    assert {name for name, hash_ in hashes(copied).items() if hash_ != before[name]} == {"transactions"}
    with pytest.raises(ModelError, match="transactions encoder"):
        embed_bank(bank, copied)
    assert list(train_missing(bank, config, copied, 1, only="joint")) == ["joint"]
    assert "joint" in embed_bank(bank, copied)


def test_everything_again(bank: Bank, config: ModelConfig, copied: Path) -> None:
    before = hashes(copied)
    assert list(train_missing(bank, config, copied, 0, again=True)) == EVERY
    assert hashes(copied) == before
    assert list(train_missing(bank, config, copied, 7, again=True)) == EVERY
    assert hashes(copied)["joint"] != before["joint"]


def test_a_part_that_is_none_is_refused_by_name(bank: Bank, config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no part 'transaction' [\s\S]*transactions, notes, id_images, joint"):
        train_missing(bank, config, tmp_path / "model", 0, only="transaction")


def test_an_accelerator_that_is_not_there_is_refused_before_any_work(
    bank: Bank, config: ModelConfig, tmp_path: Path
) -> None:
    absent = replace(config, trainer=replace(config.trainer, accelerator="tpu"))
    with pytest.raises(SettingsError, match=r"trainer\.accelerator=tpu"):
        train_missing(bank, absent, tmp_path / "model", 0)
    assert not (tmp_path / "model").exists()


def test_the_joint_space_needs_its_encoders(bank: Bank, config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ringsight train encoder=transactions"):
        train_missing(bank, config, tmp_path / "model", 0, only="joint")


def test_a_modality_of_too_few_customers_is_left_out(bank: Bank, config: ModelConfig, tmp_path: Path) -> None:
    few = without_images(bank, keep=7)
    assert list(train_missing(few, config, tmp_path / "model", 0)) == ["transactions", "notes", "joint"]
    assert list(embed_bank(bank, tmp_path / "model")) == spaces_of("transactions", "notes", "joint")
    with pytest.raises(DataError, match="too few customers have id_images"):
        train_missing(few, config, tmp_path / "model", 0, only="id_images")
    assert list(train_missing(bank, config, tmp_path / "model", 0)) == ["id_images", "joint"]


def test_a_bank_of_next_to_nobody_is_refused(bank: Bank, config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few customers"):
        train_missing(only_customers(bank, ["c000"]), config, tmp_path / "model", 0)
    assert not (tmp_path / "model").exists()


def test_a_damaged_part_is_not_trained_over(bank: Bank, config: ModelConfig, copied: Path) -> None:
    (copied / "notes" / "settings.json").write_text("{}")
    with pytest.raises(ModelError, match="notes"):
        train_missing(bank, config, copied, 0)


@pytest.mark.parametrize("only", ["transactions", "notes", "id_images"])
def test_a_bank_of_one_modality_has_a_joint_space_too(
    bank: Bank, config: ModelConfig, tmp_path: Path, only: str
) -> None:
    tables = {name: getattr(bank, name).clear() for name in EVERY[:3]} | {only: getattr(bank, only)}
    single = bank.with_records(**tables)
    assert list(train_missing(single, config, tmp_path, 0)) == [only, "joint"]
    joint = embed_bank(single, tmp_path)["joint"]
    assert len(joint.customer_ids) == getattr(bank, only)["customer_id"].n_unique()


def test_records_that_make_no_two_views_are_told_with_a_remedy(bank: Bank, config: ModelConfig, tmp_path: Path) -> None:
    single = bank.with_records(
        transactions=bank.transactions.clear(),
        notes=bank.notes.unique("customer_id", keep="first", maintain_order=True),
        id_images=bank.id_images.clear(),
    )
    assert joint_lacks(single, config.fusion) == "only 0 customers have two records of any"
    assert list(train_missing(single, config, tmp_path, 0)) == ["notes"]  # the joint space is left out
    assert list(embed_bank(single, tmp_path)) == spaces_of("notes")
    with pytest.raises(ModelError, match=r"two views[\s\S]*fusion=late"):
        train_missing(single, config, tmp_path, 0, only="joint")
    late = replace(config, fusion=replace(config.fusion, kind=FusionKind.late))
    assert list(train_missing(single, late, tmp_path, 0)) == ["joint"]


def test_an_interrupted_joint_space_is_not_resumed_over_another_encoder(
    bank: Bank, config: ModelConfig, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate, learn, seen = JointTask.validation_step, JointTask.training_step, []

    def pull_the_plug(task: JointTask, batch: list[torch.Tensor]) -> object:
        if task.current_epoch == 2:
            raise OSError("power is gone")
        return validate(task, batch)

    def recorded(task: JointTask, batch: list[torch.Tensor]) -> object:
        seen.append(task.current_epoch)
        return learn(task, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JointTask, "validation_step", pull_the_plug)
        with pytest.raises(OSError, match="power"):
            train_missing(bank, config, copied, 0, only="joint", again=True)
    monkeypatch.setattr(JointTask, "training_step", recorded)
    train_missing(bank, config, copied, 1, only="transactions", again=True)
    train_missing(bank, config, copied, 0, only="joint")
    assert min(seen) == 0


def test_the_models_hash_is_of_its_parts(model: Path, copied: Path) -> None:
    before = model_hash(copied)
    assert before == model_hash(model)
    (copied / "joint" / "card.md").write_text("another card")
    shutil.copytree(copied / "notes", copied / ".notes.99.partial")
    assert model_hash(copied) == before
    (copied / "notes" / "hash").write_text("0" * 64 + "\n")
    assert model_hash(copied) != before
    shutil.rmtree(copied / "joint")
    assert model_hash(copied) not in (before, model_hash(model))


def test_no_model_is_told_with_the_command(bank: Bank, tmp_path: Path) -> None:
    for ask in (lambda: embed_bank(bank, tmp_path), lambda: model_hash(tmp_path)):
        with pytest.raises(ModelError, match="ringsight train"):
            ask()


def test_a_model_without_a_joint_space_embeds_its_modalities(bank: Bank, copied: Path) -> None:
    whole = embed_bank(bank, copied)
    shutil.rmtree(copied / "joint")
    parts = embed_bank(bank, copied)
    assert list(parts) == spaces_of(*EVERY[:3])
    assert all(np.array_equal(parts[name].vectors, whole[name].vectors) for name in parts)


def test_a_joint_space_is_trained_on_encoders_taken_over(
    bank: Bank, config: ModelConfig, model: Path, tmp_path: Path
) -> None:
    before = hashes(model)
    few = without_images(bank, keep=7)
    assert outdated(model, modalities_of(few), config.fusion) == "the encoders below it have changed"
    take_over(model, tmp_path / "own")
    assert list(train_missing(few, config, tmp_path / "own", 0)) == ["joint"]
    after = hashes(tmp_path / "own")
    assert after["joint"] != before["joint"]
    assert {**after, "joint": ""} == {**before, "joint": ""}
    assert hashes(model) == before
    take_over(model, tmp_path / "own")
    assert hashes(tmp_path / "own") == after


def test_a_model_that_lacks_an_encoder_has_an_outdated_joint_space(
    bank: Bank, config: ModelConfig, copied: Path
) -> None:
    shutil.rmtree(copied / "notes")
    assert outdated(copied, modalities_of(bank), config.fusion) == "the encoders below it have changed"


def test_other_encoders_are_not_written_over(bank: Bank, config: ModelConfig, model: Path, copied: Path) -> None:
    train_missing(bank, config, copied, 1, only="transactions", again=True)
    before = hashes(copied)
    with pytest.raises(ModelError, match="other encoders"):
        take_over(model, copied)
    assert hashes(copied) == before


def test_one_picture_each_is_two_views_by_its_copy(bank: Bank, config: ModelConfig) -> None:
    pictures = bank.with_records(notes=bank.notes.clear(), transactions=bank.transactions.clear())
    assert pictures.id_images["customer_id"].is_unique().all()
    assert joint_lacks(pictures, config.fusion) == ""
    assert joint_lacks(bank, config.fusion) == ""
    nobody = bank.with_records(**{name: table.clear() for name, table in bank.records.items()})
    assert joint_lacks(nobody, FusionConfig(kind=FusionKind.late)) == ""

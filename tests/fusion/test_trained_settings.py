"""What is asked for over a trained model takes effect, or is refused by name."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ringsight.encoders.settings import IdImagesConfig, NotesConfig, Portrait, TrainerConfig, TransactionsConfig
from ringsight.errors import ModelError, SettingsError
from ringsight.fusion.settings import FusionConfig, FusionKind, ModelConfig, parts
from ringsight.fusion.trained_settings import differing, refuse_differing, settings_in_force

pytestmark = pytest.mark.slow


def test_what_the_model_was_trained_with_is_no_difference(config: ModelConfig, model: Path) -> None:
    assert differing(model, config) == {}
    refuse_differing(model, config)


def test_defaults_are_not_asked_for(model: Path) -> None:
    assert differing(model, ModelConfig()) == {}


@pytest.mark.parametrize(
    ("asked", "key", "values"),
    [
        (ModelConfig(transactions=TransactionsConfig(dim=64)), "transactions.dim", (64, 16)),
        (ModelConfig(notes=NotesConfig(longest=99)), "notes.longest", (99, 16)),
        (ModelConfig(id_images=IdImagesConfig(portrait=Portrait.mask)), "id_images.portrait", ("mask", "keep")),
        (ModelConfig(fusion=FusionConfig(kind=FusionKind.late)), "fusion.kind", ("late", "joint")),
        (ModelConfig(trainer=TrainerConfig(patience=9)), "trainer.patience", (9, 3)),
    ],
)
def test_what_is_asked_for_and_is_not_so_is_refused_by_name(
    model: Path, asked: ModelConfig, key: str, values: tuple[object, object]
) -> None:
    assert differing(model, asked) == {key: values}
    with pytest.raises(SettingsError, match=f"{key}={values[0]} was asked for, but .* with {values[1]}") as refusal:
        refuse_differing(model, asked)
    assert str(model) in str(refusal.value)
    assert "again=true into another folder, or leave the setting out" in str(refusal.value)


def test_a_base_is_known_by_its_name(config: ModelConfig, model: Path) -> None:
    base = config.notes.base
    assert base is not None
    assert differing(model, ModelConfig(notes=NotesConfig(base=Path("elsewhere") / base.name))) == {}
    assert differing(model, ModelConfig(notes=NotesConfig(base=Path("a/other"))))["notes.base"] == ("other", base.name)


def test_where_it_was_trained_and_who_taught_it_are_not_compared(model: Path) -> None:
    asked = ModelConfig(trainer=TrainerConfig(accelerator="gpu"), fusion=FusionConfig(pairs=Path("pairs.csv")))
    assert differing(model, asked) == {}


def test_a_part_that_is_not_there_yet_takes_what_is_asked(config: ModelConfig, model: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(model, tmp_path / "model"))
    shutil.rmtree(copied / "transactions")
    assert differing(copied, replace(config, transactions=TransactionsConfig(dim=64))) == {}
    assert differing(tmp_path / "none", ModelConfig(transactions=TransactionsConfig(dim=64))) == {}


def test_the_settings_in_force_are_those_it_was_trained_with(config: ModelConfig, model: Path) -> None:
    told = settings_in_force(model)
    assert list(told) == list(parts())
    assert told["transactions"]["dim"] == config.transactions.dim
    assert told["joint"]["kind"] == "joint"
    assert told["notes"]["trainer"] == {"patience": 3, "validation": 0.15}
    assert {"tokenizer", "bert", "agents", "vocabulary", "encoders"}.isdisjoint(set().union(*told.values()))
    assert len(json.dumps(told)) < 3000


def test_a_damaged_part_is_told(model: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(model, tmp_path / "model"))
    (copied / "notes" / "settings.json").write_text("{")
    with pytest.raises(ModelError, match="notes: damaged"):
        settings_in_force(copied)

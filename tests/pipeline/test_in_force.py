"""What a run writes down is what was in force, whatever was asked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from finished_runs import NOTHING

from ringsight.detection.settings import DetectConfig
from ringsight.encoders.settings import TransactionsConfig
from ringsight.fusion.settings import FusionConfig
from ringsight.pipeline.settings import RunConfig, in_force, in_force_anywhere
from ringsight.records.bank import BankConfig

BANK = replace(NOTHING, read_as=BankConfig(path=Path("bank"), strata=["region"]))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two parts, of which the settings alone are there."""
    trained = {
        "transactions": {"dim": 64, "epochs": 3, "vocabulary": {"category": ["food"]}},
        "joint": {"kind": "late", "dim": 32, "encoders": {"transactions": "ab"}},
    }
    for part, settings in trained.items():
        (tmp_path / part).mkdir()
        (tmp_path / part / "settings.json").write_text(json.dumps({"kind": part, "settings": settings}))
    return tmp_path


def test_a_trained_part_says_what_it_was_trained_with(model: Path):
    told = in_force(BANK, RunConfig(model=model))
    assert (told["transactions"]["dim"], told["transactions"]["epochs"]) == (64, 3)
    assert told["transactions"]["noise"] == TransactionsConfig().noise
    assert (told["fusion"]["kind"], told["fusion"]["dim"]) == ("late", 32)
    assert "vocabulary" not in told["transactions"]
    assert "encoders" not in told["fusion"]
    assert told["bank"] == BANK.read_as
    assert told["model"] == model


def test_without_a_model_what_is_asked_is_in_force():
    settings = RunConfig(fusion=FusionConfig(dim=8), detect=DetectConfig(fdr=0.1))
    told = in_force(BANK, settings)
    assert (told["fusion"]["dim"], told["detect"]["fdr"]) == (8, 0.1)


def test_the_summary_says_the_same_wherever_the_files_lie(model: Path, tmp_path: Path):
    decisions = DetectConfig(decisions=Path("here") / "decided.csv")
    one = in_force_anywhere(BANK, RunConfig(model=model, detect=decisions))
    moved = replace(BANK, read_as=BankConfig(path=Path("elsewhere"), strata=["region"]))
    decisions = DetectConfig(decisions=Path("there") / "decided.csv")
    assert in_force_anywhere(moved, RunConfig(model=model, detect=decisions)) == one
    assert one["model"] == {"transactions": {"dim": 64, "epochs": 3}, "joint": {"kind": "late", "dim": 32}}
    assert one["bank"]["strata"] == ["region"]
    assert json.loads(json.dumps(one)) == one

"""Which model counts: the last promoted; the way back is one step, and nothing elsewhere is believed."""

import json
from pathlib import Path

import pytest

from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.runs.champions import challenger_of, champion_of, champions, promote, roll_back


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    for name in ("model", "models/a", "models/b"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_the_first_model_counts_until_another_is_promoted(nights: Path):
    assert champion_of(nights) == nights / "model"
    promote(nights, challenger_of(nights, "a"), "hash a", "the rule", "better")
    assert champion_of(nights) == nights / "models" / "a"
    (only,) = champions(nights)
    assert (only.model, only.model_hash, only.by, only.back) == ("models/a", "hash a", "the rule", False)


def test_each_way_back_is_one_step_and_all_is_remembered(nights: Path):
    for name in "ab":
        promote(nights, challenger_of(nights, name), "", "ana", "looked")
    ways = []
    for _ in range(2):
        roll_back(nights, "bob", "worse cases")
        ways.append(champion_of(nights).name)
    assert ways == ["a", "model"]
    assert len(champions(nights)) == 4
    with pytest.raises(SettingsError, match="no way back"):
        roll_back(nights, "bob", "again")
    promote(nights, challenger_of(nights, "b"), "", "ana", "looked again")
    assert champion_of(nights).name == "b"


def test_a_model_that_is_not_there_is_no_champion(nights: Path):
    with pytest.raises(ModelError, match="no such model"):
        promote(nights, challenger_of(nights, "c"), "", "ana", "")
    promote(nights, challenger_of(nights, "a"), "", "ana", "")
    (nights / "model").rmdir()
    with pytest.raises(ModelError, match="not there any more"):
        roll_back(nights, "ana", "")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden"])
def test_a_challenger_is_the_name_of_a_folder(nights: Path, name: str):
    with pytest.raises(SettingsError, match="cannot be a folder's name"):
        challenger_of(nights, name)


@pytest.mark.parametrize(
    "told",
    ['{"', '[{"model": 1}]', json.dumps([{"model": "../../etc", "model_hash": "", "at": "", "by": "", "why": ""}])],
)
def test_what_is_damaged_or_leads_elsewhere_is_refused(nights: Path, told: str):
    (nights / "champions.json").write_text(told)
    with pytest.raises(DataError):
        champion_of(nights)

"""What was asked for on the command line counts as asked, whatever its value."""

import sys
from pathlib import Path

import pytest

from ringsight.jobs import run
from ringsight.jobs.asked import asked_keys
from ringsight.jobs.command import Command, conf_dir
from ringsight.jobs.run import RunJob


@pytest.mark.parametrize(
    ("override", "keys"),
    [
        ("detect.fdr=0.05", {"detect.fdr"}),
        ("detect.decisions=null", {"detect.decisions"}),
        ("+bank.entities={iban: evidence}", {"bank.entities"}),
        ("fusion=joint", {"fusion.kind"}),
        ("fusion={dim: 64}", {"fusion"}),
        ("store=server", {"store.kind", "store.uri"}),
        ("experiment=tiny", {f"{part}.epochs" for part in ("transactions", "notes", "id_images", "fusion")}),
    ],
)
def test_an_override_asks_for_the_keys_that_it_sets(override: str, keys: set[str]) -> None:
    assert asked_keys([override], conf_dir()) == keys


def test_a_setting_given_as_it_is_by_default_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[tuple[RunJob, frozenset[str]]] = []
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    command = Command("run", RunJob, lambda *each: told.append(each), folder="out", takes_asked=run.COMMAND.takes_asked)
    command.open(["bank.path=bank", "transactions.dim=128"])
    [(settings, asked)] = told
    assert settings.transactions.dim == 128
    assert asked == {"bank.path", "transactions.dim"}

"""What is tracked of a run, and that nothing of it names a customer."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from finished_runs import finished
from four_rings import results_of_four_rings

from ringsight.errors import DataError, ModelError
from ringsight.records.writing import hash_files
from ringsight.runs.manifest import Manifest, read_manifest
from ringsight.runs.run import Run
from ringsight.tracking.model_card import model_card
from ringsight.tracking.track import track
from ringsight.tracking.tracked_run import Promotion, tracked_run

FACTS = {
    "data_hash": "data",
    "model_hashes": {"notes": "f" * 64},
    "versions": {"ringsight": "0.1.0"},
    "seed": 3,
    "flagged": 2,
    "rings": 4,
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """With a part of a model that has a curve, metrics and a card."""
    results = results_of_four_rings()
    results.summary.update(FACTS)
    run = finished(tmp_path / "run", results)
    replace(read_manifest(run.paths) or Manifest.beginning(bank="", model=""), commit="c0ffee-dirty").write(run.paths)
    run.write_settings({"seed": 3, "notes": {"dim": 8}})
    part = run.model / "notes"
    part.mkdir(parents=True)
    (part / "hash").write_text("a" * 64 + "\n")
    (part / "curve.csv").write_text("epoch,training_loss,validation_loss\n0,2,3\n1,1.5,\n")
    (part / "metrics.json").write_text('{"validation_loss": 3.0}')
    (part / "card.md").write_text("# notes\n")
    return run


def test_settings_hashes_curves_figures_and_cards_lie_in_the_run(run: Run):
    folder = track(run, views=False).folder
    facts = json.loads((folder / "tracked.json").read_text())
    assert facts | {"data_hash": "data", "commit": "c0ffee-dirty", "seed": 3, "promotion": "unknown"} == facts
    assert facts["part_hashes"] == {"notes": "a" * 64}
    figures = dict(pl.read_csv(folder / "figures.csv").iter_rows())
    assert (figures["notes.validation_loss"], figures["detection.flagged"]) == (3.0, 2.0)
    assert pl.read_csv(folder / "curves.csv").rows() == [
        ("notes", 0, "training_loss", 2.0),
        ("notes", 1, "training_loss", 1.5),
        ("notes", 0, "validation_loss", 3.0),
    ]
    assert "dim: 8" in (folder / "settings.yaml").read_text()
    assert (folder / "cards" / "notes.md").read_text() == "# notes\n"
    assert "tracked" in json.loads((run.folder / "run.json").read_text())["files"]


def test_tracking_again_writes_the_same(run: Run):
    folder = track(run, views=False).folder
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    before = hash_files(files, folder)
    assert track(run, views=False).folder == folder
    assert hash_files(sorted(path for path in folder.rglob("*") if path.is_file()), folder) == before


def test_the_card_has_what_a_validator_looks_for(run: Run):
    card = model_card(tracked_run(run, views=False))
    for heading in ("Inventory", "Development", "Validation", "Limits", "Monitoring"):
        assert f"\n## {heading}\n" in card
    assert "c0ffee-dirty" in card and "for the bank to fill in" in card
    assert "Of 2 flags" in card and "not held against an earlier one" in card


def test_where_no_rate_is_stated_the_card_says_so_first_of_all(run: Run):
    run.results.summary["rate_stated"] = False
    assert "**No error rate is stated**" in model_card(tracked_run(run, views=False))


def test_what_a_watch_found_is_in_the_card(run: Run):
    run.paths.watch.mkdir()
    (run.paths.watch / "watch.json").write_text(
        json.dumps({"reference": "last", "reasons": [{"part": "flags", "text": "ten times the flags"}]})
    )
    assert "Held against last: unusual: ten times the flags." in model_card(tracked_run(run, views=False))


def test_a_model_that_no_store_holds_is_not_said_to_be_in_use(run: Run):
    assert tracked_run(run, views=False).promotion is Promotion.unknown


def test_an_unfinished_run_is_refused(tmp_path: Path):
    with pytest.raises((DataError, ModelError)):
        track(tmp_path / "nothing")

"""`ringsight track` on a run with a model, and `rerun` where there is nothing to go by."""

import json

import polars as pl
import pytest
from tiny_world import World, ringsight

pytestmark = pytest.mark.slow


def test_retrieval_figures_are_tracked_by_space(world: World):
    done = ringsight("track", "run=run", "truth=bank/truth", cwd=world.folder)
    assert done.returncode == 0, done.stderr
    figures = dict(pl.read_csv(world.run / "tracked" / "figures.csv").iter_rows())
    for space in ("transactions", "notes", "id_images", "joint"):
        assert 0 <= figures[f"ring_mates_at_5.{space}"] <= 1
        assert 0 <= figures[f"own_views.{space}"] <= 1
    assert figures["own_views.transactions"] > 1 / 80  # what lot gives
    assert json.loads((world.run / "tracked" / "tracked.json").read_text())["promotion"] == "promoted"
    named = "".join(file.read_text() for file in (world.run / "tracked").rglob("*") if file.is_file())
    assert [each for each in pl.read_csv(world.bank / "customers.csv")["customer_id"] if each in named] == []


def test_a_rerun_needs_settings_and_a_folder_of_its_own(world: World):
    overwriting = ringsight("rerun", "of=run", "out=run", cwd=world.folder)
    assert overwriting.returncode == 1 and "would overwrite" in overwriting.stderr
    nothing = ringsight("rerun", "of=bank", "out=again", cwd=world.folder)
    assert nothing.returncode == 1 and "no settings here" in nothing.stderr

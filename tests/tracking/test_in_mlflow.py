"""A run in MLflow: everything is there, once, and the alias of the model follows what readers see."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ringsight.errors import SettingsError
from ringsight.tracking.in_mlflow import DATABASE, InMlflow, write_to_mlflow
from ringsight.tracking.tracked_files import write_tracked
from ringsight.tracking.tracked_run import CURVES, Promotion, TrackedRun

TRACKED = TrackedRun(
    run="tonight",
    digest="d" * 64,
    settings={"seed": 3, "notes": {"dim": 8, "base": None}, "bank": {"path": "x" * 900}},
    commit="c0ffee",
    versions={"torch": "2"},
    data_hash="da7a",
    model_hash="f" * 64,
    part_hashes={"notes": "a" * 64},
    promotion=Promotion.promoted,
    seed=3,
    curves=pl.DataFrame([("notes", 0, "loss", 2.0), ("notes", 1, "loss", 1.0)], schema=CURVES, orient="row"),
    measures={"ring_mates_at_5.notes": 0.5, "detection.flagged": 2.0},
    cards={"notes": "# notes"},
    fairness=pl.DataFrame(),
    watched={},
)


def test_an_address_with_credentials_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="credentials"):
        write_to_mlflow(TRACKED, tmp_path, "https://me:secret@mlflow.example")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MLflow's own code
def test_everything_is_in_mlflow_once_and_the_alias_follows(tmp_path: Path):
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    from mlflow.tracking import MlflowClient

    def written(tracked: TrackedRun) -> InMlflow:
        write_tracked(tracked, tmp_path / "tracked")
        return write_to_mlflow(tracked, tmp_path / "tracked", str(tmp_path / "mlflow"))

    first, again = written(TRACKED), written(TRACKED)
    assert (first.there_before, again) == (False, replace(first, there_before=True))
    address = f"sqlite:///{tmp_path / 'mlflow' / DATABASE}"
    client = MlflowClient(address, address)
    there = client.get_run(first.run_id)
    assert there.data.params | {"notes.dim": "8", "notes.base": "None", "seed": "3"} == there.data.params
    assert there.data.metrics == {"ring_mates_at_5.notes": 0.5, "detection.flagged": 2.0, "notes.loss.by_epoch": 1.0}
    assert [each.value for each in client.get_metric_history(first.run_id, "notes.loss.by_epoch")] == [2.0, 1.0]
    assert there.data.tags["ringsight.commit"] == "c0ffee" and there.data.tags["ringsight.part.notes"] == "a" * 64
    files = {each.path for each in client.list_artifacts(first.run_id)}
    assert {"model_card.md", "settings.yaml", "figures.csv", "curves.csv", "tracked.json", "cards"} <= files
    assert str(client.get_model_version_by_alias("ringsight", "promoted").version) == first.version

    newer = written(replace(TRACKED, digest="e" * 64, model_hash="b" * 64))
    assert (newer.there_before, newer.version) == (False, "2")
    assert str(client.get_model_version_by_alias("ringsight", "promoted").version) == "2"
    written(replace(TRACKED, promotion=Promotion.former))
    assert str(client.get_model_version_by_alias("ringsight", "former").version) == "1"

"""A run that names the run before: ids last, and what it cannot continue is refused before any work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from finished_runs import NOTHING
from made_results import results_with

from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError, SettingsError
from ringsight.jobs.stages import stages_told
from ringsight.pipeline import detect as pipeline
from ringsight.pipeline.continuing import lineage_before
from ringsight.pipeline.settings import RunConfig
from ringsight.runs.run import Run

Night = Callable[..., Results]


def found(name: str, members: str) -> Results:
    """Results with one ring, of customers with ids of one letter."""
    return results_with(
        rings=pl.DataFrame([{"ring_id": name, "size": len(members), "flagged": True}]),
        members=pl.DataFrame({"ring_id": name, "customer_id": list(members)}),
    )


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    """Find a ring of these members into a folder, after the run of another."""

    def run(members: str, out: Path, previous: Path | None = None, decisions: Path | None = None) -> Results:
        monkeypatch.setattr("ringsight.pipeline.detect.detection.detect", lambda *_: found(f"R{members}", members))
        bank = replace(NOTHING, customers=pl.DataFrame({"customer_id": list("abcdef")}))
        before = lineage_before(previous, out)
        begun = Run.begin(out, bank)
        settings = RunConfig(detect=DetectConfig(decisions=decisions))
        with stages_told(1):
            results = pipeline.find_rings(begun, bank, {}, before, settings)
        begun.finish()
        return results

    return run


def test_a_ring_keeps_its_id_in_all_that_is_written(night: Night, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    night("abc", tmp_path / "first")
    assert "run before" not in capsys.readouterr().err
    second = night("abcd", tmp_path / "second", tmp_path / "first")
    assert "1 grew" in capsys.readouterr().err
    assert second.rings["ring_id"].to_list() == ["Rabc"]
    assert Run(tmp_path / "second").results.members_of("Rabc") == list("abcd")
    assert Run(tmp_path / "second").lineage.events["event"].to_list() == ["grew"]


def test_the_run_before_is_another_and_finished(night: Night, tmp_path: Path):
    night("abc", tmp_path / "first")
    with pytest.raises(SettingsError, match="same folder"):
        night("abc", tmp_path / "first", tmp_path / "second" / ".." / "first")
    with pytest.raises(DataError, match="no finished detection"):
        night("abc", tmp_path / "second", tmp_path / "nowhere")
    assert Run(tmp_path / "first").results.members_of("Rabc") == list("abc")


def test_decisions_are_told_by_ring_and_contradictions_said(
    night: Night, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    decided = [("a", "b", "same_hand"), ("b", "c", "same_hand"), ("a", "c", "different")]
    pl.DataFrame(decided, schema=["customer_a", "customer_b", "decision"], orient="row").write_csv(tmp_path / "d.csv")
    night("abc", tmp_path / "run", decisions=tmp_path / "d.csv")
    assert "1 decisions are contradicted" in capsys.readouterr().err
    table = pl.read_csv(tmp_path / "run" / "decided.csv")
    assert table.filter(pl.col("decision") == "different")["against"].to_list() == ["a b c"]
    assert table["ring_a"].unique().to_list() == ["Rabc"]

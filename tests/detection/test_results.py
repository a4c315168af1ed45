"""Results: what is written is what is read, and a folder that looks finished is."""

import json
from pathlib import Path

import networkx as nx
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from simulated_bank import simulate

from ringsight.detection.detect import DetectConfig, detect
from ringsight.detection.fairness import AUDIT
from ringsight.detection.results import AGREEMENT, BITS, CONDITIONS, LINKS, MEMBERS, NULL, RINGS, TABLES, Results
from ringsight.errors import DataError

SCHEMAS = {
    "rings": RINGS,
    "members": MEMBERS,
    "links": LINKS,
    "agreement": AGREEMENT,
    "conditions": CONDITIONS,
    "audit": AUDIT,
    "null": NULL,
}


@pytest.fixture(scope="module")
def results() -> Results:
    """Of a small bank with three rings."""
    simulation = simulate(0, customers=150)
    return detect(simulation.bank, simulation.embeddings, DetectConfig(permutations=40), seed=0)


@pytest.fixture
def empty() -> Results:
    """Of a bank without a ring."""
    return Results(**{name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()}, summary={"rings": 0})


@pytest.mark.parametrize("which", ["results", "empty"])
def test_what_is_written_is_read(which: str, request: pytest.FixtureRequest, tmp_path: Path):
    written: Results = request.getfixturevalue(which)
    written.write(tmp_path / "run")
    read = Results.read(tmp_path / "run")
    for name, schema in SCHEMAS.items():
        assert_frame_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).schema == pl.Schema(schema)
    assert read.summary == written.summary
    for name in set(TABLES) - {"null"}:
        csv = pl.read_csv(tmp_path / "run" / f"{name}.csv", schema_overrides=SCHEMAS[name])
        assert_frame_equal(csv, getattr(written, name), abs_tol=1e-6)


def test_writing_again_replaces_what_was_there(results: Results, empty: Results, tmp_path: Path):
    results.write(tmp_path)
    empty.write(tmp_path)
    assert len(Results.read(tmp_path).rings) == 0
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


@pytest.mark.parametrize("table", TABLES)
def test_an_interrupted_write_does_not_look_finished(
    results: Results, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    results.write(tmp_path)  # an earlier run, whole
    whole = pl.DataFrame.write_parquet

    def fail_at_the_table(frame: pl.DataFrame, path: Path) -> None:
        if table in path.name:
            raise KeyboardInterrupt
        whole(frame, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail_at_the_table)
    with pytest.raises(KeyboardInterrupt):
        results.write(tmp_path)
    assert not (tmp_path / "summary.json").exists()
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]
    with pytest.raises(DataError, match="no finished detection"):
        Results.read(tmp_path)


def test_the_summary_is_plain_json(results: Results, tmp_path: Path):
    results.write(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == results.summary


def test_a_ring_as_a_graph(results: Results, tmp_path: Path):
    ring_id = results.rings["ring_id"][0]
    graph = results.graph(ring_id)
    links = results.links.filter(pl.col("ring_id") == ring_id)
    assert set(graph.nodes) == set(results.members_of(ring_id))
    assert graph.number_of_edges() == len(links) > 0
    for _, _, tie in graph.edges(data=True):
        assert tie["bits"] == pytest.approx(sum(tie[name] for name in BITS))
    nx.write_graphml(graph, tmp_path / "ring.graphml")
    read = nx.read_graphml(tmp_path / "ring.graphml")
    assert {frozenset(edge) for edge in read.edges} == {frozenset(edge) for edge in graph.edges}
    assert nx.get_edge_attributes(read, "bits") == pytest.approx(nx.get_edge_attributes(graph, "bits"))
    assert read.graph["ring_id"] == ring_id


def test_a_ring_that_is_not_there_is_refused(results: Results):
    with pytest.raises(DataError, match="no ring 'R0'"):
        results.graph("R0")


def test_a_folder_without_a_detection_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"summary\.json is missing"):
        Results.read(tmp_path)

"""Results: what is written is what is read, and a folder that looks finished is."""

import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from simulated_bank import simulate

from ringsight.detection.detect import DetectConfig, detect
from ringsight.detection.fairness import AUDIT
from ringsight.detection.results import AGREEMENT, CONDITIONS, LINKS, MEMBERS, NULL, RINGS, TABLES, Results
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
    assert graph.number_of_edges() == len(links.select("customer_a", "customer_b").unique()) > 0
    for a, b, tie in graph.edges(data=True):
        assert tie["bits"] == pytest.approx(sum(tie["by_source"].values()))
        pair = links.filter((pl.col("customer_a") == min(a, b)) & (pl.col("customer_b") == max(a, b)))
        assert dict(pair.select("source", "bits").iter_rows()) == tie["by_source"]
    flat = graph.copy()
    for _, _, tie in flat.edges(data=True):
        tie.update(tie.pop("by_source"))  # as the documentation of `graph` says
    nx.write_graphml(flat, tmp_path / "ring.graphml")
    read = nx.read_graphml(tmp_path / "ring.graphml")
    assert {frozenset(edge) for edge in read.edges} == {frozenset(edge) for edge in graph.edges}
    assert nx.get_edge_attributes(read, "bits") == pytest.approx(nx.get_edge_attributes(graph, "bits"))
    assert read.graph["ring_id"] == ring_id


def test_a_ring_that_is_not_there_is_refused(results: Results):
    with pytest.raises(DataError, match="no ring 'R0'"):
        results.graph("R0")


def test_the_tables_of_an_earlier_version_are_refused(results: Results, tmp_path: Path):
    results.write(tmp_path)
    wide = pl.DataFrame(schema={"ring_id": pl.String, "customer_a": pl.String, "bits_notes": pl.Float64})
    wide.write_parquet(tmp_path / "links.parquet")
    with pytest.raises(DataError, match=r"links\.parquet has no column 'bits': an earlier version"):
        Results.read(tmp_path)


def test_links_of_a_modality_add_up_its_spaces_and_those_of_entities_go_together(empty: Results):
    pair = ("R1", "a", "b")
    links = [(*pair, "amounts", 2.0), (*pair, "device_id", 5.0), (*pair, "phone", 6.0), (*pair, "rhythm", 1.5)]
    modalities = {"amounts": "transactions", "rhythm": "transactions", "device_id": "", "phone": ""}
    agreement = [("R1", name, "space" if of else "entity", of, 3, 1.0, False) for name, of in modalities.items()]
    results = replace(
        empty,
        links=pl.DataFrame(links, LINKS, orient="row"),
        agreement=pl.DataFrame(agreement, AGREEMENT, orient="row"),
    )
    assert results.modalities() == modalities
    assert set(results.links_by_modality().iter_rows()) == {(*pair, "transactions", 3.5), (*pair, "", 11.0)}


def test_links_without_agreement_are_refused_by_name(empty: Results):
    links = pl.DataFrame([("R1", "a", "b", "rumour", 2.0)], LINKS, orient="row")
    with pytest.raises(DataError, match="'rumour'"):
        replace(empty, links=links).links_by_modality()


def test_a_folder_without_a_detection_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"summary\.json is missing"):
        Results.read(tmp_path)

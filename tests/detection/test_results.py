"""Results: what can be asked of them."""

from dataclasses import replace
from pathlib import Path

import networkx as nx
import polars as pl
import pytest
from made_results import results_with
from simulated_bank import simulate

from ringsight.detection.detect import detect
from ringsight.detection.results import AGREEMENT, LINKS, Results
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError


@pytest.fixture(scope="module")
def results() -> Results:
    """Of a small bank with three rings."""
    simulation = simulate(0, customers=150)
    return detect(simulation.bank, simulation.embeddings, DetectConfig(permutations=40), seed=0)


@pytest.fixture
def empty() -> Results:
    """Of a bank without a ring."""
    return results_with({"rings": 0})


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


def test_links_of_a_modality_count_its_closest_space_and_those_of_entities_add_up(empty: Results):
    pair = ("R1", "a", "b")
    links = [(*pair, "amounts", 2.0), (*pair, "device_id", 5.0), (*pair, "phone", 6.0), (*pair, "rhythm", 1.5)]
    modalities = {"amounts": "transactions", "rhythm": "transactions", "device_id": "", "phone": ""}
    agreement = [("R1", name, "space" if of else "entity", of, 3, 1.0, "across") for name, of in modalities.items()]
    results = replace(
        empty,
        links=pl.DataFrame(links, LINKS, orient="row"),
        agreement=pl.DataFrame(agreement, AGREEMENT, orient="row"),
    )
    assert results.modalities() == modalities
    assert set(results.links_by_modality().iter_rows()) == {(*pair, "transactions", 2.0), (*pair, "", 11.0)}


def test_links_without_agreement_are_refused_by_name(empty: Results):
    links = pl.DataFrame([("R1", "a", "b", "rumour", 2.0)], LINKS, orient="row")
    with pytest.raises(DataError, match="'rumour'"):
        replace(empty, links=links).links_by_modality()

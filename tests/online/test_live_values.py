"""Values of evidence columns by day: one value in any spelling links, as at night; what stands for nothing does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from live_world import LiveWorld, live_world, value_bank

from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.arrival_log import Request
from ringsight.arrivals.live_arrivals import Arrivals, Given
from ringsight.detection.settings import CandidateConfig
from ringsight.errors import DataError
from ringsight.online.live_graph import LiveGraph

pytestmark = pytest.mark.slow

WORLD = live_world(customers=90)
THERE = WORLD.night.customer_ids.tolist()
OWNER = THERE[40]
"""A stranger with a phone and a device of their own."""
NEWCOMER = list(WORLD.arrivals)[-1]


@pytest.fixture(scope="module")
def world() -> LiveWorld:
    return replace(WORLD, night=replace(WORLD.night, bank=value_bank(THERE), candidates=CandidateConfig(entity_cap=20)))


def links(graph: LiveGraph, customer_id: str) -> dict[str, dict[str, float]]:
    """Of those who share a value: customer -> column -> bits."""
    columns = set(graph.columns)
    found = {each.customer_id: each.by_source for each in graph.links_of(customer_id)}
    return {other: by for other, every in found.items() if (by := {k: v for k, v in every.items() if k in columns})}


@pytest.mark.parametrize("phone", ["+49 30 5551480", "0049305551480", "(030) 5551480", "tel:+49-30-555-1480"])
def test_a_newcomer_with_the_phone_of_a_customer_in_any_spelling_is_linked(world: LiveWorld, phone: str):
    graph = world.graph()
    assert value_bank(THERE).customers.filter(customer_id=OWNER)["phone"].item() == "+49305551480"
    graph.put(NEWCOMER, WORLD.arrivals[NEWCOMER], graph.keys({"phone": phone}))
    assert links(graph, NEWCOMER) == {OWNER: {"phone": pytest.approx(np.log2((len(THERE) - 5) / 2))}}
    assert links(graph, OWNER)[NEWCOMER] == links(graph, NEWCOMER)[OWNER]


@pytest.mark.parametrize(
    "evidence",
    [
        {"phone": "+49 30 77712345"},  # the bank says that it stands for nothing
        {"phone": "0000000000"},
        {"phone": "n/a"},
        {"phone": []},
        {"device_id": "emulator-9"},  # more than the cap have it
        {},
    ],
)
def test_what_stands_for_nothing_or_is_everybodys_links_nobody(world: LiveWorld, evidence: dict[str, str]):
    graph = world.graph()
    graph.put(NEWCOMER, WORLD.arrivals[NEWCOMER], graph.keys(evidence))
    assert links(graph, NEWCOMER) == {}


def test_values_that_newcomers_share_link_them_though_the_night_knew_neither(world: LiveWorld):
    graph = world.graph()
    one, other = list(WORLD.arrivals)[-2:]
    for name in (one, other):
        graph.put(name, WORLD.arrivals[name], graph.keys({"phone": "+49 30 9990001", "device_id": "q-12-x"}))
    assert set(links(graph, one)) == {other}
    (link,) = [each for each in graph.links_of(one) if each.customer_id == other]
    assert set(link.by_source) == {"phone", "device_id"}
    assert link.closeness == pytest.approx(sum(link.by_source.values()))


def test_what_is_shared_at_night_is_shared_by_day(world: LiveWorld):
    three = pl.when(pl.col("customer_id").is_in(THERE[50:53])).then(pl.lit("+493044400099"))
    shared = value_bank(THERE).customers.with_columns(phone=three.otherwise("phone"), device_id=pl.lit(None, pl.String))
    graph = LiveGraph(replace(WORLD.night, bank=replace(value_bank(THERE), customers=shared)))
    assert set(links(graph, THERE[50])) == {THERE[51], THERE[52]}
    graph.remove(THERE[51])
    assert set(links(graph, THERE[50])) == {THERE[52]}


def test_a_customer_of_the_night_keeps_what_the_night_knows_until_told_otherwise(world: LiveWorld):
    graph = world.graph()
    known = graph.keys_of(OWNER)
    graph.put(OWNER, graph.vectors_of(OWNER))
    assert graph.keys_of(OWNER) == known
    graph.put(OWNER, graph.vectors_of(OWNER), graph.keys({"phone": "+49 30 1112223"}))
    assert set(graph.keys_of(OWNER)) == {"phone"}
    assert graph.keys_of(OWNER) != known
    vectors = graph.vectors_of(OWNER)
    graph.remove(OWNER)
    assert graph.keys_of(OWNER) == {}
    graph.put(OWNER, vectors)
    assert graph.keys_of(OWNER) == known


@pytest.mark.parametrize("seed", range(3))
def test_any_order_leads_to_the_same_links_and_rings(world: LiveWorld, seed: int):
    rng = np.random.default_rng(seed)
    names = list(WORLD.arrivals)
    told = {
        name: {"phone": f"+49 30 44400{int(rng.integers(3))}1", "device_id": f"w-{int(rng.integers(4))}-z"}
        for name in names
    }
    graphs = []
    for order in (names, rng.permutation(names).tolist()):
        graph = world.graph()
        for name in order:
            graph.put(name, WORLD.arrivals[name], graph.keys(told[str(rng.choice(names))]))
        for name in order:
            graph.put(name, WORLD.arrivals[name], graph.keys(told[name]))
        graph.remove(names[0])
        graphs.append(graph)
    one, other = graphs
    assert one.ties() == other.ties()
    assert [ring.members for ring in one.rings()] == [ring.members for ring in other.rings()]
    assert {name: one.links_of(name) for name in names[1:]} == {name: other.links_of(name) for name in names[1:]}


def test_a_column_that_the_night_has_not_is_refused(world: LiveWorld):
    with pytest.raises(DataError, match="no evidence column 'iban'") as refused:
        world.graph().keys({"iban": "DE1"})
    assert "device_id, phone" in refused.value.remedy
    with pytest.raises(DataError, match="no evidence column") as refused:
        WORLD.graph().keys({"phone": "1"})
    assert "bank's folder" in refused.value.remedy


def test_a_start_replays_the_values_and_an_erasure_leaves_none_of_them(world: LiveWorld, tmp_path: Path):
    database = ArrivalDatabase(f"sqlite:///{tmp_path / 'arrivals.db'}")
    arrivals = Arrivals(world.graph(), database)
    with arrivals.graph() as graph:
        keys = graph.keys({"phone": "030 555 1480"})
    given = Given({name: vector for name, vector in WORLD.arrivals[NEWCOMER].items()}, keys=keys)
    arrivals.put(NEWCOMER, given, Request("key"))
    again = Arrivals(world.graph(), database)
    with again.graph() as graph:
        assert set(links(graph, NEWCOMER)) == {OWNER}
    again.remove(NEWCOMER, Request("key"), erase=True)
    database.close()
    assert b"305551480" not in (tmp_path / "arrivals.db").read_bytes()

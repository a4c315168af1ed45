"""The live graph: links as the night measures them, rings that follow from who is there, and standings that say so."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_world import DIM, SPACES, LiveWorld, live_world

from ringsight.detection.lineage import RingEvent
from ringsight.errors import DataError
from ringsight.graph.links import threshold_bits
from ringsight.graph.sources import space_source
from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_rings import LiveRing, changes
from ringsight.online.live_space import LiveSpace
from ringsight.online.standing import fit_standing, ring_standing
from ringsight.records.embeddings import Embeddings

WORLD = live_world()
ROUNDING = 1e-4
"""Detection keeps all ranks of a small bank in single precision."""
NIGHT = WORLD.graph()


def state(graph: LiveGraph) -> tuple[object, ...]:
    """Everything that follows from who is there."""
    rings = {(ring.ring_id, ring.members, ring.of_night, round(ring.bits, 6)) for ring in graph.rings()}
    ties = {(one, other, round(bits, 6)) for one, other, bits in graph.ties()}
    links = {name: graph.links_of(name) for name in sorted(WORLD.arrivals) if name in graph}
    return rings, ties, links


def test_links_of_the_night_are_those_that_detection_measures():
    for name, embeddings in WORLD.night.embeddings.items():
        source = space_source(embeddings, WORLD.night.customer_ids, 30)
        space = NIGHT.spaces[name]
        assert space.threshold == pytest.approx(threshold_bits(source, 30))
        for code in range(0, len(WORLD.night.customer_ids), 17):
            if not space.has(code):
                continue
            found = space.linked(code)
            every = np.setdiff1d(np.flatnonzero(source.present), [code])
            bits = source.pair_bits(np.full(len(every), code), every)
            ours = dict(zip(found.codes.tolist(), found.bits.tolist(), strict=True))
            theirs = dict(zip(every.tolist(), bits.tolist(), strict=True))
            assert {other for other, each in theirs.items() if each > space.threshold + ROUNDING} <= ours.keys()
            assert all(theirs[other] == pytest.approx(each, abs=ROUNDING) for other, each in ours.items())
            assert all(theirs[other] >= space.threshold - ROUNDING for other in ours)


def test_links_of_a_large_night_are_told_from_its_nearest_and_never_miss_one_of_them():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((2200, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"C{number:04d}" for number in range(len(vectors))])
    embeddings = Embeddings("notes", ids, vectors, "m", "d")
    space = LiveSpace(embeddings, np.arange(len(ids)), 10)
    source = space_source(embeddings, ids, 10)
    a, b = source.near_pairs(10)
    bits = source.pair_bits(a, b)
    linked = {(int(x), int(y)) for x, y in zip(a[bits >= space.threshold], b[bits >= space.threshold], strict=True)}
    ours = {(code, int(other)) for code in range(0, 2200, 40) for other in space.linked(code).codes if code < other}
    assert {pair for pair in linked if pair[0] % 40 == 0} == ours


def test_a_customer_tied_to_a_ring_of_the_night_is_told_so_with_how_surely():
    graph = WORLD.graph()
    newcomer = WORLD.rings["ring0"][3]
    (change,) = graph.put(newcomer, WORLD.arrivals[newcomer])
    assert (change.event, change.joined) == (RingEvent.grew, (newcomer,))
    ring = graph.ring_of(newcomer)
    assert ring is not None
    assert (ring.ring_id, ring.of_night) == ("R1", ("R1",))
    fit = fit_standing(graph, newcomer, ring)
    assert fit.p_value is not None
    assert fit.p_value < 0.05
    assert fit.bits > 0


def test_a_ring_that_comes_by_day_is_born_when_its_third_member_comes():
    graph = WORLD.graph()
    events = []
    for newcomer in WORLD.rings["ring3"][1:]:
        events += [change.event for change in graph.put(newcomer, WORLD.arrivals[newcomer])]
    assert events == [RingEvent.born, RingEvent.grew, RingEvent.grew]
    ring = graph.ring_of(WORLD.rings["ring3"][0])
    assert ring is not None
    assert ring.members == tuple(WORLD.rings["ring3"])
    standing = ring_standing(graph, ring)
    assert standing.chance_rings is not None
    assert standing.chance_rings <= 0.1
    assert "provisional" in standing.reason


def test_no_standing_is_told_where_the_night_stated_no_rate():
    graph = live_world(caveats=("the last night stated no rate",)).graph()
    standing = ring_standing(graph, graph.rings()[0])
    assert standing.chance_rings is None
    assert "stated no rate" in standing.reason


def test_strangers_are_hardly_ever_tied():
    found = []
    for seed in range(3):
        world = live_world(seed=seed)
        graph = world.graph()
        strangers = list(world.arrivals)[-6:]
        for name in strangers:
            graph.put(name, world.arrivals[name])
        found += [name for name in strangers if graph.ring_of(name)]
    assert len(found) <= 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "change", "remove"]),
        st.sampled_from([*WORLD.arrivals, *WORLD.night.customer_ids[:12].tolist()]),
        st.integers(0, 3),
    ),
    max_size=25,
)


def vectors(customer: str, version: int, action: str) -> dict[str, np.ndarray]:
    """A customer's own vectors; of a change, somebody else's, or not all of them."""
    own = WORLD.arrivals.get(customer) or NIGHT.vectors_of(customer)
    if action == "put" and version == 0:
        return own
    donors = [WORLD.arrivals[name] for name in sorted(WORLD.arrivals)]
    other = donors[(version * 5 + len(customer)) % len(donors)]
    return {
        name: other.get(name, vector) if version > 1 else vector for name, vector in own.items() if name != "amounts"
    }


def take(graph: LiveGraph, customer: str, given: dict[str, np.ndarray] | None) -> None:
    if given is None:
        graph.remove(customer)
    else:
        graph.put(customer, given)


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(steps=STEPS, order=st.randoms(use_true_random=False))
def test_any_order_leads_to_the_same_graph_as_a_rebuild(steps: list[tuple[str, str, int]], order) -> None:  # noqa: ANN001
    graph = WORLD.graph()
    last: dict[str, dict[str, np.ndarray] | None] = {}
    for action, customer, version in steps:
        last[customer] = None if action == "remove" else vectors(customer, version, action)
        take(graph, customer, last[customer])
    anew = WORLD.graph()
    people = sorted(last)
    order.shuffle(people)
    for customer in people:
        take(anew, customer, last[customer])
    assert state(graph) == state(anew)


def test_everybody_gone_and_back_is_the_night():
    graph = WORLD.graph()
    before = state(graph)
    some = WORLD.night.customer_ids.tolist()[:20]
    held = {name: graph.vectors_of(name) for name in some}
    for name in some:
        graph.remove(name)
    assert not {member for ring in graph.rings() for member in ring.members} & set(some)
    for name in reversed(some):
        graph.put(name, held[name])
    assert state(graph) == before


def test_what_cannot_be_taken_is_refused_by_name():
    graph = WORLD.graph()
    good = np.ones(DIM)
    for wrong, said in (
        ({}, "no vector"),
        ({"voice": good}, "no space 'voice'"),
        ({"notes": good[:3]}, "12 finite numbers"),
        ({"notes": good * np.nan}, "finite"),
        ({"notes": good * 0}, "length 0"),
    ):
        with pytest.raises(DataError, match=said):
            graph.checked(wrong)
    assert np.linalg.norm(graph.checked({"notes": 3 * good})["notes"]) == pytest.approx(1)
    with pytest.raises(DataError, match="C149"):
        graph.neighbours("C1490", 3)


def test_removing_nobody_changes_nothing():
    graph = WORLD.graph()
    assert graph.remove("nobody") == []
    assert state(graph) == state(NIGHT)


def ring(name: str, members: str) -> LiveRing:
    return LiveRing(name, tuple(members), (), 1.0)


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ({}, {"A": "abc"}, RingEvent.born),
        ({"A": "abc"}, {"A": "abcd"}, RingEvent.grew),
        ({"A": "abcd"}, {"A": "abc"}, RingEvent.shrank),
        ({"A": "abc"}, {"A": "bcd"}, RingEvent.moved),
        ({"A": "abc", "D": "def"}, {"A": "abcdef"}, RingEvent.merged),
        ({"A": "abcdef"}, {"A": "abc", "D": "def"}, RingEvent.split),
        ({"A": "abc"}, {}, RingEvent.gone),
    ],
)
def test_each_event_is_told_by_members(before: dict[str, str], after: dict[str, str], event: RingEvent) -> None:
    told = changes(*({name: ring(name, members) for name, members in each.items()} for each in (before, after)))
    assert {change.event for change in told} == {event}
    assert changes({"A": ring("A", "abc")}, {"A": ring("A", "abc")}) == []


def test_the_world_is_one_of_rings_and_strangers():
    assert isinstance(WORLD, LiveWorld)
    assert NIGHT.ties_of_night.expected <= 0.05 * max(len(NIGHT.ties_of_night.ties.a), 1)
    assert len(NIGHT.ties_of_night.ties.a) >= 9


def test_a_customer_tied_before_they_act_is_dormant():
    world = live_world(noise=0.1)
    graph, newcomer = world.graph(), world.rings["ring0"][3]
    graph.ties_of_night = replace(graph.ties_of_night, bound=10.0)  # two spaces of so small a night give 14 at most
    vectors = world.arrivals[newcomer]
    graph.put(newcomer, {space: each for space, each in vectors.items() if SPACES.get(space) != "transactions"})
    ring = graph.ring_of(newcomer)
    assert ring is not None
    assert graph.dormant((newcomer,)) == graph.dormant(ring.members) == [newcomer]
    graph.put(newcomer, vectors)
    assert graph.dormant((newcomer, "nobody")) == []


def test_where_no_transactions_are_known_nobody_is_called_dormant():
    spaces = {name: each for name, each in WORLD.night.embeddings.items() if each.modality != "transactions"}
    graph = LiveGraph(replace(WORLD.night, embeddings=spaces))
    assert graph.dormant(WORLD.night.customer_ids.tolist()) == []

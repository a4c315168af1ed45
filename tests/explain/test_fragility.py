"""What holds a ring together: bridges, and the smallest cuts, on graphs whose answer is known."""

import networkx as nx
import numpy as np
import pytest

from ringsight.explain.fragility import LARGEST_CUT, fragility


def graph(edges: list[str], alone: str = "") -> "nx.Graph[str]":
    """A graph of one-letter members, from pairs of letters."""
    made: nx.Graph[str] = nx.Graph()
    made.add_nodes_from(alone)
    made.add_edges_from((pair[0], pair[1]) for pair in edges)
    return made


def test_two_triangles_that_share_a_member_hang_on_it():
    found = fragility(graph(["ab", "bc", "ca", "cd", "de", "ec"]))
    assert [(bridge.customer_id, bridge.parts) for bridge in found.bridges] == [("c", (2, 2))]
    assert found.fewest_members is not None
    assert (found.fewest_members.members, found.fewest_members.parts) == (("c",), (2, 2))


def test_one_link_between_two_triangles_is_what_breaks_them():
    found = fragility(graph(["ab", "bc", "ca", "cd", "de", "ef", "fd"]))
    assert found.fewest_links is not None
    assert (found.fewest_links.links, found.fewest_links.parts) == ((("c", "d"),), (3, 3))
    assert [bridge.customer_id for bridge in found.bridges] == ["c", "d"]


def test_where_everybody_is_linked_no_loss_of_members_splits():
    found = fragility(graph(["ab", "bc", "ca"]))
    assert found.bridges == ()
    assert found.fewest_members is None
    assert found.fewest_links is not None
    assert len(found.fewest_links.links) == 2


@pytest.mark.parametrize(("edges", "alone", "parts"), [([], "", ()), ([], "a", (1,)), (["ab"], "c", (2, 1))])
def test_what_is_empty_single_or_in_parts_has_no_cut(edges: list[str], alone: str, parts: tuple[int, ...]):
    found = fragility(graph(edges, alone))
    assert found.parts == parts
    assert found.fewest_links is None
    assert found.fewest_members is None


def test_a_large_ring_is_not_cut_but_its_bridges_are_known():
    path = nx.relabel_nodes(nx.path_graph(LARGEST_CUT + 1), lambda node: f"{node:03d}")
    found = fragility(path)
    assert found.fewest_links is None
    assert len(found.bridges) == LARGEST_CUT - 1


@pytest.mark.parametrize("seed", range(10))
def test_cuts_split_and_no_order_of_links_changes_them(seed: int):
    rng = np.random.default_rng(seed)
    wild = nx.relabel_nodes(nx.connected_watts_strogatz_graph(12, 4, 0.4, seed=seed), lambda node: f"c{node:02d}")
    edges = list(wild.edges)
    shuffled: nx.Graph[str] = nx.Graph()
    shuffled.add_edges_from(edges[at] for at in rng.permutation(len(edges)))
    found = fragility(wild)
    assert fragility(shuffled) == found
    for split in (found.fewest_links, found.fewest_members):
        assert split is not None
        rest = wild.copy()
        rest.remove_edges_from(split.links)
        rest.remove_nodes_from(split.members)
        assert len(split.parts) == nx.number_connected_components(rest) > 1
        assert sum(split.parts) == rest.number_of_nodes()

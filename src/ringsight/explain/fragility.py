"""What holds a ring together: its bridges, and the fewest links or members whose loss would split it."""

from dataclasses import dataclass

import networkx as nx

LARGEST_CUT = 40
"""Largest ring, in members, in which the smallest cuts are searched for."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A member without whom the ring falls apart."""

    customer_id: str
    parts: tuple[int, ...]
    """Sizes of the parts that would remain, the largest first."""


@dataclass(frozen=True, slots=True)
class Split:
    """Links or members whose loss splits a ring."""

    links: tuple[tuple[str, str], ...]
    members: tuple[str, ...]
    parts: tuple[int, ...]
    """Sizes of the parts that would remain, the largest first."""


@dataclass(frozen=True, slots=True)
class Fragility:
    """How a ring's links hold it together."""

    parts: tuple[int, ...]
    """Sizes of the parts that the links alone leave, the largest first; one part where all members are connected."""
    bridges: tuple[Bridge, ...]
    """Articulation points of the link graph, by customer id."""
    fewest_links: Split | None
    """A smallest set of links whose loss splits the ring; None where it is split already, or larger than
    `LARGEST_CUT`."""
    fewest_members: Split | None
    """A smallest set of members whose loss splits the others; None also where all are linked with all."""


def fragility(graph: "nx.Graph[str]") -> Fragility:
    """Find a ring's bridges and its smallest cuts (Menger 1927, by maximum flow: Esfahanian's algorithms in networkx).

    Args:
        graph: of `Results.graph`.
    """
    customers = sorted(graph.nodes)
    number = {customer: index for index, customer in enumerate(customers)}
    numbered: nx.Graph[int] = nx.Graph()  # numbers, so that among equal cuts the same one is found in every run
    numbered.add_nodes_from(range(len(customers)))
    numbered.add_edges_from(sorted((min(number[a], number[b]), max(number[a], number[b])) for a, b in graph.edges))
    parts = _parts(numbered)
    bridges = sorted(nx.articulation_points(numbered))
    whole = len(parts) == 1 and 2 <= len(customers) <= LARGEST_CUT
    return Fragility(
        parts=parts,
        bridges=tuple(Bridge(customers[bridge], _parts(_without(numbered, {bridge}))) for bridge in bridges),
        fewest_links=_fewest_links(numbered, customers) if whole else None,
        fewest_members=_fewest_members(numbered, customers) if whole else None,
    )


def _fewest_links(graph: "nx.Graph[int]", customers: list[str]) -> Split:
    cut = sorted((min(a, b), max(a, b)) for a, b in nx.minimum_edge_cut(graph))
    rest = graph.copy()
    rest.remove_edges_from(cut)
    return Split(links=tuple((customers[a], customers[b]) for a, b in cut), members=(), parts=_parts(rest))


def _fewest_members(graph: "nx.Graph[int]", customers: list[str]) -> Split | None:
    if nx.density(graph) == 1:
        return None
    cut = sorted(nx.minimum_node_cut(graph))
    return Split(links=(), members=tuple(customers[node] for node in cut), parts=_parts(_without(graph, set(cut))))


def _without(graph: "nx.Graph[int]", nodes: set[int]) -> "nx.Graph[int]":
    return graph.subgraph(node for node in graph if node not in nodes)


def _parts(graph: "nx.Graph[int]") -> tuple[int, ...]:
    return tuple(sorted((len(part) for part in nx.connected_components(graph)), reverse=True))

"""The links of a case as a picture that can be moved about: members, their links, and the values that they share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from ringsight.records.bank import ColumnRole
from ringsight.report.linkgraph import THICKEST, Edge, Node, edges, fitted
from ringsight.report.members import CarriedValue
from ringsight.report.palette import Paint, paints_with

WIDTH, HEIGHT, MARGIN = 760, 460, 34
STEPS, MOVES = 400, 50_000
"""Of the layout, and moves of single nodes in all of them: of many nodes each is moved less often."""
SEED = 0
"""Of the nudges that keep nodes from lying on each other: the same case always looks the same."""
CONNECTORS = 40
"""Shared values that are drawn, those of most members first."""


@dataclass(frozen=True, slots=True)
class MemberNode(Node):
    """A member."""

    new: bool
    """Whether the member joined since the case was last decided."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A value that members share."""

    value: CarriedValue
    x: float
    y: float
    hub: bool
    """Carried by too many customers of the bank to tie any two of them."""
    carriers: tuple[MemberNode, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture, in SVG units from the top left; weak links first, so that strong ones lie above them."""

    nodes: tuple[MemberNode, ...]
    edges: tuple[Edge, ...]
    connectors: tuple[Connector, ...]
    legend: tuple[Paint, ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Carried:
    """A shared value, the members who carry it, and whether it is a hub."""

    value: CarriedValue
    members: tuple[str, ...]
    hub: bool


def drawing(
    graph: "nx.Graph[str]",
    modalities: Mapping[str, str],
    order: Sequence[str],
    carried: Sequence[Carried],
    bridges: Collection[str],
    news: Collection[str],
) -> Drawing:
    """Draw the links among members.

    Args:
        graph: members and links, as `Results.graph_of` gives them.
        modalities: of `Results.modalities`.
        order: members in the order of their numbers.
        carried: values that two members or more share.
        bridges: members without whom the ring falls apart.
        news: members who joined since the case was last decided.
    """
    ties = [each for each in carried if each.value.role is ColumnRole.evidence][:CONNECTORS]
    places = _places(graph, order, ties)
    nodes = {
        customer: MemberNode(number, customer, x, y, customer in bridges, customer in news)
        for number, (customer, (x, y)) in enumerate(zip(order, places[: len(order)], strict=True), start=1)
    }
    return Drawing(
        nodes=tuple(nodes.values()),
        edges=tuple(edges(graph, modalities, nodes, THICKEST)),
        connectors=tuple(
            Connector(tie.value, x, y, tie.hub, tuple(nodes[customer] for customer in tie.members))
            for tie, (x, y) in zip(ties, places[len(order) :], strict=True)
        ),
        legend=paints_with(modalities.values()),
    )


def _places(graph: "nx.Graph[str]", order: Sequence[str], ties: Sequence[Carried]) -> list[tuple[float, float]]:
    """Places of members, then of connectors, by Fruchterman and Reingold (1991)."""
    if not order:  # of a case that went into another
        return []
    index = {customer: number for number, customer in enumerate(order)}
    whole: nx.Graph[int] = nx.empty_graph(len(order) + len(ties))
    whole.add_edges_from(sorted((index[a], index[b]) for a, b in graph.edges))
    whole.add_edges_from((index[customer], len(order) + at) for at, tie in enumerate(ties) for customer in tie.members)
    steps = min(STEPS, MOVES // len(whole))
    laid = nx.spring_layout(whole, pos=nx.circular_layout(whole), iterations=steps, seed=SEED, method="force")
    places = fitted(np.array([laid[node] for node in whole]), (WIDTH, HEIGHT), MARGIN)
    return [(float(x), float(y)) for x, y in places.round(1)]

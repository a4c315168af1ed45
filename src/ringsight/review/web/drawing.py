"""The links of a case as a picture that can be moved about: members, their links, and the values that they share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import igraph as ig
import networkx as nx
import numpy as np

from ringsight.records.bank import Role
from ringsight.review.report.members import SharedValue
from ringsight.review.report.palette import PAINTS, Paint

WIDTH, HEIGHT, MARGIN = 760, 460, 34
THICKEST, THINNEST = 6.0, 0.8
STEPS = 400
"""Of the layout; it begins on a circle, so that the same case always looks the same."""
CONNECTORS = 40
"""Shared values that are drawn, those of most members first."""


@dataclass(frozen=True, slots=True)
class Node:
    """A member."""

    number: int
    customer_id: str
    x: float
    y: float
    bridge: bool
    """Whether the ring falls apart without this member."""
    new: bool
    """Whether the member joined since the case was last decided."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A value that members share."""

    value: SharedValue
    x: float
    y: float
    hub: bool
    """Carried by too many customers of the bank to tie any two of them."""
    carriers: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A link, in the paint of its strongest evidence."""

    a: Node
    b: Node
    paint: Paint
    thickness: float
    spoken: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture, in SVG units from the top left; weak links first, so that strong ones lie above them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    connectors: tuple[Connector, ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Carried:
    """A shared value, the members who carry it, and whether it is a hub."""

    value: SharedValue
    members: tuple[str, ...]
    hub: bool


def drawing(
    graph: "nx.Graph[str]",
    order: Sequence[str],
    carried: Sequence[Carried],
    bridges: Collection[str],
    news: Collection[str],
) -> Drawing:
    """Draw the links among members.

    Args:
        graph: members and links, with bits by modality, as `Results.graph` gives them.
        order: members in the order of their numbers.
        carried: values that two members or more share.
        bridges: members without whom the ring falls apart.
        news: members who joined since the case was last decided.
    """
    ties = [each for each in carried if each.value.role is Role.evidence][:CONNECTORS]
    places = _places(graph, order, ties)
    nodes = {
        customer: Node(number, customer, x, y, customer in bridges, customer in news)
        for number, (customer, (x, y)) in enumerate(zip(order, places[: len(order)], strict=True), start=1)
    }
    return Drawing(
        nodes=tuple(nodes.values()),
        edges=tuple(_edges(graph, nodes)),
        connectors=tuple(
            Connector(tie.value, x, y, tie.hub, tuple(nodes[customer] for customer in tie.members))
            for tie, (x, y) in zip(ties, places[len(order) :], strict=True)
        ),
    )


def _edges(graph: "nx.Graph[str]", nodes: Mapping[str, Node]) -> list[Edge]:
    links = sorted(graph.edges(data=True), key=lambda link: (link[2]["bits"], *sorted(link[:2])))
    strongest = max((bits["bits"] for _, _, bits in links), default=1.0) or 1.0
    edges = []
    for one, other, bits in links:
        a, b = sorted((nodes[one], nodes[other]), key=lambda node: node.number)
        reasons = [f"{paint.label} {bits[paint.column]:.1f}" for paint in PAINTS if bits[paint.column] > 0]
        edges.append(
            Edge(
                a=a,
                b=b,
                paint=max(PAINTS, key=lambda paint: bits[paint.column]),
                thickness=round(max(THINNEST, THICKEST * bits["bits"] / strongest), 1),
                spoken=f"{a.customer_id} and {b.customer_id}: {', '.join(reasons) or '0'} bits",
            )
        )
    return edges


def _places(graph: "nx.Graph[str]", order: Sequence[str], ties: Sequence[Carried]) -> list[tuple[float, float]]:
    """Places of members, then of connectors, by Fruchterman and Reingold (1991)."""
    index = {customer: number for number, customer in enumerate(order)}
    pairs = sorted((min(index[a], index[b]), max(index[a], index[b])) for a, b in graph.edges)
    pairs += [(index[customer], len(order) + at) for at, tie in enumerate(ties) for customer in tie.members]
    whole = ig.Graph(n=len(order) + len(ties), edges=pairs)
    angles = 2 * np.pi * np.arange(whole.vcount()) / max(whole.vcount(), 1)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    laid = whole.layout_fruchterman_reingold(seed=circle.tolist(), niter=STEPS, grid=False)
    flat = np.array(laid.coords).reshape(-1, 2)
    low, high = flat.min(axis=0), flat.max(axis=0)
    spread = np.where(high - low > 1e-6, high - low, np.inf)  # a flat side is centred
    scaled = np.where(np.isfinite(spread), (flat - low) / spread, 0.5)
    places = MARGIN + scaled * np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    return [(float(x), float(y)) for x, y in places.round(1)]

"""A ring's links as a drawing: who is tied to whom, by which evidence most, and how strongly."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ringsight.report.palette import Paint, paints_with

WIDTH, HEIGHT, MARGIN = 400, 320, 26
THICKEST, THINNEST = 6.0, 0.8
INK = 110.0
"""Thickness of all links together, if all were as strong as the strongest: many links are drawn thinner."""
LARGEST_KAMADA = 40
MEMBERS_SHOWN = 30
"""Members of a ring in its drawing, the best linked first."""
SEED = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A member; `number` is its row in the table of members."""

    number: int
    customer_id: str
    x: float
    y: float
    bridge: bool
    """Whether the ring falls apart without this member."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A link, in the paint of the modality that ties the two most."""

    a: Node
    b: Node
    paint: Paint
    thickness: float
    spoken: str


@dataclass(frozen=True, slots=True)
class LinkGraph:
    """The drawing, in SVG units from the top left; weak links first, so that strong ones are drawn over them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int = WIDTH
    height: int = HEIGHT


def best_linked_first(graph: "nx.Graph[str]") -> list[str]:
    """The members of a graph of `Results.graph`, those with the most bits first, ties by id."""
    strength = dict(graph.degree(weight="bits"))
    return sorted(graph, key=lambda customer: (-round(strength[customer], 6), customer))


def link_graph(
    graph: "nx.Graph[str]", modalities: Mapping[str, str], order: list[str], bridges: Collection[str]
) -> LinkGraph:
    """Draw the links among members.

    Args:
        graph: of `Results.graph`.
        modalities: of `Results.modalities`.
        order: the members to draw, numbered from 1 in this order.
        bridges: members to mark.
    """
    graph = graph.subgraph(order)
    places = _places(graph, order)
    nodes = {
        customer: Node(number, customer, round(x, 1), round(y, 1), customer in bridges)
        for number, (customer, (x, y)) in enumerate(zip(order, places, strict=True), start=1)
    }
    thickest = min(THICKEST, max(2.0, INK / max(graph.number_of_edges(), 1)))
    return LinkGraph(nodes=tuple(nodes.values()), edges=tuple(edges(graph, modalities, nodes, thickest)))


def edges(
    graph: "nx.Graph[str]", modalities: Mapping[str, str], nodes: Mapping[str, Node], thickest: float
) -> list[Edge]:
    """The links among `nodes`, weakest first; the strongest is drawn `thickest`."""
    links = sorted(graph.edges(data=True), key=lambda link: (link[2]["bits"], *sorted(link[:2])))
    strongest = max((tie["bits"] for _, _, tie in links), default=1.0) or 1.0
    drawn = []
    for one, other, tie in links:
        a, b = sorted((nodes[one], nodes[other]), key=lambda node: node.number)
        bits: dict[str, float] = defaultdict(float)
        for source, worth in tie["by_source"].items():
            bits[modalities[source]] += worth
        drawn.append(_edge(a, b, bits, max(THINNEST, thickest * tie["bits"] / strongest)))
    return drawn


def _edge(a: Node, b: Node, bits: Mapping[str, float], thickness: float) -> Edge:
    """A link, by its bits in each modality."""
    paints = [paint for paint in paints_with(bits) if bits[paint.modality] > 0]
    reasons = ", ".join(f"{paint.label} {bits[paint.modality]:.1f}" for paint in paints)
    return Edge(
        a=a,
        b=b,
        paint=max(paints, key=lambda paint: bits[paint.modality]),
        thickness=round(thickness, 1),
        spoken=f"{a.customer_id} and {b.customer_id}: {reasons} bits",
    )


def _places(graph: "nx.Graph[str]", order: list[str]) -> NDArray[np.float64]:
    """Places in the picture, shape (members, 2): by Kamada and Kawai (1989) in small connected rings, else springs."""
    ordered: nx.Graph[str] = nx.Graph()
    ordered.add_nodes_from(order)
    ordered.add_edges_from(sorted((min(a, b), max(a, b)) for a, b in graph.edges))
    if len(order) <= LARGEST_KAMADA and nx.is_connected(ordered):
        layout = nx.kamada_kawai_layout(ordered)
    else:
        layout = nx.spring_layout(ordered, seed=SEED)
    return fitted(np.array([layout[customer] for customer in order]), (WIDTH, HEIGHT), MARGIN)


def fitted(places: NDArray[np.float64], picture: tuple[int, int], margin: int) -> NDArray[np.float64]:
    """Places scaled to a picture of some width and height, inside a margin; shape (places, 2)."""
    low, high = places.min(axis=0), places.max(axis=0)
    spread = np.where(high - low > 1e-6, high - low, np.inf)  # a flat side is centred
    scaled = np.where(np.isfinite(spread), (places - low) / spread, 0.5)
    inside: NDArray[np.float64] = margin + scaled * (np.array(picture) - 2 * margin)
    return inside

"""What is answered of a customer, a ring and an event, as JSON can hold it; provisional until the night."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_links import LiveLink
from ringsight.online.live_rings import LiveRing, RingChange
from ringsight.online.live_similar import SimilarNow
from ringsight.online.standing import fit_standing, ring_standing

DECIMALS = 4
MOST_LINKS = 50
"""Links that are told of one customer; how many there are is told beside them."""


def customer_answer(graph: LiveGraph, customer_id: str) -> dict[str, Any]:
    """A customer's links, the ring if any, and how surely the customer belongs to it.

    `dormant` says that the customer is tied to a ring and has no transactions: the account has not acted yet.
    """
    links = graph.links_of(customer_id, MOST_LINKS)
    ring = graph.ring_of(customer_id)
    return {
        "customer_id": customer_id,
        "spaces": sorted(graph.vectors_of(customer_id)),
        "links": [link_answer(link) for link in links],
        "links_in_all": graph.links_in_all(customer_id),
        "ring": ring_answer(graph, ring) if ring else None,
        "fit": _fit(graph, customer_id, ring) if ring else None,
        "dormant": bool(ring and graph.dormant((customer_id,))),
    }


def link_answer(link: LiveLink) -> dict[str, Any]:
    """A link, with bits by space."""
    by_source = {name: round(bits, DECIMALS) for name, bits in link.by_source.items()}
    return {
        "customer_id": link.customer_id,
        "bits": round(link.bits, DECIMALS),
        "by_source": by_source,
        "tied": link.tied,
    }


def ring_answer(graph: LiveGraph, ring: LiveRing) -> dict[str, Any]:
    """A live ring: its members, what the last night said of it, and its provisional standing."""
    standing = ring_standing(graph, ring)
    return {
        "ring_id": ring.ring_id,
        "members": list(ring.members),
        "size": len(ring.members),
        "dormant": graph.dormant(ring.members),
        "provisional": True,
        "standing": asdict(standing),
        "last_night": _last_night(graph, ring),
    }


def ring_detail(graph: LiveGraph, ring: LiveRing) -> dict[str, Any]:
    """As `ring_answer`, with the ties among its members and how surely each belongs."""
    ties = [
        {"customer_a": one, "customer_b": other, "closeness": round(bits, DECIMALS)}
        for one, other, bits in graph.ties_among(ring.members)
    ]
    fits = {member: _fit(graph, member, ring) for member in ring.members if member in graph}
    return ring_answer(graph, ring) | {"ties": ties, "fits": fits}


def event_answer(graph: LiveGraph, change: RingChange, customer_id: str) -> dict[str, Any]:
    """What became of a live ring, and through whom; of those who joined, who is dormant."""
    return {
        "event": change.event.value,
        "from_ids": list(change.from_ids),
        "to_ids": list(change.to_ids),
        "joined": list(change.joined),
        "left": list(change.left),
        "dormant": graph.dormant(change.joined),
        "through": customer_id,
        "provisional": True,
    }


def _fit(graph: LiveGraph, customer_id: str, ring: LiveRing) -> Mapping[str, Any]:
    fit = fit_standing(graph, customer_id, ring)
    return {
        "p_value": None if fit.p_value is None else round(fit.p_value, DECIMALS),
        "strangers": fit.strangers,
        "bits": round(fit.bits, DECIMALS),
        "provisional": True,
    }


def _last_night(graph: LiveGraph, ring: LiveRing) -> list[dict[str, Any]]:
    """Rings of the last night with two members or more in a live ring, flagged ones first."""
    shared = (
        graph.night.members.filter(pl.col("customer_id").is_in(list(ring.members)))
        .group_by("ring_id")
        .agg(pl.len().alias("members_here"))
        .filter(pl.col("members_here") > 1)
    )
    told = graph.night.rings.join(shared, on="ring_id").sort("flagged", "ring_id", descending=[True, False])
    columns = ["ring_id", "size", "members_here", "flagged", "held", "explanation", "adjusted_q_value"]
    return told.select(columns).to_dicts()


def neighbour_answer(graph: LiveGraph, customer_id: str, k: int) -> dict[str, Any]:
    """The nearest customers in each space that a customer is in."""
    told = {
        space: [
            {
                "customer_id": each.customer_id,
                "similarity": round(each.similarity, DECIMALS),
                "bits": round(each.bits, DECIMALS),
            }
            for each in found
        ]
        for space, found in graph.neighbours(customer_id, k).items()
    }
    return {"customer_id": customer_id, "neighbours": told}


def similar_answer(customer_id: str, found: Sequence[SimilarNow]) -> dict[str, Any]:
    """The customers most like one."""
    return {"customer_id": customer_id, "similar": [asdict(each) for each in found]}


def night_answer(graph: LiveGraph) -> dict[str, Any]:
    """What live rings are held against."""
    ties = graph.ties_of_night
    return {
        "customers": len(graph.night.customer_ids),
        "spaces": {name: {"dim": space.dim, "customers": space.count} for name, space in graph.spaces.items()},
        "tie_bound": round(ties.bound, DECIMALS),
        "ties": len(ties.ties.a),
        "ties_by_chance": round(ties.expected, DECIMALS),
        "worlds": len(ties.chance_rings),
        "caveats": list(graph.night.caveats),
    }

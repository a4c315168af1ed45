"""How a customer who came by day stands, for now: against strangers of the last night, and against its chance worlds.

All of it is provisional. A ring's q-value is a share among all rings of a night, and what chance does is learned from a
whole night, so neither can be restated for one customer. What can be told at once is how many strangers of the last
night would fit a ring as well as the newcomer does, and how many groups so closely tied its chance worlds show.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_rings import LiveRing
from ringsight.online.live_space import LiveSpace
from ringsight.online.ties import WORLDS

STRANGERS = 512
"""Customers of the last night, at most, who stand in for a newcomer."""
FEWEST = 20
"""With fewer comparable strangers nothing is said."""
REASON = (
    "provisional: q is the share of false rings among all that a night lists, so it is not restated until the next "
    "night has judged all customers together"
)


@dataclass(frozen=True, slots=True)
class RingStanding:
    """How a live ring stands for now."""

    chance_rings: float | None
    """Groups with so many bits of ties that one chance world of the last night shows, on average; None if not told."""
    worlds: int
    """Chance worlds that were drawn."""
    reason: str
    """Why this is provisional, and why nothing is told where it is not."""


@dataclass(frozen=True, slots=True)
class FitStanding:
    """How surely a customer belongs to a live ring, for now."""

    p_value: float | None
    """Share of strangers who fit as well, at least one in those who were tried; None where too few can be compared."""
    strangers: int
    """How many were tried."""
    bits: float
    """Mean bits between the customer and the other members, beyond chance, summed over spaces."""


def ring_standing(graph: LiveGraph, ring: LiveRing) -> RingStanding:
    """Hold a live ring against the chance worlds of the last night."""
    if graph.night.caveats:
        return RingStanding(None, WORLDS, f"{REASON}; not told here: {'; '.join(graph.night.caveats)}")
    worlds = graph.ties_of_night.chance_rings
    shown = sum(len(bits) - int(np.searchsorted(bits, ring.bits, side="left")) for bits in worlds)
    return RingStanding(shown / len(worlds), len(worlds), REASON)


def fit_standing(graph: LiveGraph, customer_id: str, ring: LiveRing) -> FitStanding:
    """Hold a customer's ties to the others of a ring against those of strangers of the night in the same spaces."""
    others = tuple(member for member in ring.members if member != customer_id)
    code, fellows = int(graph.codes_of((customer_id,))[0]), graph.codes_of(others)
    spaces = [space for _, space in graph.evidence() if space.has(code)]
    strangers = _strangers(graph, spaces, ring)
    own, theirs = 0.0, np.zeros(len(strangers))
    for space in spaces:
        members = fellows[space.here(fellows)]
        if len(members) == 0:
            continue
        own += float(space.bits_with(code, members).mean())
        if len(strangers):
            theirs += space.bits_between(*space.sample(strangers), members).mean(axis=1)
    if len(strangers) < FEWEST or not others:
        return FitStanding(None, len(strangers), own)
    return FitStanding((1 + int((theirs >= own - 1e-9).sum())) / (1 + len(strangers)), len(strangers), own)


def _strangers(graph: LiveGraph, spaces: Sequence[LiveSpace], ring: LiveRing) -> NDArray[np.int64]:
    """Customers of the night outside the ring who are in all of some spaces; the same ones whenever it is asked."""
    if not spaces:
        return np.zeros(0, dtype=np.int64)
    in_all = np.zeros(graph.known, dtype=np.int64)
    for space in spaces:
        in_all[space.counted()] += 1
    in_all[graph.codes_of(ring.members)] = 0
    comparable = np.flatnonzero(in_all == len(spaces))
    rng = np.random.default_rng([graph.night.seed, 16])
    return np.sort(rng.choice(comparable, min(STRANGERS, len(comparable)), replace=False, shuffle=False))

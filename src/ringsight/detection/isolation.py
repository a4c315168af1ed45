"""The second null: how far the members of a community stand apart from strangers.

Permuting traces against each other says nothing of how closely a ring is tied in the one trace that proposed it: one
picture on forty accounts, one script in sixty calls. Were customers scattered with one density around a community, the
logarithm of the distance to the nearest stranger over the distance inside, times the links that hold it, would fall
exponentially (gaps of a Poisson process), at a rate that depends on the space alone. That rate is learned from the bulk
of the modality's own communities, of whom nearly all are honest (the empirical null of Efron 2004, Journal of the
American Statistical Association 99:96): whatever clumps are common in this bank, common templates and photo studios
among them, make a community less surprising. Those that an innocent column explains are no part of the bulk.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.agreement import pairs_of
from ringsight.detection.candidates import Evidence, Isolation
from ringsight.detection.conditions import Condition, innocent
from ringsight.detection.nulls import distinct
from ringsight.graph.branches import NEAREST, distances
from ringsight.graph.sources import Rows, SpaceSource

BULK = (0.5, 0.9)
"""The quantiles of the communities between which the rate is learned: above them rings may lie."""
FEWEST = 20
"""From fewer distinct communities of a modality nothing is learned, and none of them judged."""
BLOCK = 2**24
"""Similarities held at once; 4 bytes each."""


def judged(evidence: Evidence, conditions: Sequence[Condition]) -> Evidence:
    """The same evidence, with every modality's own communities held against their isolation among strangers."""
    return replace(
        evidence,
        isolation={
            index: isolation
            for index, trace in enumerate(evidence.traces)
            if isinstance(trace, SpaceSource) and (isolation := _standing(trace, evidence.own[index], conditions))
        },
    )


def isolation(trace: SpaceSource, groups: Sequence[Rows]) -> NDArray[np.float64]:
    """How far each group stands apart: (size - 1) * ln(mean distance to a nearest stranger / mean distance inside).

    Args:
        trace: the modality.
        groups: customers who have it, two at least in each.

    Returns:
        Shape (groups,).
    """
    apart = np.zeros(len(groups))
    for number, members in enumerate(groups):
        rows = trace.row[members]
        left, right = pairs_of(len(rows))
        similarity = np.einsum("ij,ij->i", trace.vectors[rows[left]], trace.vectors[rows[right]])
        apart[number] = (len(rows) - 1) * np.log(_to_strangers(trace, rows).mean() / distances(similarity).mean())
    return np.round(apart, 6)


def _standing(trace: SpaceSource, groups: Sequence[Rows], conditions: Sequence[Condition]) -> Isolation | None:
    apart = isolation(trace, groups)
    kept = distinct(groups, apart)
    honest = [apart[group] for group in kept if not innocent(groups[group], conditions)]
    if len(honest) < FEWEST:
        return None
    of = {int(customer): int(group) for group in kept for customer in groups[group]}
    family = [max((of[c] for c in members.tolist() if c in of), key=lambda g: apart[g]) for members in groups]
    return Isolation(_chance(apart, np.sort(honest)), np.array(family))


def _chance(apart: NDArray[np.float64], honest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of honest communities that stand so far apart: counted in the bulk, beyond it an exponential tail.

    The tail falls no faster than one that begins at zero would, so that it has no cliff where all are equal; and its
    scale is widened by twice its standard error, which matters where there are few.
    """
    remain = 1 - np.array(BULK)
    low, high = np.quantile(honest, BULK)
    span = np.log(remain[0] / remain[1])
    scale = max((high - low) / span, -low / np.log(remain[0]), -high / np.log(remain[1]))
    variance = (1 / remain[1] - 1 / remain[0]) / span**2
    scale = max(scale * (1 + 2 * np.sqrt(variance / len(honest))), np.finfo(np.float64).tiny)
    share = 1 - np.searchsorted(honest, apart, side="left") / len(honest)
    tail = remain[1] * np.exp(-np.maximum(apart - high, 0) / scale)
    chance: NDArray[np.float64] = np.clip(np.where(apart > high, tail, np.maximum(share, remain[1])), 1e-300, 1.0)
    return chance


def _to_strangers(trace: SpaceSource, rows: Rows) -> NDArray[np.float64]:
    """Distance of each member to the nearest who is none; the nearest possible where everybody is one."""
    near = trace.neighbours[rows]
    stranger = (near >= 0) & ~np.isin(near, rows)
    similarity = trace.similarities[rows, stranger.argmax(axis=1)]
    unknown = np.flatnonzero(~stranger.any(axis=1))
    if len(rows) == trace.count:
        return np.full(len(rows), NEAREST)
    if len(unknown) == 0:
        return distances(similarity)
    outside = np.ones(trace.count, dtype=np.bool_)
    outside[rows] = False
    for block in np.array_split(unknown, len(unknown) * trace.count // BLOCK + 1):
        similarity[block] = (trace.vectors[rows[block]] @ trace.vectors[outside].T).max(axis=1, initial=-1.0)
    return distances(similarity)

"""How far a group stands apart from the nearest strangers in one space: one picture on forty accounts."""

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.agreement import Agreement
from ringsight.detection.groups import Groups, pairs_of
from ringsight.graph.branches import NEAREST, distances
from ringsight.graph.sources import Rows, SpaceSource

BLOCK = 2**24
"""Similarities held at once; 4 bytes each."""


def isolation(source: SpaceSource, groups: Groups) -> Agreement:
    """How far groups stand apart: (size - 1) * ln(mean distance to a nearest stranger / mean distance inside).

    By second ties the distance to each member's nearest partner does not count.

    Args:
        source: the space.
        groups: customers who are in it, two at least in each.

    Returns:
        Agreement of shape (groups,), rounded to six decimals; by second ties 0 for groups of two.
    """
    full, second = np.zeros((2, groups.count))
    for number in range(groups.count):
        rows = source.row[groups[number]]
        left, right = pairs_of(len(rows))
        similarity = np.einsum("ij,ij->i", source.vectors[rows[left]], source.vectors[rows[right]])
        inside = distances(similarity)
        strangers = _to_strangers(source, rows).mean()
        full[number] = (len(rows) - 1) * np.log(strangers / inside.mean())
        if len(rows) > 2:
            nearest = np.full(len(rows), np.inf)
            for ends in (left, right):
                np.minimum.at(nearest, ends, inside)
            rest = (2 * inside.sum() - nearest.sum()) / (2 * len(inside) - len(rows))
            second[number] = (len(rows) - 1) * np.log(strangers / max(rest, NEAREST))
    return Agreement(np.round(full, 6), np.round(second, 6))


def _to_strangers(source: SpaceSource, rows: Rows) -> NDArray[np.float64]:
    """Distance of each member to the nearest who is none; the nearest possible where everybody is one."""
    near = source.neighbours[rows]
    stranger = (near >= 0) & ~np.isin(near, rows)
    similarity = source.similarities[rows, stranger.argmax(axis=1)]
    unknown = np.flatnonzero(~stranger.any(axis=1))
    if len(rows) == source.count:
        return np.full(len(rows), NEAREST)
    if len(unknown) == 0:
        return distances(similarity)
    outside = np.ones(source.count, dtype=np.bool_)
    outside[rows] = False
    for block in np.array_split(unknown, len(unknown) * source.count // BLOCK + 1):
        similarity[block] = (source.vectors[rows[block]] @ source.vectors[outside].T).max(axis=1, initial=-1.0)
    return distances(similarity)

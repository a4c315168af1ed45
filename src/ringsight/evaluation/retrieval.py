"""What a space is worth for finding people: who is among the nearest.

Unlike a loss, these shares mean the same in every space and under every setting.
"""

import numpy as np
from numpy.typing import NDArray

from ringsight.evaluation.measures import Share
from ringsight.evaluation.truth import Truth
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.exact import exact_neighbours

K = 5
"""How many of the nearest are looked at."""


def ring_mates(embeddings: Embeddings, truth: Truth, k: int = K) -> Share:
    """How many of the k nearest of true rings' members are of the same ring.

    Args:
        embeddings: of one space.
        truth: the rings. Who is in several counts as a mate of all.
        k: how many of the nearest are looked at.

    Returns:
        Ring mates among the k nearest, of as many as there could be: of a member, its mates in the space, k at most.
    """
    mates: dict[str, set[str]] = {}
    for ring in truth.rings.values():
        for member in ring:
            mates.setdefault(member, set()).update(ring - {member})
    present = set(embeddings.customer_ids.tolist())
    asked = sorted(member for member in present & mates.keys() if mates[member] & present)
    if not asked:
        return Share(0, 0)
    rows = embeddings.rows_in(np.array(asked))
    near, _ = exact_neighbours(embeddings.vectors[rows], embeddings.vectors, rows, min(k, len(present) - 1))
    found = sum(
        len(mates[member].intersection(embeddings.customer_ids[nearest].tolist()))
        for member, nearest in zip(asked, near, strict=True)
    )
    return Share(found, sum(min(k, len(mates[member] & present)) for member in asked))


def own_views(first: Embeddings, second: Embeddings) -> Share:
    """How many customers are found again: the nearest of one view's vector, among the other's, is their own.

    Args:
        first: of one half of everybody's records.
        second: of the other half, in the same space.

    Returns:
        Customers found again, of those who are in both views. By lot it would be one.
    """
    both: NDArray[np.str_] = np.intersect1d(first.customer_ids, second.customer_ids)
    if len(both) == 0:
        return Share(0, 0)
    one, other = (each.vectors[each.rows_in(both)] for each in (first, second))
    nearest, _ = exact_neighbours(one, other, np.full(len(both), -1), 1)
    return Share(int(np.sum(nearest[:, 0] == np.arange(len(both)))), len(both))

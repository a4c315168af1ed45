"""Which pairs of customers a model brings near: by all its spaces together, as detection adds up evidence."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.links import bits_above_chance
from ringsight.graph.sources import Rows, distinct_keys, space_source
from ringsight.records.embeddings import JOINT, Embeddings

LOOKED_AT = 30
"""Nearest customers of each space who may be among the nearest of all spaces together."""
FEWEST_VECTORS = 3


def found_near(
    spaces: Mapping[str, Embeddings], pairs: Sequence[tuple[str, str]], nearest: int = 5
) -> NDArray[np.float64]:
    """Whether the two of each pair are among each other's nearest: 1 if both are, a half if one is.

    Near is who has most bits above chance, added up over all spaces but the joint one. A customer of whom no space says
    anything is near nobody.

    Args:
        spaces: of one model.
        pairs: of customers, two different ones each.
        nearest: how many of each customer count as near.

    Returns:
        Shape (pairs,).
    """
    told = [each for name, each in spaces.items() if name != JOINT and len(each.customer_ids) >= FEWEST_VECTORS]
    found = np.zeros(len(pairs))
    if not told or not pairs:
        return found
    ids = np.unique(np.concatenate([each.customer_ids for each in told]))
    ends = np.array(pairs, dtype=ids.dtype if ids.dtype.itemsize else np.str_).astype(np.str_)
    at = np.minimum(np.searchsorted(ids, ends), len(ids) - 1)
    known = (ids[at] == ends).all(axis=1)
    sources = [space_source(each, ids, LOOKED_AT) for each in told]
    near = [source.near_pairs(LOOKED_AT) for source in sources]
    a, b = (np.concatenate([pair[end] for pair in near]) for end in (0, 1))
    keys = distinct_keys(a * len(ids) + b)
    a, b = keys // len(ids), keys % len(ids)
    bits = np.sum([bits_above_chance(source, a, b) for source in sources], axis=0)
    kept = _nearest(np.r_[a, b], np.r_[b, a], np.r_[bits, bits], len(ids), nearest)
    one, other = at[known].T
    found[known] = (np.isin(one * len(ids) + other, kept) * 1.0 + np.isin(other * len(ids) + one, kept)) / 2
    return found


def _nearest(a: Rows, b: Rows, bits: NDArray[np.float64], customers: int, nearest: int) -> Rows:
    """Keys `a * customers + b` of each a's nearest, the first of equals."""
    order = np.lexsort((b, -bits, a))
    place = np.arange(len(a)) - np.searchsorted(a[order], a[order], side="left")
    chosen = order[place < nearest]
    kept: Rows = a[chosen] * customers + b[chosen]
    return kept

"""Whether segments show in a space, and which pairs to teach where they do not.

A segment shows where neighbours share it more often than they would if chance dealt the segments out anew. Where it
does not, a person may want the joint space to be taught: two customers of one segment whom the space keeps apart shall
be near, two of different segments whom it holds for alike shall be apart (contrastive learning by pairs, as
`fusion.taught_pairs` does it).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.drift.contrast_groups import FEWEST
from ringsight.records.business_pairs import BUSINESS_PAIRS
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.exact import exact_neighbours

ALIGNMENT = {
    "space": pl.String,
    "customers": pl.Int64,
    "segments": pl.Int64,
    "agreement": pl.Float64,
    "chance": pl.Float64,
    "lift": pl.Float64,
    "p_value": pl.Float64,
    "shows": pl.Boolean,
}
"""How often neighbours share a segment, how often chance has it so, and by how much more, from 0 to 1."""
BY_SEGMENT = {
    "space": pl.String,
    "segment": pl.String,
    "customers": pl.Int64,
    "agreement": pl.Float64,
    "chance": pl.Float64,
}
TAUGHT = BUSINESS_PAIRS | {"segment": pl.String, "segment_of_b": pl.String, "similarity": pl.Float64}
"""What `fusion.business_pairs` reads, with the segments of both and their cosine similarity as it is."""
APART, NEAR = ("other segment", -1.0), ("same segment", 1.0)
"""Label and weight of pairs to part, and of those to bring together."""
PERMUTATIONS = 999


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhoods:
    """Customers of a space whose segment is known, and their nearest among themselves."""

    space: str
    customer_ids: NDArray[np.str_]
    vectors: NDArray[np.float32]
    names: NDArray[np.str_]
    """Of the segments, sorted."""
    codes: NDArray[np.int64]
    """Segment of each customer; shape (customers,)."""
    nearest: NDArray[np.int32]
    """Shape (customers, k)."""

    @property
    def shared(self) -> NDArray[np.float64]:
        """Share of each customer's neighbours who have the same segment."""
        share: NDArray[np.float64] = (self.codes[self.nearest] == self.codes[:, None]).mean(axis=1)
        return share


def neighbourhoods(
    space: Embeddings, segment_of: Mapping[str, str], most: int, k: int, rng: np.random.Generator
) -> Neighbourhoods | None:
    """Look for the nearest of customers whose segment is known; None where they or their segments are too few.

    Args:
        space: tonight.
        segment_of: by customer id; nobody whose segment is unknown.
        most: customers, drawn at random.
        k: neighbours of each.
        rng: draws them.
    """
    known = np.flatnonzero([customer in segment_of for customer in space.customer_ids.tolist()])
    if len(known) > most:
        known = np.sort(rng.choice(known, most, replace=False))
    names, codes = np.unique(
        [segment_of[customer] for customer in space.customer_ids[known].tolist()], return_inverse=True
    )
    if len(known) < FEWEST or len(names) < 2:
        return None
    vectors = space.vectors[known]
    nearest, _ = exact_neighbours(vectors, vectors, np.arange(len(known)), min(k, len(known) - 1))
    return Neighbourhoods(space.space, space.customer_ids[known], vectors, names, codes, nearest)


def alignment_row(found: Neighbourhoods, level: float, least: float, rng: np.random.Generator) -> tuple[object, ...]:
    """How far segments show in a space, held against segments dealt out by chance; in the columns of `ALIGNMENT`."""
    seen = float(found.shared.mean())
    drawn = np.empty(PERMUTATIONS)
    for each in range(PERMUTATIONS):
        codes = rng.permutation(found.codes)
        drawn[each] = (codes[found.nearest] == codes[:, None]).mean()
    chance = float(drawn.mean())
    p_value = (1 + int((drawn >= seen - 1e-12).sum())) / (PERMUTATIONS + 1)
    lift = max(0.0, (seen - chance) / (1 - chance))
    shows = p_value <= level and lift >= least
    return found.space, len(found.codes), len(found.names), seen, chance, lift, p_value, shows


def by_segment(found: Neighbourhoods) -> pl.DataFrame:
    """How often the neighbours of each segment's customers share it; columns of `BY_SEGMENT`."""
    sizes = np.bincount(found.codes)
    agreement = np.bincount(found.codes, found.shared) / sizes
    chance = (sizes - 1) / (len(found.codes) - 1)
    columns = {"segment": found.names, "customers": sizes, "agreement": agreement, "chance": chance}
    return (
        pl.DataFrame(columns)
        .with_columns(space=pl.lit(found.space))
        .select(list(BY_SEGMENT))
        .cast(pl.Schema(BY_SEGMENT))
    )


def pairs_to_teach(found: Neighbourhoods, most: int) -> pl.DataFrame:
    """Pairs by which the space would learn the segments, half to bring together and half to part; columns of `TAUGHT`.

    To part: neighbours of each other, of different segments, the nearest first. To bring together: customers with the
    fewest neighbours of their own segment, each with the nearest of it who is no neighbour. Nobody is named twice in a
    half.
    """
    apart, near = _to_part(found), _to_bring_together(found)
    tables = [_table(found, APART, apart).head(most // 2), _table(found, NEAR, near).head(most - most // 2)]
    return pl.concat(tables).sort("customer_a", "customer_b")


Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def _to_part(found: Neighbourhoods) -> Columns:
    count, k = found.nearest.shape
    a, b = np.repeat(np.arange(count), k), found.nearest.ravel().astype(np.int64)
    forth, back = a * count + b, b * count + a
    mutual = np.isin(forth, back) & (a < b) & (found.codes[a] != found.codes[b])
    return _nobody_twice(a[mutual], b[mutual], _similarity(found, a[mutual], b[mutual]))


def _to_bring_together(found: Neighbourhoods) -> Columns:
    partner = np.full(len(found.codes), -1, dtype=np.int64)
    for code in range(len(found.names)):
        rows = np.flatnonzero(found.codes == code)
        width = min(found.nearest.shape[1] + 1, len(rows) - 1)
        if width < 1:
            continue
        own, _ = exact_neighbours(found.vectors[rows], found.vectors[rows], np.arange(len(rows)), width)
        mates = rows[own]
        outside = (mates[:, :, None] != found.nearest[rows][:, None, :]).all(axis=2)
        first = outside.argmax(axis=1)
        partner[rows] = np.where(outside.any(axis=1), mates[np.arange(len(rows)), first], -1)
    order = np.argsort(found.shared, kind="stable")
    a = order[(partner[order] >= 0) & (found.shared[order] < 1)]
    b = partner[a]
    first, second, similarity = _nobody_twice(a, b, -np.arange(len(a), dtype=np.float32))
    return first, second, _similarity(found, first, second) if len(first) else similarity


def _nobody_twice(a: NDArray[np.int64], b: NDArray[np.int64], worth: NDArray[np.float32]) -> Columns:
    """The pairs of most worth, nobody in two; in rounds, each of which takes pairs that are the best of both ends."""
    order = np.argsort(-worth, kind="stable")
    a, b, worth = a[order], b[order], worth[order]
    kept: list[NDArray[np.int64]] = []
    left = np.arange(len(a))
    while len(left):
        ends = np.stack([a[left], b[left]], axis=1).ravel()
        _, first = np.unique(ends, return_index=True)
        best = np.bincount(first // 2, minlength=len(left)) == 2
        kept.append(left[best])
        used = np.concatenate([a[left[best]], b[left[best]]])
        left = left[~(np.isin(a[left], used) | np.isin(b[left], used))]
    rows = np.sort(np.concatenate(kept)) if kept else left
    return a[rows], b[rows], worth[rows]


def _similarity(found: Neighbourhoods, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
    similarity: NDArray[np.float32] = np.einsum("ij,ij->i", found.vectors[a], found.vectors[b])
    return similarity


def _table(found: Neighbourhoods, told: tuple[str, float], pairs: Columns) -> pl.DataFrame:
    a, b, similarity = pairs
    a, b = np.minimum(a, b), np.maximum(a, b)  # rows are in the order of the ids
    columns = {
        "customer_a": found.customer_ids[a],
        "customer_b": found.customer_ids[b],
        "segment": found.names[found.codes[a]],
        "segment_of_b": found.names[found.codes[b]],
        "similarity": similarity,
    }
    return (
        pl.DataFrame(columns)
        .with_columns(label=pl.lit(told[0]), weight=pl.lit(told[1]))
        .select(list(TAUGHT))
        .cast(pl.Schema(TAUGHT))
    )

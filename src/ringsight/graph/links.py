"""Links: pairs of customers tied closely enough to be worth a look, in one source or in several together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.relations import EvidenceSource
from ringsight.graph.sources import CHANCE_BITS, Rows, SpaceSource, distinct_keys


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Tied pairs of customers, and by how many bits."""

    a: Rows
    b: Rows
    """a < b; each of shape (links,)."""
    bits: NDArray[np.float64]
    """Shape (links,)."""


def source_links(space: SpaceSource, k: int) -> Links:
    """Pairs tied by one modality at least as closely as mutual k-th neighbours."""
    a, b = space.near_pairs(k)
    bits = space.pair_bits(a, b)
    strong = bits >= threshold_bits(space, k)
    return Links(a[strong], b[strong], bits[strong])


def threshold_bits(space: SpaceSource, k: int) -> float:
    """Bits of two who are each the other's k-th neighbour among n others who have the source: log2(n / k)."""
    others = space.count - 1
    return float(np.log2(others / min(k, others)))


def fused_links(spaces: Sequence[SpaceSource], k: int) -> Links:
    """Pairs tied by several spaces together at least as closely as mutual k-th neighbours.

    Bits above chance are added up over the spaces that both are in, and ranked anew: the r-th of a customer's n
    comparable others is worth log2(n / r) bits, both directions averaged. Only pairs that some space ties closely are
    ranked.

    Args:
        spaces: two or more of one modality.
        k: how many nearest customers of each space are looked at, and what counts as near.
    """
    customers = len(spaces[0].present)
    near = [space.near_pairs(k) for space in spaces]
    key = distinct_keys(np.concatenate([a * customers + b for a, b in near]))
    a, b = key // customers, key % customers
    total = np.sum([bits_above_chance(space, a, b) for space in spaces], axis=0)
    others = int(np.any([space.present for space in spaces], axis=0).sum()) - 1
    rank = _ranks(np.r_[a, b], np.r_[total, total])
    bits = np.log2(others / np.minimum(rank, others)).reshape(2, -1).mean(axis=0)
    strong = bits >= np.log2(others / min(k, others))
    return Links(a[strong], b[strong], bits[strong])


def _ranks(customer: Rows, total: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each entry among its customer's, the highest first; equal ones share the worst place."""
    order = np.lexsort((-total, customer))
    start = np.searchsorted(customer[order], customer[order], side="left")
    place = np.arange(len(order)) - start + 1
    last = np.flatnonzero(np.r_[(np.diff(customer[order]) != 0) | (np.diff(total[order]) != 0), True])
    worst = place[last[np.searchsorted(last, np.arange(len(order)))]]
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = worst
    return rank


def bits_above_chance(source: EvidenceSource, a: Rows, b: Rows) -> NDArray[np.float64]:
    """Bits between customers a[i] and b[i] less what two strangers' nearness is worth; 0 where either lacks the source.

    A shared value has no such baseline, nor has a transfer: strangers hardly ever share one.
    """
    bits = carried_bits(source, a, b)
    if isinstance(source, SpaceSource):
        bits[source.present[a] & source.present[b]] -= CHANCE_BITS
    return bits


def carried_bits(source: EvidenceSource, a: Rows, b: Rows) -> NDArray[np.float64]:
    """Bits between customers a[i] and b[i], 0 where either lacks the source; shape (pairs,)."""
    both = source.present[a] & source.present[b]
    bits = np.zeros(len(a))
    bits[both] = source.pair_bits(a[both], b[both])
    return bits

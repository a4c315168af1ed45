"""Links: pairs of customers tied closely enough to be worth a look, in one trace or in several together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv

from ringsight.graph.sources import CHANCE_BITS, Rows, SpaceSource, Trace


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Tied pairs of customers, and by how many bits."""

    a: Rows
    b: Rows
    """a < b; each of shape (links,)."""
    bits: NDArray[np.float64]
    """Shape (links,)."""


def source_links(trace: SpaceSource, k: int) -> Links:
    """Pairs tied by one modality at least as closely as mutual k-th neighbours."""
    a, b = trace.near_pairs(k)
    bits = trace.pair_bits(a, b)
    strong = bits >= threshold_bits(trace, k)
    return Links(a[strong], b[strong], bits[strong])


def threshold_bits(trace: SpaceSource, k: int) -> float:
    """Bits of two who are each the other's k-th neighbour among n others who have the trace: log2(n / k)."""
    others = trace.count - 1
    return float(np.log2(others / min(k, others)))


def combined_threshold(customers: int, modalities: int, chance_links: float) -> float:
    """Summed bits above chance that a customer meets in about `chance_links` strangers.

    The sum of m independent -ln(u) follows a gamma distribution with shape m, the law behind Fisher's
    combination of p-values. It counts every pair as having all modalities, ranked alike from both ends;
    where that fails, fewer strangers pass.

    Args:
        customers: how many strangers there are.
        modalities: how many modalities are summed.
        chance_links: strangers who may pass by chance, for each customer.
    """
    share = min(chance_links / max(customers, 1), 0.5)
    return float((gammainccinv(modalities, share) - modalities) * CHANCE_BITS)


def combined_links(
    near: Sequence[tuple[Rows, Rows]], traces: Sequence[Trace], owners: Mapping[str, Rows], threshold: float
) -> Links:
    """Pairs whose evidence, summed over all traces that both have, passes the threshold.

    Args:
        near: for each trace the pairs of trace owners that it ties closely.
        traces: in the order of `near`.
        owners: for each trace, the customer whose trace each customer carries (a permutation of the rows).
        threshold: summed bits above chance.
    """
    customers = len(traces[0].present)
    keys = []
    for trace, (start, end) in zip(traces, near, strict=True):
        carrier = np.empty(customers, dtype=np.int64)
        carrier[owners[trace.name]] = np.arange(customers)
        a, b = carrier[start], carrier[end]
        keys.append(np.minimum(a, b) * customers + np.maximum(a, b))
    key = np.unique(np.concatenate(keys))
    a, b = key // customers, key % customers
    total = sum((bits_above_chance(trace, owners[trace.name], a, b) for trace in traces), np.zeros(len(a)))
    strong = total >= threshold
    return Links(a[strong], b[strong], total[strong])


def bits_above_chance(trace: Trace, owner: Rows, a: Rows, b: Rows) -> NDArray[np.float64]:
    """Bits between customers a[i] and b[i] less what two strangers' nearness is worth; 0 where either lacks the trace.

    A shared value has no such baseline: strangers hardly ever share one.
    """
    bits = carried_bits(trace, owner, a, b)
    if isinstance(trace, SpaceSource):
        bits[trace.present[owner[a]] & trace.present[owner[b]]] -= CHANCE_BITS
    return bits


def carried_bits(trace: Trace, owner: Rows, a: Rows, b: Rows) -> NDArray[np.float64]:
    """Bits between the traces that customers a[i] and b[i] carry, 0 where either carries none; shape (pairs,)."""
    start, end = owner[a], owner[b]
    both = trace.present[start] & trace.present[end]
    bits = np.zeros(len(a))
    bits[both] = trace.pair_bits(start[both], end[both])
    return bits

"""Groups suspicious in several views at once, in the manner of SliceNDice.

Written from the paper (Nilforoshan and Shah 2019, "SliceNDice: Mining Suspicious Multi-attribute Entity Groups with
Multi-view Graphs", arXiv 1908.07087). Each attribute is a view, a graph of customers weighted by how rare the values
are that two share. Under the null (its MVERE model) edge weights of a view are independent and exponential with the
view's mean, its background density, so that the mass of a group of n customers, with v = n (n - 1) / 2 pairs, is
gamma distributed with shape v. The suspiciousness of a group is minus the log-likelihood of its mass, summed over the
views in which it is denser than the background. Groups grow from seeds by single customers, alternating with the
choice of the views. Links of a modality among near neighbours, weighted by their bits, are a view here too.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ringsight.graph.links import source_links
from ringsight.graph.sources import EntitySource, Rows, Source, SpaceSource
from rivals.traces import CHOSEN, Traces, ranked


def slice_and_dice(traces: Traces, views: int, neighbours: int, largest: int) -> list[Rows]:
    """Grow a group from every customer and its strongest tie, and rank what they end as by their suspiciousness.

    Args:
        traces: of the bank.
        views: in how many views a group is scored.
        neighbours: a modality's links join mutual nearest neighbours up to this rank.
        largest: customers at which a group stops growing.
    """
    weights = np.stack([_view(trace, traces.customers, neighbours) for trace in traces.all])
    weights = weights[weights.any(axis=(1, 2))]
    found: dict[bytes, tuple[Rows, float]] = {}
    for seed in _seeds(weights):
        members, score = _grown(weights, seed, views, largest)
        if len(members) >= CHOSEN.min_size:
            found[members.tobytes()] = members, score
    return ranked([members for members, _ in found.values()], [score for _, score in found.values()])


def suspiciousness(mass: NDArray[np.float64], size: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """Minus the log-likelihood of a group's mass under the null; 0 where it is no denser than the background.

    Args:
        mass: in units of the view's background density, of any shape.
        size: customers in the group, at least 2.
    """
    pairs = np.asarray(size * (size - 1) / 2)
    safe = np.maximum(mass, np.finfo(np.float64).tiny)
    surprise = gammaln(pairs) - (pairs - 1) * np.log(safe) + safe
    return np.where(mass > pairs, surprise, 0.0)


def _view(trace: Source, customers: int, neighbours: int) -> NDArray[np.float32]:
    """Symmetric edge weights of a view, in units of their mean over all pairs; shape (customers, customers)."""
    match trace:
        case EntitySource():
            a, b = trace.near_pairs(neighbours)
            carriers = np.bincount(trace.codes[trace.present])
            weight = np.log1p(1 / carriers[trace.codes[a]]) ** 2  # the paper's inverse value frequency
        case SpaceSource():
            links = source_links(trace, neighbours)
            a, b, weight = links.a, links.b, links.bits
    background = weight.sum() / (customers * (customers - 1) / 2)
    edges = np.zeros((customers, customers), dtype=np.float32)
    edges[a, b] = edges[b, a] = weight / max(background, np.finfo(np.float64).tiny)
    return edges


def _seeds(weights: NDArray[np.float32]) -> list[Rows]:
    """Every customer with its strongest tie over all views, where it has one."""
    total = weights.sum(axis=0)
    tied = np.flatnonzero(total.any(axis=1))
    pairs = np.sort(np.stack([tied, total[tied].argmax(axis=1)], axis=1), axis=1)
    return list(np.unique(pairs, axis=0))


def _grown(weights: NDArray[np.float32], seed: Rows, views: int, largest: int) -> tuple[Rows, float]:
    """Let a group take in or give up one customer at a time, while that makes it more suspicious in its best views."""
    inside = np.zeros(weights.shape[1], dtype=np.bool_)
    inside[seed] = True
    to_group = weights[:, seed].sum(axis=1, dtype=np.float64)
    mass = to_group[:, seed].sum(axis=1) / 2
    while True:
        size = int(inside.sum())
        now = suspiciousness(mass, size)
        chosen = np.argsort(-now, kind="stable")[:views]
        able = np.flatnonzero(to_group[chosen].any(axis=0) & (inside | (size < largest)) & (~inside | (size > 2)))
        if len(able) == 0:
            return np.flatnonzero(inside), float(now[chosen].sum())
        step = np.where(inside[able], -1, 1)
        after = suspiciousness(mass[chosen, None] + step * to_group[np.ix_(chosen, able)], size + step).sum(axis=0)
        best = int(after.argmax())
        if after[best] <= now[chosen].sum() * (1 + 1e-9):
            return np.flatnonzero(inside), float(now[chosen].sum())
        inside[able[best]] = step[best] > 0
        mass = mass + step[best] * to_group[:, able[best]]
        to_group = to_group + step[best] * weights[:, able[best]]

"""Rings from values that customers share exactly: cluster size, shared attributes, the graph-database recipe."""

from collections import Counter
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ringsight.graph.sources import EntitySource, Rows, entity_sources
from ringsight.records.bank import ColumnRole
from rivals.traces import CHOSEN, Traces, ranked

TOP = 0.05
"""Share of the customers that the recipe calls fraudulent."""


class Columns(StrEnum):
    """Which customer columns are compared."""

    evidence = "evidence"
    """Those that ringsight takes for evidence."""
    unprotected = "unprotected"
    """Those and the innocent ones: address, employer and the like."""


def cluster_size(traces: Traces, columns: Columns, cap: int) -> list[Rows]:
    """Connected components of shared values that at most `cap` customers carry, the largest first."""
    a, b, _ = _shared(traces, columns, cap)
    groups = _components(a, b, traces.customers)
    return ranked(groups, [len(members) for members in groups])


def shared_attributes(traces: Traces, columns: Columns, least: int) -> list[Rows]:
    """Components of pairs who share at least `least` values, by how many values several of their members share."""
    a, b, shared = _shared(traces, columns, CHOSEN.entity_cap)
    groups = _components(a[shared >= least], b[shared >= least], traces.customers)
    attributes = _attributes(traces, columns, CHOSEN.entity_cap)
    return ranked(groups, [sum(_values_shared(trace, members) for trace in attributes) for members in groups])


def top_degree(traces: Traces, columns: Columns, cutoff: float) -> list[Rows]:
    """The recipe of Neo4j's guides to first-party fraud, with its step from customers to rings.

    Components of shared attributes; Jaccard similarity of the attributes of two customers in one component; the
    weighted degree in the graph of similarities above the cutoff; the top 5 % of customers. Those of them who are in
    one component are a ring, ranked by mean degree.
    """
    a, b, shared = _shared(traces, columns, CHOSEN.entity_cap)
    attributes = _attributes(traces, columns, CHOSEN.entity_cap)
    held = sum((trace.present.astype(np.int64) for trace in attributes), np.zeros(traces.customers, np.int64))
    similarity = shared / np.maximum(held[a] + held[b] - shared, 1)
    kept = similarity > cutoff
    a, b, similarity = a[kept], b[kept], similarity[kept]
    customers = traces.customers
    degree = np.bincount(a, similarity, customers) + np.bincount(b, similarity, customers)
    top = np.zeros(customers, dtype=np.bool_)
    top[np.argsort(-degree, kind="stable")[: round(TOP * customers)]] = True
    top &= degree > 0
    groups = _components(a[top[a] & top[b]], b[top[a] & top[b]], customers)
    return ranked(groups, [float(degree[members].mean()) for members in groups])


def _attributes(traces: Traces, columns: Columns, cap: int) -> list[EntitySource]:
    names = traces.bank.columns_with(ColumnRole.evidence)
    if columns is Columns.unprotected:
        names = sorted([*names, *traces.bank.columns_with(ColumnRole.innocent)])
    return entity_sources(traces.bank.customers, names, cap)


def _shared(traces: Traces, columns: Columns, cap: int) -> tuple[Rows, Rows, NDArray[np.int64]]:
    """Pairs (a < b) who share a value, and how many they share."""
    counts: Counter[tuple[int, int]] = Counter()
    for trace in _attributes(traces, columns, cap):
        a, b = trace.near_pairs(CHOSEN.neighbours)
        counts.update(zip(a.tolist(), b.tolist(), strict=True))
    pairs = np.array(sorted(counts), dtype=np.int64).reshape(-1, 2)
    shared = np.array([counts[a, b] for a, b in pairs.tolist()], dtype=np.int64)
    return pairs[:, 0], pairs[:, 1], shared


def _components(a: Rows, b: Rows, customers: int) -> list[Rows]:
    _, label = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(customers, customers)), directed=False)
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return [members for members in parts if len(members) >= CHOSEN.min_size]


def _values_shared(trace: EntitySource, members: Rows) -> int:
    """Values within the cap that two of the members or more carry."""
    codes, carriers = np.unique(trace.codes[members], return_counts=True)
    return sum(code >= 0 and trace.bits[code] > 0 for code in codes[carriers > 1])

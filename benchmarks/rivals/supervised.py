"""A gradient-boosted tree on pairs of customers, given the labels of a fifth of the rings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.groups import Groups
from ringsight.evaluation.truth import Truth
from ringsight.graph.communities import communities
from ringsight.graph.links import carried_bits
from ringsight.graph.sources import Rows, entity_sources
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import JOINT
from rivals.graphs import Order, mean_by_group, ordered
from rivals.traces import CHOSEN, SEED, Traces, ranked

LABELLED = 0.2
"""Share of the rings, and of the customers in none, whose labels are given."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What a supervised method is told."""

    rings: dict[str, frozenset[str]]
    """The rings it knows."""
    honest: frozenset[str]
    """Customers it knows to be in none."""


def draw_labels(truth: Truth, seed: int) -> Labels:
    """A fifth of the rings, at least one, and a fifth of the customers in none."""
    rng = np.random.default_rng(seed)
    names = sorted(truth.rings)
    known = rng.choice(len(names), min(max(1, round(LABELLED * len(names))), len(names)), replace=False)
    honest = sorted(truth.customer_ids.difference(*truth.rings.values()))
    drawn = rng.choice(len(honest), round(LABELLED * len(honest)), replace=False)
    return Labels(
        {names[i]: truth.rings[names[i]] for i in sorted(known.tolist())}, frozenset(honest[i] for i in drawn)
    )


def boosted_pairs(traces: Traces, labels: Labels, price: float, order: Order) -> list[Rows]:
    """Communities of pairs that the tree takes for one hand's.

    The tree learns from near pairs among labelled customers and says of every near pair how likely it is one ring's.
    A pair must bring the probability `price` to stay in a community. None where the labels hold no near pair of a ring.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    a, b = _near_pairs(traces)
    x = pair_features(traces, a, b)
    ring = _ring_of(traces, labels)
    told = (ring[a] != 0) & (ring[b] != 0)
    same = (ring[a] == ring[b]) & (ring[a] > 0)
    if not same.any() or same[told].all():
        return []
    tree = HistGradientBoostingClassifier(class_weight="balanced", min_samples_leaf=10, random_state=SEED)
    tree.fit(x[told], same[told])
    likely = tree.predict_proba(x)[:, 1]
    kept = likely >= price
    groups = communities((a[kept], b[kept]), likely[kept], price, CHOSEN.min_size, SEED)
    mean = _mean_inside(groups, a, b, likely)
    return ranked(groups, ordered(groups, mean, order))


def pair_features(traces: Traces, a: Rows, b: Rows) -> NDArray[np.float64]:
    """What two customers have in common: shape (pairs, features), nan where either lacks the trace.

    Bits by modality and entity, cosine in the joint space, innocent values shared, days between the accounts' openings.
    Protected columns are no feature.
    """
    columns = []
    for trace in traces.all:
        both = trace.present[a] & trace.present[b]
        columns.append(np.where(both, carried_bits(trace, a, b), np.nan))
    if JOINT in traces.embeddings:
        space = traces.embeddings[JOINT]
        row = space.rows_in(traces.bank.customer_ids)
        cosine = np.einsum("ij,ij->i", space.vectors[row[a]], space.vectors[row[b]])
        columns.append(np.where((row[a] >= 0) & (row[b] >= 0), cosine, np.nan))
    innocent = entity_sources(traces.bank.customers, traces.bank.columns_with(ColumnRole.innocent), traces.customers)
    columns += [carried_bits(trace, a, b) for trace in innocent]
    if "opened_at" in traces.bank.customers.columns:
        day = traces.bank.customers["opened_at"].to_physical().to_numpy() / 86_400e6
        columns.append(np.abs(day[a] - day[b]))
    return np.stack(columns, axis=1)


def _near_pairs(traces: Traces) -> tuple[Rows, Rows]:
    near = [trace.near_pairs(CHOSEN.neighbours) for trace in traces.all]
    keys = np.unique(np.concatenate([a * traces.customers + b for a, b in near]))
    return keys // traces.customers, keys % traces.customers


def _ring_of(traces: Traces, labels: Labels) -> NDArray[np.int64]:
    """Number of each customer's known ring, from 1; -1 for those known to be in none, 0 where nothing is known."""
    number = dict.fromkeys(labels.honest, -1)
    for place, members in enumerate(labels.rings.values(), start=1):
        number |= dict.fromkeys(members, place)
    return np.array([number.get(str(customer), 0) for customer in traces.bank.customer_ids])


def _mean_inside(groups: list[Rows], a: Rows, b: Rows, likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean probability of each group's pairs; those that are not near count as 0; shape (groups,)."""
    laid = Groups.of(groups)
    customers = int(max(b.max(initial=0), laid.members.max(initial=0))) + 1
    keys = a * customers + b
    left, right = laid.pairs
    wanted = laid.members[left] * customers + laid.members[right]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return mean_by_group(laid, np.where(keys[at] == wanted, likely[at], 0.0))

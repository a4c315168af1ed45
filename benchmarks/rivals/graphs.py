"""Nearest neighbours and Leiden communities, in one space or in several, ranked by how strong their ties are."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.groups import Groups
from ringsight.fusion.blocks import side_by_side
from ringsight.graph.communities import communities
from ringsight.graph.links import bits_above_chance, carried_bits, source_links, threshold_bits
from ringsight.graph.sources import Rows, SpaceSource, space_source
from ringsight.records.embeddings import JOINT, Embeddings
from rivals.traces import CHOSEN, SEED, Traces, ranked


class Order(StrEnum):
    """How communities are ranked."""

    mean = "mean"
    """By the mean evidence of their pairs."""
    total = "total"
    """By that mean times the links of a tree over them: size - 1."""


def single(traces: Traces, modality: str, scale: int, order: Order) -> list[Rows]:
    """Communities of one modality alone; none where the bank lacks it."""
    trace = traces.modality(modality)
    return _communities_of(trace, scale, order) if trace else []


def early(traces: Traces, scale: int, order: Order) -> list[Rows]:
    """Communities in the space of all modalities' vectors, concatenated; none where the bank lacks them all."""
    names = [trace.name for trace in traces.modalities]
    if not names:
        return []
    blocks = side_by_side(traces.embeddings, names)
    some = traces.embeddings[names[0]]
    space = Embeddings("early", blocks.customer_ids, blocks.side_by_side(), some.model_hash, some.data_hash)
    return _communities_of(space_source(space, traces.bank.customer_ids, CHOSEN.neighbours), scale, order)


def joint(traces: Traces, scale: int, order: Order) -> list[Rows]:
    """Communities in the learned joint space, without a null; none where there is no such space."""
    if JOINT not in traces.embeddings:
        return []
    trace = space_source(traces.embeddings[JOINT], traces.bank.customer_ids, CHOSEN.neighbours)
    return _communities_of(trace, scale, order)


def late(traces: Traces, scale: int, order: Order) -> list[Rows]:
    """Communities of the links whose bits are summed over all traces, entities included, without a null."""
    links = traces.summed()
    groups = communities((links.a, links.b), links.bits, traces.price(scale), CHOSEN.min_size, SEED)
    return ranked(groups, ordered(groups, summed_mean(traces, groups), order))


def summed_mean(traces: Traces, groups: list[Rows]) -> NDArray[np.float64]:
    """Mean over each group's pairs of their summed bits above chance; shape (groups,)."""
    laid = Groups.of(groups)
    left, right = laid.pairs
    a, b = laid.members[left], laid.members[right]
    bits = sum((bits_above_chance(trace, a, b) for trace in traces.all), np.zeros(len(a)))
    return mean_by_group(laid, bits)


def mean_by_group(laid: Groups, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over each group's pairs of their values; shape (groups,)."""
    pair_group = laid.group[laid.pairs[0]]
    counts = np.bincount(pair_group, minlength=laid.count)
    mean: NDArray[np.float64] = np.bincount(pair_group, values, laid.count) / np.maximum(counts, 1)
    return mean


def ordered(groups: list[Rows], mean: NDArray[np.float64], order: Order) -> NDArray[np.float64]:
    """Scores of groups by the mean evidence of their pairs."""
    match order:
        case Order.mean:
            return mean
        case Order.total:
            total: NDArray[np.float64] = mean * np.array([len(members) - 1 for members in groups])
            return total


def _communities_of(trace: SpaceSource, scale: int, order: Order) -> list[Rows]:
    links = source_links(trace, CHOSEN.neighbours)
    groups = communities((links.a, links.b), links.bits, threshold_bits(trace, scale), CHOSEN.min_size, SEED)
    laid = Groups.of(groups)
    left, right = laid.pairs
    mean = mean_by_group(laid, carried_bits(trace, laid.members[left], laid.members[right]))
    return ranked(groups, ordered(groups, mean, order))

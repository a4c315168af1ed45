"""Relations that meet at a customer, close in time and alike in sum: how money moves on, is gathered, or is scattered.

A customer who is paid and soon pays on as much is a link of a chain or of a circle; several who pay one customer like
sums within days, or are paid so, are a fan. These are the temporal motifs of two edges (Paranjape, Benson and Leskovec
2017, WSDM, "Motifs in temporal networks"). A meeting is weighed by how many as close would be expected at a customer of
so many transfers in the bank's time, times the share of the bank's transfers whose sum is as near.

Relations with many transfers count once: by the mean over their rounds. Standing payments, such as rents and wages, meet
in fans everywhere, so that fans are made of the others alone.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.sources import Rows
from ringsight.graph.transfers import Floats, Relations

DAY = 86_400.0
HOUR = 3_600.0
WITHIN = 14 * DAY
"""Transfers farther apart in time do not meet."""
FOLLOWING = 16
"""Transfers at a customer that one is set beside: the next so many."""
LEAST_APART = 0.01
"""Sums nearer than this, as logarithms, are as near as any."""
LEAST_BITS = 2.0
"""Meetings of fewer bits are left out."""
ROUNDS = 3
"""A relation of so many transfers,"""
LASTING = 21 * DAY
"""over so long a time, is a standing payment."""


class Way(IntEnum):
    """How two relations meet at a customer."""

    onward = 0
    """The first pays the customer, who then pays the second."""
    gathered = 1
    """Both pay the customer."""
    scattered = 2
    """The customer pays both."""


@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """Pairs of relations that meet."""

    first: Rows
    second: Rows
    """Numbers of relations; each of shape (meetings,)."""
    way: NDArray[np.int64]
    """A `Way`."""
    bits: Floats

    def take(self, rows: NDArray[np.bool_]) -> "Meetings":
        """Some of the meetings."""
        return Meetings(self.first[rows], self.second[rows], self.way[rows], self.bits[rows])


def meetings(relations: Relations, hubs: NDArray[np.bool_]) -> Meetings:
    """The meetings at all customers but hubs; shape of `hubs` (customers,)."""
    transfer, at, paying = _events(relations, hubs)
    size = np.bincount(at, minlength=relations.customers)
    span = max(float(np.ptp(relations.moment)), DAY) if len(relations.moment) else DAY
    grain = _grain(relations.moment)
    sums = np.sort(relations.amount)
    standing = (relations.times >= ROUNDS) & (relations.moment[relations.start[1:] - 1] - relations.moment[relations.start[:-1]] > LASTING)
    parts: list[tuple[NDArray[np.int64], ...]] = []
    weights: list[Floats] = []
    for step in range(1, FOLLOWING + 1):
        i = np.flatnonzero(at[:-step] == at[step:]) if step < len(at) else np.zeros(0, np.int64)
        if not len(i):
            break
        j = i + step
        a, b = transfer[i], transfer[j]
        apart = relations.moment[b] - relations.moment[a]
        e, f = relations.relation[a], relations.relation[b]
        way = np.where(paying[i], np.where(paying[j], Way.scattered, -1), np.where(paying[j], Way.onward, Way.gathered))
        kept = (way >= 0) & (apart <= WITHIN) & (e != f)
        kept &= (way != Way.onward) | (relations.sender[e] != relations.receiver[f])
        kept &= (way == Way.onward) | ~(standing[e] | standing[f])
        kept = np.flatnonzero(kept)
        a, b, e, f, way, apart = a[kept], b[kept], e[kept], f[kept], way[kept], apart[kept]
        expected = size[at[i[kept]]] * (apart + grain) / span * _share_as_near(relations.amount[a], relations.amount[b], sums)
        bits = -np.log2(np.minimum(expected, 1.0))
        strong = bits >= LEAST_BITS
        parts.append((e[strong], f[strong], way[strong], b[strong]))
        weights.append(bits[strong])
    if not parts:
        return Meetings(*np.zeros((3, 0), dtype=np.int64), np.zeros(0))
    e, f, way, later = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _by_relation(relations, (e, f, way, later), np.concatenate(weights))


def _events(relations: Relations, hubs: NDArray[np.bool_]) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """Each transfer twice, at its receiver and at its sender, hubs left out, in order of customer and time."""
    transfer = np.tile(np.arange(len(relations.moment)), 2)
    at = np.concatenate([relations.receiver[relations.relation], relations.sender[relations.relation]])
    paying = np.repeat([False, True], len(relations.moment))
    kept = np.flatnonzero(~hubs[at])
    order = kept[np.lexsort((paying[kept], relations.moment[transfer[kept]], at[kept]))]
    return transfer[order], at[order], paying[order]


def _grain(moment: Floats) -> float:
    """How finely times are told: a day where all are of one hour of the day, an hour otherwise."""
    within = np.unique(moment % DAY)
    return DAY if len(within) <= 1 else HOUR


def _share_as_near(one: Floats, other: Floats, sums: Floats) -> Floats:
    """Share of the bank's transfers, sorted, whose sum is as near to one's as the other's is."""
    apart = np.maximum(np.abs(one - other), LEAST_APART)
    found = np.searchsorted(sums, one + apart, side="right") - np.searchsorted(sums, one - apart, side="left")
    share: Floats = np.maximum(found, 1) / max(len(sums), 1)
    return share


def _by_relation(relations: Relations, met: tuple[NDArray[np.int64], ...], bits: Floats) -> Meetings:
    """Of each later transfer the closest meeting of two relations, averaged over the rounds of the longer one."""
    e, f, way, later = met
    swapped = (way != Way.onward) & (relations.moment[relations.start[e]] > relations.moment[relations.start[f]])
    e, f = np.where(swapped, f, e), np.where(swapped, e, f)
    key = (way * relations.count + e) * relations.count + f
    order = np.lexsort((-bits, later, key))
    key, later, bits = key[order], later[order], bits[order]
    closest = np.flatnonzero((np.diff(key, prepend=-1) != 0) | (np.diff(later, prepend=-1) != 0))
    key, bits = key[closest], bits[closest]
    begin = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    total = np.add.reduceat(bits, begin) if len(begin) else bits
    key = key[begin]
    first, second = key // relations.count % relations.count, key % relations.count
    rounds = np.maximum(relations.times[first], relations.times[second])
    mean = total / rounds
    kept = mean >= LEAST_BITS
    return Meetings(first, second, key // relations.count**2, mean).take(kept)

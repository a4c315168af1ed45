"""Relations that meet at a customer, close in time and alike in sum: how money moves on, is gathered, or is scattered.

A customer who is paid and soon pays on as much is a link of a chain or of a circle; several who pay one customer like
sums within days, or are paid so, are a fan. These are the temporal motifs of two edges (Paranjape, Benson and Leskovec
2017, WSDM, "Motifs in temporal networks"). A meeting is weighed by how many as close would be expected at a customer of
so many transfers in the bank's time, times the share of the bank's transfers whose sum is as near.

Relations with many transfers count once: by the mean over their rounds. Standing payments, such as rents and wages,
meet in fans everywhere, so that fans are made of the others alone.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.relations import Floats, Relations
from ringsight.graph.sources import Rows

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
    events = _Events.of(relations, hubs)
    sums = np.sort(relations.amount)
    standing = _standing(relations)
    found = [_Pairs.none()]
    for step in range(1, FOLLOWING + 1):
        pairs = events.apart_by(step)
        if not len(pairs.later):
            break
        e, f = relations.relation[pairs.earlier], relations.relation[pairs.later]
        onward = pairs.way == Way.onward
        kept = (e != f) & np.where(onward, relations.sender[e] != relations.receiver[f], ~(standing[e] | standing[f]))
        pairs = pairs.take(kept)
        near = _share_as_near(relations.amount[pairs.earlier], relations.amount[pairs.later], sums)
        pairs = pairs.with_bits(pairs.bits - np.log2(near))
        found.append(pairs.take(pairs.bits >= LEAST_BITS))
    return _by_relation(relations, _Pairs(*(np.concatenate(column) for column in zip(*found, strict=True))))


class _Pairs(NamedTuple):
    """Pairs of transfers at one customer; each of shape (pairs,)."""

    earlier: Rows
    later: Rows
    way: NDArray[np.int64]
    bits: Floats

    @classmethod
    def none(cls) -> "_Pairs":
        nobody = np.zeros(0, dtype=np.int64)
        return cls(nobody, nobody, nobody, np.zeros(0))

    def take(self, rows: NDArray[np.bool_]) -> "_Pairs":
        return _Pairs(self.earlier[rows], self.later[rows], self.way[rows], self.bits[rows])

    def with_bits(self, bits: Floats) -> "_Pairs":
        return self._replace(bits=bits)


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Each transfer twice, at its receiver and at its sender, hubs left out, in order of customer and time."""

    transfer: Rows
    at: Rows
    """The customer."""
    paying: NDArray[np.bool_]
    moment: Floats
    expected: Floats
    """How many events the customer would have within a second, were theirs spread evenly."""
    grain: float
    """How finely times are told, in seconds."""

    @classmethod
    def of(cls, relations: Relations, hubs: NDArray[np.bool_]) -> "_Events":
        transfer = np.tile(np.arange(len(relations.moment)), 2)
        at = np.concatenate([relations.receiver[relations.relation], relations.sender[relations.relation]])
        paying = np.repeat([False, True], len(relations.moment))
        kept = np.flatnonzero(~hubs[at])
        order = kept[np.lexsort((paying[kept], relations.moment[transfer[kept]], at[kept]))]
        transfer, at = transfer[order], at[order]
        span = max(float(np.ptp(relations.moment)), DAY) if len(relations.moment) else DAY
        expected = np.bincount(at, minlength=relations.customers)[at] / span
        return cls(transfer, at, paying[order], relations.moment[transfer], expected, _grain(relations.moment))

    def apart_by(self, step: int) -> _Pairs:
        """Events so many places apart at one customer, within `WITHIN`; what goes out before what comes in is none."""
        i = np.flatnonzero(self.at[:-step] == self.at[step:]) if step < len(self.at) else np.zeros(0, np.int64)
        j = i + step
        apart = self.moment[j] - self.moment[i]
        out = self.paying[j]
        way = np.where(self.paying[i], np.where(out, Way.scattered, -1), np.where(out, Way.onward, Way.gathered))
        kept = (way >= 0) & (apart <= WITHIN)
        i, j, way, apart = i[kept], j[kept], way[kept], apart[kept]
        bits = -np.log2(self.expected[i] * (apart + self.grain))
        return _Pairs(self.transfer[i], self.transfer[j], way, bits)


def _standing(relations: Relations) -> NDArray[np.bool_]:
    """Which relations are standing payments; shape (relations,)."""
    first, last = relations.moment[relations.start[:-1]], relations.moment[relations.start[1:] - 1]
    standing: NDArray[np.bool_] = (relations.times >= ROUNDS) & (last - first > LASTING)
    return standing


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


def _by_relation(relations: Relations, pairs: _Pairs) -> Meetings:
    """Of each later transfer the closest meeting of two relations, averaged over the rounds of the longer one."""
    e, f = relations.relation[pairs.earlier], relations.relation[pairs.later]
    began = relations.moment[relations.start[:-1]] if relations.count else np.zeros(0)
    swapped = (pairs.way != Way.onward) & (began[e] > began[f])
    e, f = np.where(swapped, f, e), np.where(swapped, e, f)
    key = (pairs.way * relations.count + e) * relations.count + f
    order = np.lexsort((-pairs.bits, pairs.later, key))
    key, later, bits = key[order], pairs.later[order], pairs.bits[order]
    closest = np.flatnonzero((np.diff(key, prepend=-1) != 0) | (np.diff(later, prepend=-1) != 0))
    key, bits = key[closest], bits[closest]
    begin = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    total = np.add.reduceat(bits, begin) if len(begin) else bits
    key = key[begin]
    size = max(relations.count, 1)
    first, second, way = key // size % size, key % size, key // size**2
    mean = total / np.maximum(relations.times[first], relations.times[second])
    return Meetings(first, second, way, mean).take(mean >= LEAST_BITS)

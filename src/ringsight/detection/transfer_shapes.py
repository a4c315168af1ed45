"""What money does in one world: groups held together by how their relations meet, and how much that tells, in bits.

Meetings (`graph.meetings`) are weighed by how seldom rewired worlds show any as close, so that their bits add up. A
group is what the meetings of enough bits hold together, at several prices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ringsight.detection.agreement import Agreement
from ringsight.detection.groups import Groups
from ringsight.detection.inside import families
from ringsight.detection.rarity import rarity_bits
from ringsight.graph.communities import communities
from ringsight.graph.meetings import Meetings, Way
from ringsight.graph.relations import Floats, Relations, TransferSource, rarity_of_relations
from ringsight.graph.sources import CHANCE_BITS, Rows

PRICES = tuple(float(bits) for bits in range(2, 13))
"""Bits that a meeting must have to hold a group together: chance shows one for four relations, for eight, and so on."""
PAIR_PRICES = (4.0, 2.0, 1.0)
"""Bits that a pair must bring on average to a group who pay each other."""
DECIMALS = 6
"""Bits are told apart to so many decimals."""


class Shape(StrEnum):
    """By what transfers choose a group; it names the proposer."""

    onward = "transfers paid on"
    """Chains and circles: whoever is paid soon pays on as much."""
    fan = "transfers in fans"
    """Several pay one customer, or are paid by one, like sums at about one time."""
    many = "transfers many to many"
    """Both together, where several pay several: money scattered and gathered again."""
    among = "transfers among few"
    """Customers who pay each other more than chance brings them together."""


WAYS: dict[Shape, tuple[tuple[Way, ...], ...]] = {
    Shape.onward: ((Way.onward,),),
    Shape.fan: ((Way.gathered,), (Way.scattered,)),
    Shape.many: (tuple(Way),),
    Shape.among: (tuple(Way),),
}
"""How relations may meet in a group of each shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """How rare meetings are, by what rewired worlds show."""

    shown: Sequence[Floats]
    """For each `Way` the bits of the meetings of all worlds, sorted."""
    relations: int
    """Relations of all worlds."""

    @classmethod
    def of(cls, worlds: Sequence[Meetings], relations: int) -> "Weighing":
        """By the meetings of some rewired worlds."""
        return cls([np.sort(np.concatenate([each.bits[each.way == way] for each in worlds])) for way in Way], relations)

    def weighed(self, met: Meetings) -> Meetings:
        """The meetings with minus log2 of how many as close chance shows for each relation; those below 0 go."""
        bits = np.zeros(len(met.bits))
        for way, shown in zip(Way, self.shown, strict=True):
            here = met.way == way
            known = shown if len(shown) else np.zeros(1)
            bits[here] = rarity_bits(met.bits[here], known, CHANCE_BITS) - np.log2(len(known) / self.relations)
        return replace(met, bits=bits).take(bits > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """What money does in one world: its relations, and how they meet."""

    source: TransferSource
    met: Meetings
    """Weighed."""

    @property
    def relations(self) -> Relations:
        """Who pays whom."""
        return self.source.relations

    def groups(self, shape: Shape, sizes: tuple[int, int], seed: int) -> tuple[Groups, Agreement]:
        """The groups of a shape, of so many members at least and at most, and their bits, the strongest first.

        Of those that overlap the strongest stays.
        """
        found: dict[bytes, Rows] = {}
        for members in self._among(sizes[0], seed) if shape is Shape.among else self._met(shape):
            if sizes[0] <= len(members) <= sizes[1]:
                found.setdefault(members.tobytes(), members)
        groups = Groups.of(list(found.values()))
        told = self.told(shape, groups)
        kept, _ = families(groups, told.full)
        return groups.take(kept), Agreement(told.full[kept], told.second[kept])

    def _met(self, shape: Shape) -> Iterator[Rows]:
        for ways in WAYS[shape]:
            of_ways = self.met.take(np.isin(self.met.way, ways))
            for price in PRICES:
                yield from self._held_together(of_ways.take(of_ways.bits >= price))

    def _held_together(self, met: Meetings) -> list[Rows]:
        """The customers of relations that meet, directly or by way of others."""
        relation, end = np.unique(np.concatenate([met.first, met.second]), return_inverse=True)
        if not len(relation):
            return []
        ends = end.reshape(2, -1)
        graph = coo_array((np.ones(len(ends[0])), (ends[0], ends[1])), shape=(len(relation), len(relation)))
        part = np.tile(connected_components(graph, directed=False)[1], 2)
        customer = np.concatenate([self.relations.sender[relation], self.relations.receiver[relation]])
        key = np.unique(part * self.relations.customers + customer)
        part, customer = key // self.relations.customers, key % self.relations.customers
        return np.split(customer, np.flatnonzero(np.diff(part)) + 1)

    def _among(self, minimum: int, seed: int) -> list[Rows]:
        sender, receiver = self.relations.sender, self.relations.receiver
        kept = ~(self.source.hubs[sender] | self.source.hubs[receiver])
        key = np.unique(
            np.minimum(sender, receiver)[kept] * self.relations.customers + np.maximum(sender, receiver)[kept]
        )
        a, b = key // self.relations.customers, key % self.relations.customers
        bits = self.source.pair_bits(a, b)
        return [group for price in PAIR_PRICES for group in communities((a, b), bits, price, minimum, seed)]

    def told(self, shape: Shape, groups: Groups) -> Agreement:
        """Bits of groups: of what meets inside, each relation once; of those among few, of relations beyond a tree.

        A tree of relations is what any shop makes. Of many to many only what meets beyond a tree counts, the strongest
        meetings taken for it. By second ties the strongest that counts does not, nor one of the relations beyond.
        """
        group, relation = self._inside(groups)
        if shape is Shape.among:
            beyond, expected = self._beyond_a_tree(groups, group, relation)
            return Agreement(rarity_of_relations(beyond, expected), rarity_of_relations(beyond - 1, expected))
        of, bits = self._closest(shape, group, relation)
        order = np.lexsort((-bits, of))
        of, bits = of[order], bits[order]
        place = np.arange(len(of)) - np.searchsorted(of, of, side="left")
        tree = groups.sizes[of] - 1 if shape is Shape.many else np.zeros(len(of), dtype=np.int64)
        full = np.bincount(of, bits * (place >= tree), groups.count).astype(np.float64)
        second = np.bincount(of, bits * (place > tree), groups.count).astype(np.float64)
        return Agreement(full.round(DECIMALS), second.round(DECIMALS))

    def _beyond_a_tree(
        self, groups: Groups, group: NDArray[np.int64], relation: Rows
    ) -> tuple[NDArray[np.int64], Floats]:
        """How many pairs of each group have a relation, less those that would join it, and how many are expected."""
        left, right = groups.pairs
        expected = groups.sum_of_pairs(self.source.expected(groups.members[left], groups.members[right]))
        ends = self.relations.sender[relation], self.relations.receiver[relation]
        pairs = np.unique(np.stack([group, np.minimum(*ends), np.maximum(*ends)]), axis=1)[0]
        return np.bincount(pairs, minlength=groups.count) - np.maximum(groups.sizes - 1, 0), expected

    def _inside(self, groups: Groups) -> tuple[NDArray[np.int64], Rows]:
        """Relations inside groups: the group, and the relation."""
        left, right = groups.pairs
        a, b = groups.members[left], groups.members[right]
        keys, relation = self.relations.ordered
        if not len(keys):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        wanted = np.concatenate([a, b]) * self.relations.customers + np.concatenate([b, a])
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = np.flatnonzero(keys[at] == wanted)
        of_pair = np.tile(groups.group[left], 2)
        return of_pair[found], relation[at[found]]

    def _closest(self, shape: Shape, group: NDArray[np.int64], relation: Rows) -> tuple[NDArray[np.int64], Floats]:
        """Of each relation inside a group the closest meeting there with one before it: the group, and its bits.

        What is paid in is paid on once.
        """
        met = self.met.take(np.isin(self.met.way, [way for ways in WAYS[shape] for way in ways]))
        order = np.argsort(met.first, kind="stable")
        begin = np.searchsorted(met.first[order], relation, side="left")
        many = np.searchsorted(met.first[order], relation, side="right") - begin
        place = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        meeting = order[np.repeat(begin, many) + place]
        key = np.repeat(group, many) * self.relations.count + met.second[meeting]
        inside = np.unique(group * self.relations.count + relation)
        kept = np.isin(key, inside)
        key, meeting = key[kept], meeting[kept]
        closest = _highest(key, met.bits[meeting])
        key, meeting = key[closest], meeting[closest]
        onward = met.way[meeting] == Way.onward
        before = key // self.relations.count * self.relations.count + met.first[meeting]
        apart = np.where(onward, before, -1 - np.arange(len(before)))
        once = _highest(apart, met.bits[meeting])
        return key[once] // self.relations.count, met.bits[meeting[once]]


def _highest(key: NDArray[np.int64], bits: Floats) -> NDArray[np.int64]:
    """Places of the highest bits of each key."""
    order = np.lexsort((-bits, key))
    ordered = key[order]
    return order[np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])] if len(order) else order

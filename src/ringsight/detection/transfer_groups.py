"""Groups among whom money moves: circles, chains and fans of transfers, held against a bank of rewired transfers.

Transfers choose such a group and tell of it too, so that no permutation of other records says what chance would show.
Their own null does: in a rewired world (`graph.transfers.TransferSource.rewired`) senders pay as many, as much and when
they did, and reach whom chance has them reach within strata. The same search runs there, and a group counts as many bits
as such worlds seldom show its like. That a group of other records has relations inside is corroboration across
modalities, and has another null: the customers of the network change places, the network stays (quadratic assignment:
Krackhardt 1988, Social Networks 10:359).

Honest people pay each other in ways that no rewiring shows: families, clubs, a shop and its suppliers. So a group must
be as rare among the bank's own groups of its shape as it is among rewired ones, as `inside` has it of other modalities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ringsight.detection.agreement import Agreement
from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.groups import Groups
from ringsight.detection.inside import FEWEST, LEAST_SCALE, Inside, chance_among, families
from ringsight.detection.rarity import rarity_bits
from ringsight.graph.communities import communities
from ringsight.graph.meetings import Meetings, Way, meetings
from ringsight.graph.sources import CHANCE_BITS, Rows
from ringsight.graph.transfers import Floats, Relations, TransferSource, rarity_of_relations

WORLDS = 40
"""Rewired worlds, where that many relations in all are enough,"""
FEWEST_WORLDS = 10
"""and fewest."""
RELATIONS = 1_000_000
"""Relations of all rewired worlds together."""
WEIGHING = 5
"""Rewired worlds by which meetings are weighed."""
PRICES = tuple(float(bits) for bits in range(2, 13))
"""Bits that a meeting must have to hold a group together: chance shows one for four relations, for eight, and so on."""
BULK = 0.75
"""The quantile at which a bank's groups are held against those of rewired worlds; above it rings may lie."""
PAIR_PRICES = (4.0, 2.0, 1.0)
"""Bits that a pair must bring on average to a group who pay each other."""


class Shape(StrEnum):
    """By what transfers choose a group; it names the proposer."""

    onward = "transfers paid on"
    """Chains and circles: whoever is paid soon pays on as much."""
    fan = "transfers in fans"
    """Several pay one customer, or are paid by one, like sums at about one time."""
    moving = "transfers that meet"
    """Both together: gathered and paid on, or scattered and gathered again."""
    among = "transfers among few"
    """Customers who pay each other more than chance brings them together."""


WAYS: dict[Shape, tuple[tuple[Way, ...], ...]] = {
    Shape.onward: ((Way.onward,),),
    Shape.fan: ((Way.gathered,), (Way.scattered,)),
    Shape.moving: (tuple(Way),),
    Shape.among: (tuple(Way),),
}
"""How relations may meet in a group of each shape."""


HONEST_TOO = (Shape.fan, Shape.moving)
"""Shapes that honest money takes in any strength, as rent, wages and collections do: a group must be as rare among the
bank's own, too."""
NOT_JUDGED = (Shape.among,)
"""Families, clubs and friends are what this shape is: it is no evidence of one hand, and other records must bear it out."""


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

    def groups(self, shape: Shape, sizes: tuple[int, int], seed: int) -> list[Rows]:
        """The groups of a shape, of so many members at least and at most, each sorted, those found twice once."""
        found: dict[bytes, Rows] = {}
        for members in self._among(sizes[0], seed) if shape is Shape.among else self._met(shape):
            if sizes[0] <= len(members) <= sizes[1]:
                found.setdefault(members.tobytes(), members)
        return list(found.values())

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
        """Bits of groups: of what meets inside, each relation once, and of relations beyond those that join them.

        By second ties the strongest meeting does not count, nor one of those relations.
        """
        group, relation = self._inside(groups)
        met = self._closest(shape, groups.count, group, relation)
        total = np.bincount(met[0], met[1], groups.count)
        strongest = np.zeros(groups.count)
        np.maximum.at(strongest, met[0], met[1])
        left, right = groups.pairs
        expected = groups.sum_of_pairs(self.source.expected(groups.members[left], groups.members[right]))
        low = np.minimum(self.relations.sender[relation], self.relations.receiver[relation])
        high = np.maximum(self.relations.sender[relation], self.relations.receiver[relation])
        pairs = np.unique(np.stack([group, low, high]), axis=1)[0]
        beyond = np.bincount(pairs, minlength=groups.count) - (groups.sizes - 1)
        full = total + rarity_of_relations(beyond, expected)
        second = total - strongest + rarity_of_relations(beyond - 1, expected)
        return Agreement(full.round(6), second.round(6))

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

    def _closest(
        self, shape: Shape, count: int, group: NDArray[np.int64], relation: Rows
    ) -> tuple[NDArray[np.int64], Floats]:
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


@dataclass(frozen=True, slots=True, eq=False)
class ShownByChance:
    """What rewired worlds show of one shape: the bits of groups none of which overlaps a better one, sorted."""

    full: Floats
    second: Floats
    worlds: int


@dataclass(frozen=True, slots=True, eq=False)
class TransferGroups:
    """The groups of a bank's transfers, and what rewired worlds show of the like."""

    observed: Moves
    groups: dict[Shape, list[Rows]]
    chance: dict[Shape, ShownByChance]

    def added(self, candidates: Candidates) -> Candidates:
        """The candidates of a bank, and after them those that transfers propose, shape by shape."""
        proposers = [Proposer(shape.value, self.observed.source.modality, shape=shape.value) for shape in self.groups]
        first = len(candidates.proposers)
        counts = [len(each) for each in self.groups.values()]
        own = Groups.of([members for groups in self.groups.values() for members in groups])
        groups = Groups(
            np.concatenate([candidates.groups.members, own.members]),
            np.concatenate([candidates.groups.start, own.start[1:] + len(candidates.groups.members)]),
        )
        proposer = np.repeat(np.arange(first, first + len(proposers)), counts)
        return Candidates(
            (*candidates.proposers, *proposers), groups, np.concatenate([candidates.proposer, proposer])
        )

    def judged(self, candidates: Candidates, honest: NDArray[np.bool_], tail: float, inside: Inside) -> Inside:
        """What `inside` tells, with the groups that transfers proposed judged too.

        Args:
            candidates: of the bank.
            honest: candidates that no innocent column explains; shape (candidates,).
            tail: bits that may count beyond what the number of groups supports.
            inside: of the other modalities.
        """
        bits, second, family, cap = inside.bits.copy(), inside.second.copy(), inside.family.copy(), inside.cap.copy()
        for number, proposer in enumerate(candidates.proposers):
            here = candidates.of(number)
            if not proposer.shape or not len(here) or Shape(proposer.shape) in NOT_JUDGED:
                continue
            shape, some = Shape(proposer.shape), candidates.groups.take(here)
            told, chance = self.observed.told(shape, some), self.chance[shape]
            kept, head = families(some, told.full)
            limit = float(np.log2(1 + max(len(chance.full), FEWEST))) + tail
            known = kept[honest[here[kept]]]
            for figure, shown, into in ((told.full, chance.full, bits), (told.second, chance.second, second)):
                beyond = figure / inflation(figure[known], shown)
                surprise = _surprise(beyond, shown, chance.worlds, len(kept))
                if shape in HONEST_TOO and len(known) >= FEWEST:
                    common = -np.log2(chance_among(figure, np.sort(figure[known]), LEAST_SCALE))
                    surprise = np.minimum(surprise, common)
                into[here] = np.minimum(surprise, limit)
            family[here], cap[here] = here[head], limit
        return Inside(bits, second, family, cap)


def inflation(honest: Floats, shown: Floats) -> float:
    """How much stronger a bank's own groups are than those of rewired worlds, where their upper quarter begins; 1 at least.

    Honest people pay each other in ways that no rewiring shows, and their groups are a little stronger throughout. So
    figures are divided by that (genomic control: Devlin and Roeder 1999, Biometrics 55:997), and by twice the standard
    error that such a quantile of exponential figures has. Fewer groups than `FEWEST` tell nothing.
    """
    if min(len(honest), len(shown)) < FEWEST:
        return 1.0
    stronger = float(np.quantile(honest, BULK)) / max(float(np.quantile(shown, BULK)), LEAST_SCALE)
    error = np.sqrt(BULK / (1 - BULK) / len(honest)) / -np.log(1 - BULK)
    return max(stronger * float(1 + 2 * error), 1.0)


def _surprise(figure: Floats, shown: Floats, worlds: int, groups: int) -> Floats:
    """Minus log2 of the share of `groups` groups of a bank that chance would show with so high a figure; 0 at least."""
    known = np.sort(np.concatenate([shown, np.zeros(max(max(FEWEST, worlds) - len(shown), 0))]))
    each = np.log2(len(known) / worlds / max(groups, 1))
    surprise: Floats = np.maximum(rarity_bits(figure, known, CHANCE_BITS) - each, 0.0)
    return surprise


def find_transfer_groups(source: TransferSource, sizes: tuple[int, int], seed: int) -> TransferGroups:
    """Look for groups among whom money moves, in the bank and in rewired worlds.

    Args:
        source: the transfers.
        sizes: of the smallest and the largest group.
        seed: of the rewired worlds.
    """
    count = source.relations.count
    worlds = int(np.clip(RELATIONS // max(count, 1), FEWEST_WORLDS, WORLDS))

    def moves(world: TransferSource) -> Moves:
        return Moves(world, weighing.weighed(meetings(world.relations, world.hubs)))

    drawn = [source.rewired(np.random.default_rng([seed, number, 5])) for number in range(WEIGHING)]
    weighing = Weighing.of([meetings(world.relations, world.hubs) for world in drawn], WEIGHING * count)
    observed = moves(source)
    shown: dict[Shape, tuple[list[Floats], list[Floats]]] = {shape: ([], []) for shape in Shape}
    for number in range(worlds):
        world = moves(source.rewired(np.random.default_rng([seed, number, 4])))
        for shape in Shape:
            groups = Groups.of(world.groups(shape, sizes, seed))
            told = world.told(shape, groups)
            kept, _ = families(groups, told.full)
            shown[shape][0].append(told.full[kept])
            shown[shape][1].append(told.second[kept])
    return TransferGroups(
        observed=observed,
        groups={shape: observed.groups(shape, sizes, seed) for shape in Shape},
        chance={
            shape: ShownByChance(*(np.sort(np.concatenate(figures)) for figures in told), worlds)
            for shape, told in shown.items()
        },
    )

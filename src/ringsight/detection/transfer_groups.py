"""Groups among whom money moves: circles, chains and fans of transfers, held against a bank of rewired transfers.

Transfers choose such a group and tell of it too, so that no permutation of other records says what chance would show.
Their own null does: in a rewired world (`graph.relations.TransferSource.rewired`) customers pay as many and are paid by
as many, in the same strata, and each relation keeps its transfers. The same search runs there, and a group counts as
many bits as such worlds seldom show its like. That a group of other records has relations inside is corroboration
across modalities, and has another null: the customers of the network change places, the network stays (quadratic
assignment: Krackhardt 1988, Social Networks 10:359).

Honest people pay each other in ways that no rewiring shows. So a bank's own groups say by how much they are stronger
throughout (`inflation`). Fans are of any strength in honest hands: they must be as rare among the bank's own as well,
as `inside` has it of other modalities. And those who pay each other much are families and friends: that is no evidence
of one hand, and other records must bear such a group out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.agreement import Agreement
from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.groups import Groups
from ringsight.detection.inside import FEWEST, LEAST_SCALE, Inside, chance_among, families
from ringsight.detection.rarity import rarity_bits
from ringsight.detection.transfer_shapes import Moves, Shape, Weighing
from ringsight.graph.meetings import meetings
from ringsight.graph.relations import Floats, TransferSource
from ringsight.graph.sources import CHANCE_BITS
from ringsight.workers import spread

WORLDS = 40
"""Rewired worlds, where that many relations in all are enough,"""
FEWEST_WORLDS = 10
"""and fewest."""
RELATIONS = 1_000_000
"""Relations of all rewired worlds together."""
WEIGHING = 5
"""Rewired worlds by which meetings are weighed."""
BULK = 0.75
"""The quantile at which a bank's groups are held against those of rewired worlds; above it rings may lie."""
HONEST_TOO = (Shape.fan,)
"""Shapes that honest money takes in any strength, as rent, wages and collections do."""
NOT_JUDGED = (Shape.among,)
"""Shapes that are no evidence of one hand."""


@dataclass(frozen=True, slots=True, eq=False)
class ChanceShown:
    """What rewired worlds show of one shape: the bits of groups none of which overlaps a better one, sorted."""

    full: Floats
    second: Floats
    worlds: int


@dataclass(frozen=True, slots=True, eq=False)
class TransferGroups:
    """The groups of a bank's transfers, and what rewired worlds show of the like."""

    observed: Moves
    groups: dict[Shape, Groups]
    chance: dict[Shape, ChanceShown]

    def added(self, candidates: Candidates) -> Candidates:
        """The candidates of a bank, and after them those that transfers propose, shape by shape."""
        proposers = [Proposer(shape.value, self.observed.source.modality, shape=shape.value) for shape in self.groups]
        first = len(candidates.proposers)
        counts = [each.count for each in self.groups.values()]
        own = Groups.of([each[group] for each in self.groups.values() for group in range(each.count)])
        groups = Groups(
            np.concatenate([candidates.groups.members, own.members]),
            np.concatenate([candidates.groups.start, own.start[1:] + len(candidates.groups.members)]),
        )
        proposer = np.repeat(np.arange(first, first + len(proposers)), counts)
        return Candidates((*candidates.proposers, *proposers), groups, np.concatenate([candidates.proposer, proposer]))

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
            told = self.observed.told(Shape(proposer.shape), candidates.groups.take(here))
            kept, head = families(candidates.groups.take(here), told.full)
            chance = self.chance[Shape(proposer.shape)]
            cap[here] = float(np.log2(1 + max(len(chance.full), FEWEST))) + tail
            family[here] = here[head]
            for figure, shown, into in ((told.full, chance.full, bits), (told.second, chance.second, second)):
                known = figure[kept[honest[here[kept]]]]
                surprise = _surprise(figure / inflation(known, shown), shown, chance.worlds, len(kept))
                if Shape(proposer.shape) in HONEST_TOO and len(known) >= FEWEST:
                    common = -np.log2(chance_among(figure, np.sort(known), LEAST_SCALE))
                    surprise = np.minimum(surprise, common)
                into[here] = np.minimum(surprise, cap[here])
        return Inside(bits, second, family, cap)


def inflation(honest: Floats, shown: Floats) -> float:
    """How much stronger a bank's own groups are than those of rewired worlds, where their upper quarter begins.

    Honest people pay each other in ways that no rewiring shows, and their groups are a little stronger throughout. So
    figures are divided by that (genomic control: Devlin and Roeder 1999, Biometrics 55:997), and by twice the standard
    error that such a quantile of exponential figures has. Fewer groups than `FEWEST` tell nothing, and nothing is ever
    made stronger.
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

    def told_by_chance(number: int) -> list[Agreement]:
        world = moves(source.rewired(np.random.default_rng([seed, number, 4])))
        return [world.groups(shape, sizes, seed)[1] for shape in Shape]

    shown = zip(Shape, zip(*spread(told_by_chance, range(worlds)), strict=True), strict=True)
    return TransferGroups(
        observed=observed,
        groups={shape: observed.groups(shape, sizes, seed)[0] for shape in Shape},
        chance={
            shape: ChanceShown(
                np.sort(np.concatenate([each.full for each in told])),
                np.sort(np.concatenate([each.second for each in told])),
                worlds,
            )
            for shape, told in shown
        },
    )

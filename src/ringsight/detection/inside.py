"""Corroboration inside one modality, by its spaces that did not propose a candidate, and what is common of it.

Records of one modality cannot be permuted apart from each other: honest customers of the same shops shop on the same
days. So agreement inside a modality is held against that of the proposer's own communities, of whom nearly all are
honest (the empirical null of Efron 2004, Journal of the American Statistical Association 99:96). Their bulk gives the
rate at which the share of honest communities falls; those that an innocent column explains are no part of it.

Honest communities differ in tightness, so the rate says little far beyond them. A community therefore counts at most so
many bits as the number of communities supports (log2 of it), and a stated number more. In chance worlds the same
figure is drawn from the same law, capped alike.

Where a proposer is one space whose other spaces tell nothing of a hand, as with the learned vector of ID images, it
counts how far a group stands apart from the nearest strangers (`isolation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.agreement import Agreement, Ties, pair_means
from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.evidence import Evidence
from ringsight.detection.groups import Groups
from ringsight.detection.isolation import isolation
from ringsight.detection.settings import DetectConfig
from ringsight.graph.sources import CHANCE_BITS

BULK = (0.5, 0.9)
"""The quantiles of the communities between which the rate is learned: above them rings may lie."""
FEWEST = 20
"""From fewer distinct communities of a proposer nothing is learned, and none of them judged."""
LEAST_SCALE = CHANCE_BITS
"""A bit of agreement never counts for more than a bit of surprise."""


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """How surprising each candidate's agreement inside its modality is."""

    bits: NDArray[np.float64]
    """Minus log2 of the share of honest communities that agree so; 0 where not judged; shape (candidates,)."""
    second: NDArray[np.float64]
    """The same by second ties."""
    family: NDArray[np.int64]
    """Number of the most surprising candidate of the same proposer that each overlaps; -1 where not judged."""
    cap: NDArray[np.float64]
    """Most bits that each may count; shape (candidates,)."""

    def drawn(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """What honest communities of a chance world would show: each family drawn anew, capped alike.

        That a ring agrees inside a modality survives every permutation, and must not count as chance.
        """
        bits = -np.log2(1 - rng.random(len(self.family)))[self.family]
        return np.where(self.family >= 0, np.minimum(bits, self.cap), 0.0)


def inside_agreement(
    evidence: Evidence, candidates: Candidates, ties: Sequence[Ties], config: DetectConfig
) -> tuple[Agreement, NDArray[np.bool_]]:
    """How closely candidates agree inside the modality that proposed them, and which proposers' can be judged so.

    Returns:
        Agreement of shape (candidates,), and a mask of shape (proposers,).
    """
    full, second = np.zeros((2, candidates.groups.count))
    judged = np.zeros(len(candidates.proposers), dtype=np.bool_)
    for number, proposer in enumerate(candidates.proposers):
        rows = candidates.of(number)
        if proposer.modality not in config.inside or not proposer.spaces or len(rows) == 0:
            continue
        groups = candidates.groups.take(rows)
        if proposer.name in config.isolated:
            apart = isolation(evidence.spaces[proposer.spaces[0]], groups)
            judged[number] = True
        elif others := _others(evidence, proposer):
            apart = _agreement([ties[other] for other in others], groups, evidence.customers)
            judged[number] = True
        else:
            continue
        full[rows], second[rows] = apart.full, apart.second
    return Agreement(full, second), judged


def _others(evidence: Evidence, proposer: Proposer) -> list[int]:
    return [space for space in evidence.spaces_of(proposer.modality) if space not in proposer.spaces]


def _agreement(ties: Sequence[Ties], groups: Groups, customers: int) -> Agreement:
    """Bits above chance of each group's pairs, by as many as hold it together: (size - 1) times their mean."""
    means = pair_means(ties, groups, [np.arange(customers)] * len(ties))
    links = np.maximum(means.size - 1, 0)
    full, second = (((mean - CHANCE_BITS) * links).sum(axis=0) for mean in (means.full, means.second))
    return Agreement(full, second)


def judge_inside(
    candidates: Candidates,
    agreement: Agreement,
    judged: NDArray[np.bool_],
    honest: NDArray[np.bool_],
    config: DetectConfig,
) -> Inside:
    """Hold the agreement inside modalities against that of honest communities.

    Args:
        candidates: of the bank.
        agreement: of `inside_agreement`.
        judged: proposers whose candidates can be judged; shape (proposers,).
        honest: candidates that no innocent column explains, and so may tell what is common; shape (candidates,).
        config: which spaces are judged by isolation, and how far the tail may reach.
    """
    isolated = config.isolated
    bits, second, cap = np.zeros((3, candidates.groups.count))
    family = np.full(candidates.groups.count, -1)
    for number in np.flatnonzero(judged):
        rows = candidates.of(int(number))
        groups = candidates.groups.take(rows)
        kept, head = families(groups, agreement.full[rows])
        known = kept[honest[rows[kept]]]
        if len(known) < FEWEST:
            continue
        limit = float(np.log2(1 + len(known))) + config.tail_bits
        least_scale = LEAST_SCALE if candidates.proposers[number].name not in isolated else 0.0
        for figure, told in ((agreement.full, bits), (agreement.second, second)):
            chance = chance_among(figure[rows], np.sort(figure[rows[known]]), least_scale)
            told[rows] = np.minimum(-np.log2(chance), limit)
        family[rows], cap[rows] = rows[head], limit
    return Inside(bits, second, family, cap)


def families(groups: Groups, figure: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups that overlap no group of a higher figure, and for each group the one kept that it overlaps.

    Returns:
        Numbers of those kept, highest first, and for each group a number among all; shape (groups,).
    """
    holder = np.full(int(groups.members.max(initial=-1)) + 1, -1)
    kept = []
    for number in np.argsort(-figure, kind="stable"):
        members = groups[int(number)]
        if (holder[members] < 0).all():
            holder[members] = number
            kept.append(int(number))
    held = holder[groups.members]
    ranked = np.where(held >= 0, figure[held], -np.inf)
    order = np.lexsort((held, -ranked, groups.group))
    first = order[np.searchsorted(groups.group[order], np.arange(groups.count))]
    return np.array(kept, dtype=np.int64), held[first]


def chance_among(figure: NDArray[np.float64], honest: NDArray[np.float64], least_scale: float) -> NDArray[np.float64]:
    """Share of honest communities with so high a figure: counted in the bulk, beyond it an exponential tail.

    The tail falls no faster than one that begins at zero would, so that it has no cliff where all are equal; and its
    scale is widened by twice its standard error, which matters where there are few.
    """
    remain = 1 - np.array(BULK)
    low, high = np.quantile(honest, BULK)
    span = np.log(remain[0] / remain[1])
    scale = max((high - low) / span, -low / np.log(remain[0]), -high / np.log(remain[1]))
    variance = (1 / remain[1] - 1 / remain[0]) / span**2
    scale = max(scale * (1 + 2 * np.sqrt(variance / len(honest))), least_scale, np.finfo(np.float64).tiny)
    share = 1 - np.searchsorted(honest, figure, side="left") / len(honest)
    tail = remain[1] * np.exp(-np.maximum(figure - high, 0) / scale)
    chance: NDArray[np.float64] = np.clip(np.where(figure > high, tail, np.maximum(share, remain[1])), 1e-300, 1.0)
    return chance

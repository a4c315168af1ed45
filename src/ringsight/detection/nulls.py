"""The null: every trace changes hands within its stratum, and candidates are proposed and weighed anew.

Each trace is permuted apart from the others, among the customers of one stratum who have it. What is similar
within a trace stays similar; who holds what, together with what else, becomes chance. Who has a trace at all
does not change: missing stays a mask. A permutation only relabels a trace's neighbours, so a rerun costs a
join and a community search, not a neighbour search.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates, Isolation
from ringsight.detection.rarity import rarity_bits
from ringsight.graph.sources import CHANCE_BITS, Rows, Trace

FEWEST = 20
"""A proposer with fewer candidates than this in all calibration worlds is topped up with uncorroborated ones."""


def permuted(traces: Sequence[Trace], strata: NDArray[np.str_], rng: np.random.Generator) -> dict[str, Rows]:
    """Hand each trace, apart from the others, to another customer of the same stratum who has that trace too.

    Args:
        traces: of the bank.
        strata: stratum of each customer; shape (customers,).
        rng: source of randomness.

    Returns:
        For each trace, customer -> the customer whose trace it now carries.
    """
    _, stratum = np.unique(strata, return_inverse=True)
    owners = {}
    for trace in traces:
        owner = np.arange(len(trace.present))
        have = np.flatnonzero(trace.present)
        by_stratum = have[np.argsort(stratum[have], kind="stable")]
        shuffled = have[np.lexsort((rng.random(len(have)), stratum[have]))]
        owner[by_stratum] = shuffled
        owners[trace.name] = owner
    return owners


def drawn(isolation: Mapping[int, Isolation], rng: np.random.Generator) -> dict[int, NDArray[np.float64]]:
    """How far honest communities of a chance world would stand apart: each family of overlapping ones drawn anew.

    That a ring is tied more closely than honest customers are survives every permutation, and must not count as chance.

    Returns:
        For each modality judged, the chance of each of its own communities to stand so far apart; uniform.
    """
    return {index: rng.random(len(known.family))[known.family] for index, known in sorted(isolation.items())}


class Null(StrEnum):
    """What a ring is too surprising for."""

    permutation = "permutation"
    """Traces that change hands within their stratum: other traces corroborate the one that proposed the ring."""
    density = "density"
    """Honest communities of the proposing modality: the members stand apart from strangers."""
    both = "both"
    """Either, and more surprising for both than for the one alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Surprise:
    """How rarely chance shows a candidate so well corroborated and so far apart, learned from calibration worlds.

    Candidates are compared with those of the same proposer. Corroboration and isolation are independent under the null,
    for a permutation of the other traces moves the one and not the other: their chances combine by their product, which
    is x or less with probability x (1 - ln x) (Fisher 1932). A bit of corroboration never counts for more than a bit
    of surprise: its tail falls no faster than 2^-x, by a factor of e over CHANCE_BITS. Whether the tail is fitted well
    or not, the error rate holds: the null worlds are scored by the same function as the observed one.
    """

    corroboration: list[NDArray[np.float64]]
    """For each proposer the corroboration of its candidates in the calibration worlds, sorted."""
    dense: frozenset[int]
    """Proposers whose communities the null of density judges too."""
    worlds: int

    def bits(self, candidates: Candidates) -> NDArray[np.float64]:
        """Minus log2 of how many candidates, so well corroborated and so far apart, one chance world shows.

        Returns:
            Shape (candidates,).
        """
        corroborated, apart = self._alone(candidates)
        judged = np.isin(candidates.proposer, sorted(self.dense))
        surprise = np.where(judged, _product(corroborated + apart), corroborated)
        expected = np.array([len(values) / self.worlds for values in self.corroboration])
        return np.asarray(surprise - np.log2(expected[candidates.proposer]))

    def nulls(self, candidates: Candidates) -> list[Null]:
        """The null that each candidate is the more surprising for."""
        return [
            Null.both if _product(c + a) > max(c, a) else Null.density if a > c else Null.permutation
            for c, a in zip(*self._alone(candidates), strict=True)
        ]

    def _alone(self, candidates: Candidates) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minus log2 of the chance of each candidate's corroboration, and of its isolation; each (candidates,)."""
        bits = np.zeros(len(candidates.corroboration))
        for proposer, values in enumerate(self.corroboration):
            here = candidates.proposer == proposer
            bits[here] = rarity_bits(candidates.corroboration[here], values, CHANCE_BITS)
        return bits, -np.log2(candidates.density)


def _product(bits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus log2 of the chance that a product of two uniform numbers has so many bits or more."""
    surprise: NDArray[np.float64] = bits - np.log2(1 + bits * np.log(2))
    return surprise


def learn_surprise(worlds: Sequence[Candidates], proposers: int, dense: Collection[int]) -> Surprise:
    """Pool the candidates of calibration worlds by proposer.

    Args:
        worlds: of chance.
        proposers: how many there are.
        dense: those whose communities the null of density judges too.
    """
    pooled = []
    for proposer in range(proposers):
        corroboration = np.concatenate([world.corroboration[world.proposer == proposer] for world in worlds])
        pooled.append(_topped_up(corroboration))
    return Surprise(pooled, frozenset(dense), len(worlds))


def _topped_up(corroboration: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sort(np.concatenate([corroboration, np.zeros(max(FEWEST - len(corroboration), 0))]))


def distinct(members: Sequence[Rows], surprise: NDArray[np.float64]) -> NDArray[np.int64]:
    """The candidates left when each customer may be in one only, the most surprising first.

    Ties go to the larger candidate, then to the order of proposal.
    """
    sizes = np.array([len(rows) for rows in members])
    taken: set[int] = set()
    kept = []
    for index in np.lexsort((np.arange(len(sizes)), -sizes, -surprise)):
        customers = members[index].tolist()
        if taken.isdisjoint(customers):
            taken.update(customers)
            kept.append(index)
    return np.array(kept, dtype=np.int64)

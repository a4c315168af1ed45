"""The null: every trace changes hands within its stratum, and candidates are proposed and weighed anew.

Each trace is permuted apart from the others, among the customers of one stratum who have it. What is similar
within a trace stays similar; who holds what, together with what else, becomes chance. Who has a trace at all
does not change: missing stays a mask. A permutation only relabels a trace's neighbours, so a rerun costs a
join and a community search, not a neighbour search.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.evidence import CHANCE_BITS, Rows, Trace
from ringsight.rings.candidates import Candidates
from ringsight.rings.rarity import rarity_bits

FEWEST = 20
"""A cell with fewer candidates than this in all calibration worlds is topped up with uncorroborated ones."""
COHESION_QUANTILES = (0.5, 0.8, 0.95)
"""Where a proposer's candidates are parted by cohesion."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Surprise:
    """How rarely chance corroborates a candidate so well, learned from calibration worlds.

    Candidates are compared with those of the same proposer and of like cohesion: few communities are as free of
    strangers as a ring is, and permuting the other traces tells nothing of cohesion, so that it may weigh
    hypotheses without a bias (Ignatiadis et al. 2016). A bit of corroboration never counts for more than a bit of
    surprise: the tail of a cell falls no faster than 2^-x, by a factor of e over CHANCE_BITS. Whether the tail is
    fitted well or not, the error rate holds: the null worlds are scored by the same function as the observed one.
    """

    edges: list[NDArray[np.float64]]
    """For each proposer the cohesions that part its cells."""
    values: list[list[NDArray[np.float64]]]
    """For each proposer and cell the corroboration of its candidates in the calibration worlds, sorted."""
    worlds: int

    def bits(self, candidates: Candidates) -> NDArray[np.float64]:
        """Minus log2 of how many candidates, so well corroborated, one chance world shows in the same cell.

        Returns:
            Shape (candidates,).
        """
        surprise = np.zeros(len(candidates.corroboration))
        for proposer, cells in enumerate(self.values):
            cell = np.searchsorted(self.edges[proposer], candidates.cohesion, side="right")
            for number, values in enumerate(cells):
                here = (candidates.proposer == proposer) & (cell == number)
                rarity = rarity_bits(candidates.corroboration[here], values, CHANCE_BITS)
                surprise[here] = rarity - np.log2(len(values) / self.worlds)
        return surprise


def learn_surprise(worlds: Sequence[Candidates], proposers: int) -> Surprise:
    """Pool the candidates of calibration worlds by proposer and cohesion."""
    edges, values = [], []
    for proposer in range(proposers):
        corroboration = np.concatenate([world.corroboration[world.proposer == proposer] for world in worlds])
        cohesion = np.concatenate([world.cohesion[world.proposer == proposer] for world in worlds])
        edges.append(np.unique(np.quantile(cohesion, COHESION_QUANTILES)) if len(cohesion) else np.zeros(0))
        cell = np.searchsorted(edges[-1], cohesion, side="right")
        values.append([_topped_up(corroboration[cell == number]) for number in range(len(edges[-1]) + 1)])
    return Surprise(edges, values, len(worlds))


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

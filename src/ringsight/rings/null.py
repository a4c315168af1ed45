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

from ringsight.graph.evidence import Rows, Trace
from ringsight.rings.candidates import Candidates

TAIL = 0.05
FEWEST = 20
"""A proposer with fewer candidates than this in all calibration worlds is topped up with uncorroborated ones."""


def as_observed(traces: Sequence[Trace]) -> dict[str, Rows]:
    """Every customer carries its own traces."""
    return {trace.name: np.arange(len(trace.present)) for trace in traces}


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
    """How rarely chance corroborates a candidate so well, by proposer, learned from calibration worlds.

    A proposer's candidates beyond the most extreme twentieth are taken to fall off exponentially. Whether that
    holds or not, the error rate does: the null worlds are scored by the same function as the observed one.
    """

    values: list[NDArray[np.float64]]
    """For each proposer the corroboration of its candidates in the calibration worlds, sorted."""
    worlds: int

    def bits(self, candidates: Candidates) -> NDArray[np.float64]:
        """Minus log2 of the number of candidates so well corroborated that one chance world shows; shape (candidates,)."""
        surprise = np.zeros(len(candidates.corroboration))
        for proposer, values in enumerate(self.values):
            here = candidates.proposer == proposer
            given = candidates.corroboration[here]
            cut = values[int((1 - TAIL) * len(values))]
            excess = max(float((values[values >= cut] - cut).mean()), 1e-6)
            share = np.maximum(1 - np.searchsorted(values, given, side="left") / len(values), 1 / len(values))
            tail = np.log2(TAIL) - np.log2(np.e) * (given - cut) / excess
            surprise[here] = -np.where(given > cut, tail, np.log2(share)) - np.log2(len(values) / self.worlds)
        return surprise


def learn_surprise(worlds: Sequence[Candidates], proposers: int) -> Surprise:
    """Pool the candidates of calibration worlds by proposer."""
    values = []
    for proposer in range(proposers):
        pooled = np.concatenate([world.corroboration[world.proposer == proposer] for world in worlds])
        values.append(np.sort(np.concatenate([pooled, np.zeros(max(FEWEST - len(pooled), 0))])))
    return Surprise(values, len(worlds))


def distinct(candidates: Candidates, surprise: NDArray[np.float64]) -> NDArray[np.int64]:
    """The candidates left when each customer may be in one only, the most surprising first.

    Ties go to the larger candidate, then to the order of proposal.
    """
    sizes = np.array([len(members) for members in candidates.members])
    taken: set[int] = set()
    kept = []
    for index in np.lexsort((np.arange(len(sizes)), -sizes, -surprise)):
        members = candidates.members[index].tolist()
        if taken.isdisjoint(members):
            taken.update(members)
            kept.append(index)
    return np.array(kept, dtype=np.int64)

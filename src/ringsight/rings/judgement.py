"""Which candidates are rings: judged by both nulls, and by what is left of them beyond an innocent explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ringsight.rings.candidates import Candidates, Evidence, as_observed
from ringsight.rings.conditions import ASSOCIATED, Condition, ConditionKind, remaining
from ringsight.rings.density import DenseRings
from ringsight.rings.null import Surprise, distinct

PERMUTATION = "permutation"
"""The null in which every trace changes hands within its stratum."""
DENSITY = "density"
"""The null for rings of one modality: how far they stand apart from the nearest strangers."""


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The rings of a bank; a customer is in one at most."""

    candidates: Candidates
    dense: NDArray[np.bool_]
    """Whether the null of density judged it, else that of permutations; shape (rings,)."""
    score: NDArray[np.float64]
    """Surprise in bits; shape (rings,)."""
    p: NDArray[np.float64]
    """Of those that density judged, else nan; shape (rings,)."""
    beyond: NDArray[np.float64]
    """Surprise beyond the innocent explanation that leaves least; shape (rings,)."""
    explanation: NDArray[np.int64]
    """Index of that explanation among the conditions, -1 for none; shape (rings,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What a candidate is judged by."""

    evidence: Evidence
    surprise: Surprise
    conditions: Sequence[Condition]
    strata: NDArray[np.str_]
    least: float
    """Bits of surprise beyond innocence from which a candidate contends for a flag."""

    def rings(self, observed: Candidates, dense: Mapping[int, DenseRings]) -> Rings:
        """Judge all candidates, and let the most surprising beyond innocence have their members.

        Those that do not contend for a flag share out the other customers by their whole surprise, so that a household
        is shown whole with its explanation, not in the pieces that the explanation happens to leave most of.
        A chance world knows no innocent explanation: its rings are judged by their whole surprise, which is never less,
        so that taking explanations off the observed ones alone errs on the side of fewer flags.
        """
        own = as_observed(self.evidence.traces)
        branches = [self.evidence.weigh(index, found.members, own) for index, found in dense.items()]
        candidates = Candidates.concatenate([observed, *branches])
        none = np.full(len(observed.members), np.nan)
        score = np.concatenate([self.surprise.bits(observed), *(found.surprise for found in dense.values())])
        p = np.concatenate([none, *(found.p for found in dense.values())])
        is_dense = np.arange(len(score)) >= len(none)
        beyond, explanation = score.copy(), np.full(len(score), -1)
        within = np.flatnonzero(score > 0)
        surprising = candidates.take(within)
        for number, condition in enumerate(self.conditions):
            if condition.kind is ConditionKind.innocent:
                given = self.given(surprising, is_dense[within], score[within], condition)[1]
                less = given < beyond[within]
                beyond[within[less]], explanation[within[less]] = given[less], number
        contends = beyond >= self.least
        kept = distinct(candidates.members, np.where(contends, score.max(initial=0.0) + beyond, score))
        kept = kept[np.lexsort((-score[kept], -beyond[kept]))]
        return Rings(candidates.take(kept), is_dense[kept], score[kept], p[kept], beyond[kept], explanation[kept])

    def given(
        self,
        candidates: Candidates,
        dense: NDArray[np.bool_],
        score: NDArray[np.float64],
        condition: Condition,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corroborating bits that remain, and the score, given a condition; each of shape (candidates,).

        A ring that density judged has no corroboration to take from. It is explained where at least half of it carry
        one value, and sharing it so is itself a coincidence of `ASSOCIATED` bits: one agent, one week, one branch.
        """
        left = candidates.corroboration.copy()
        shared = np.array([condition.common(members)[1] for members in candidates.members], dtype=np.int64)
        touched = np.flatnonzero((shared > 1) & ~dense)
        pairs = [(int(candidates.proposer[i]), candidates.members[i]) for i in touched]
        left[touched] = np.minimum(left[touched], remaining(self.evidence, pairs, condition, self.strata))
        judged = score.copy()
        judged[touched] = np.minimum(
            score[touched], self.surprise.bits(replace(candidates, corroboration=left).take(touched))
        )
        for i in np.flatnonzero(dense):
            members = candidates.members[i]
            if 2 * shared[i] >= len(members) and condition.coincidence(members) >= ASSOCIATED:
                left[i], judged[i] = 0.0, min(score[i], 0.0)
        return left, judged

    def without(self, rings: Rings, ring: int, left_out: Sequence[int]) -> tuple[float, float]:
        """Corroborating bits that remain, and the score, when traces are left out.

        Where the proposer itself is left out, the rest are taken together: the strongest is set aside in its place.
        """
        proposer = int(rings.candidates.proposer[ring])
        if rings.dense[ring] and proposer not in left_out:
            return float(rings.candidates.corroboration[ring]), float(rings.score[ring])
        kept = np.setdiff1d(np.arange(len(self.evidence.traces)), left_out)
        counted = rings.candidates.agreement[ring] * self.evidence.weights
        together = proposer in left_out or proposer == len(self.evidence.traces)
        aside = counted[kept].max(initial=0.0) if together else counted[proposer]
        bits = float(counted[kept].sum() - aside)
        one = rings.candidates.take(np.array([ring]))
        judged = replace(
            one,
            corroboration=np.array([bits]),
            proposer=np.array([len(self.evidence.traces)]) if together else one.proposer,
            cohesion=np.zeros(1) if together else one.cohesion,
        )
        return bits, min(float(self.surprise.bits(judged)[0]), float(rings.score[ring]))

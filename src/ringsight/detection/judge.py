"""Which candidates are rings: judged by both nulls, and by what is left of them beyond an innocent explanation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates, Evidence
from ringsight.detection.conditions import Condition, ConditionKind, remaining
from ringsight.detection.nulls import Surprise, distinct


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The rings of a bank; a customer is in one at most."""

    candidates: Candidates
    score: NDArray[np.float64]
    """Surprise in bits; shape (rings,)."""
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

    def rings(self, candidates: Candidates) -> Rings:
        """Judge all candidates, and let the most surprising beyond innocence have their members.

        Those that do not contend for a flag share out the other customers by their whole surprise, so that a household
        is shown whole with its explanation, not in the pieces that the explanation happens to leave most of.
        A chance world knows no innocent explanation: its rings are judged by their whole surprise, which is never less,
        so that taking explanations off the observed ones alone errs on the side of fewer flags.
        """
        score = self.surprise.bits(candidates)
        beyond, explanation = score.copy(), np.full(len(score), -1)
        within = np.flatnonzero(score > 0)
        surprising = candidates.take(within)
        for number, condition in enumerate(self.conditions):
            if condition.kind is ConditionKind.innocent:
                given = self.given(surprising, condition)[1]
                less = given < beyond[within]
                beyond[within[less]], explanation[within[less]] = given[less], number
        contends = beyond >= self.least
        kept = distinct(candidates.members, np.where(contends, score.max(initial=0.0) + beyond, score))
        kept = kept[np.lexsort((-score[kept], -beyond[kept]))]
        return Rings(candidates.take(kept), score[kept], beyond[kept], explanation[kept])

    def given(self, candidates: Candidates, condition: Condition) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bits that remain of corroboration and isolation, and the score, given a condition; each (candidates,).

        That members stand apart from strangers is explained where the condition is one of the group's own
        (`Condition.characterises`): one agent, one week, one branch. One of its core's own will do, or a few strangers
        beside the accounts of one photo booth would hide what they have in common.
        """
        left = candidates.corroboration.copy()
        shared = np.array([condition.common(members)[1] for members in candidates.members], dtype=np.int64)
        touched = np.flatnonzero(shared > 1)
        pairs = [(int(candidates.proposer[i]), candidates.members[i]) for i in touched]
        left[touched] = np.minimum(left[touched], remaining(self.evidence, pairs, condition, self.strata))
        explained = np.array(
            [
                condition.characterises(members) or condition.characterises(core)
                for members, core in zip(candidates.members, candidates.core, strict=True)
            ],
            dtype=np.bool_,
        )
        judged = replace(candidates, corroboration=left, density=np.where(explained, 1.0, candidates.density))
        return left - np.log2(judged.density), np.minimum(self.surprise.bits(candidates), self.surprise.bits(judged))

    def without(self, rings: Rings, ring: int, left_out: Sequence[int]) -> tuple[float, float]:
        """Bits that remain of corroboration and isolation, and the score, when traces are left out.

        Where the proposer itself is left out, the rest are taken together: the strongest is set aside in its place,
        and how far the members stand apart in the proposer counts no more.
        """
        proposer = int(rings.candidates.proposer[ring])
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
            density=np.ones(1) if together else one.density,
        )
        left = bits - float(np.log2(judged.density[0]))
        return left, min(float(self.surprise.bits(judged)[0]), float(rings.score[ring]))

"""What is left of a ring's corroboration across modalities when a column is given.

The members stay; their records change hands. Members who share a value of the column exchange theirs with everybody
who carries it in their strata, the others with their stratum. What such groups corroborate on average is what the
column explains, and is taken off. A household of four exchanges its records among its own four, agrees as before, and
is explained whole; four colleagues of a large employer agree no more than forty colleagues do, and keep nearly
everything. With an innocent column this is the innocent explanation of a ring, with a protected one the proxy audit.

Records change hands by the odds of the chance worlds (`shared_directions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates
from ringsight.detection.conditions import Condition
from ringsight.detection.corroboration import Measured, Owners, corroborate
from ringsight.detection.evidence import Evidence
from ringsight.detection.groups import Groups
from ringsight.detection.rarity import rarity_bits
from ringsight.detection.shared_directions import ConditionalShuffle
from ringsight.graph.sources import CHANCE_BITS, Rows

WORLDS = 60
"""How often the records of a ring change hands."""
LARGEST_POOL = 256
"""Customers at most, a random draw of a larger group, with whom records are exchanged."""

Pool = tuple[NDArray[np.int64], Rows]
"""Places in a group, and the customers with whom those members exchange their records."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What conditions are worked out from."""

    evidence: Evidence
    measured: Measured
    shuffle: ConditionalShuffle

    def remaining(
        self, candidates: Candidates, corroboration: NDArray[np.float64], given: Condition
    ) -> NDArray[np.float64]:
        """Bits of corroboration that remain of each candidate, given a column, 0 at least; shape (candidates,).

        Where the column is one of the group's own (`Condition.characterises`), no more remains than the surprise, in
        bits, that those who share it agree so well: the luck of a stranger beside a household is no evidence.

        Args:
            candidates: of the bank.
            corroboration: what they have; shape (candidates,).
            given: the column.
        """
        left = np.maximum(corroboration, 0.0)
        touched = np.flatnonzero((given.carriers(candidates.groups) > 1) & (corroboration > 0))
        if len(touched) == 0:
            return left
        groups = candidates.groups.take(touched)
        explained = self._explained(candidates, touched, given)
        own = given.characterises(groups)
        left[touched] = np.maximum(corroboration[touched] - np.maximum(explained.mean(axis=1), 0.0), 0.0)
        for number in np.flatnonzero(own):
            surprise = rarity_bits(corroboration[touched[[number]]], np.sort(explained[number]), CHANCE_BITS)
            left[touched[number]] = min(left[touched[number]], float(surprise[0]))
        return left

    def _explained(self, candidates: Candidates, rows: NDArray[np.int64], given: Condition) -> NDArray[np.float64]:
        """Corroboration of each candidate's members with exchanged records; shape (candidates, WORLDS)."""
        groups = candidates.groups.take(rows)
        sizes = np.repeat(groups.sizes, WORLDS)
        start = np.concatenate([[0], np.cumsum(sizes)])
        drawn = [self._drawn(groups[number], given) for number in range(groups.count)]
        owners = Owners(
            {
                modality: np.concatenate([each.modalities[modality].ravel() for each in drawn])
                for modality in drawn[0].modalities
            },
            [
                np.concatenate([each.entities[number].ravel() for each in drawn])
                for number in range(len(self.evidence.entities))
            ],
        )
        repeated = Candidates(
            candidates.proposers, Groups(np.arange(start[-1]), start), np.repeat(candidates.proposer[rows], WORLDS)
        )
        return corroborate(self.evidence, repeated, self.measured, owners).full.reshape(len(rows), WORLDS)

    def _drawn(self, members: Rows, given: Condition) -> Owners:
        """Whose records each member carries in each world; of each modality and entity column (WORLDS, members)."""
        evidence = self.evidence
        rng = np.random.default_rng([evidence.seed, int(members[0]), len(members)])
        pools = _pools(members, given.codes, evidence.strata)
        modalities = {}
        for modality, odds in zip(evidence.modalities, self.shuffle.odds, strict=True):
            present = np.any([evidence.spaces[space].present for space in evidence.spaces_of(modality)], axis=0)
            modalities[modality] = _exchanged(members, pools, present, odds, rng)
        entities = [_exchanged(members, pools, entity.present, None, rng) for entity in evidence.entities]
        if evidence.transfers and evidence.transfers_alone:
            modalities[evidence.transfers.modality] = _exchanged(members, pools, evidence.transfers.present, None, rng)
        return Owners(modalities, entities)


def _pools(members: Rows, codes: NDArray[np.int64], strata: NDArray[np.int64]) -> list[Pool]:
    """Pools of shared values hold everybody of the sharers' strata who carries the value; those of strata the rest."""
    carried = codes[members]
    taken = np.zeros(len(codes), dtype=np.bool_)
    alone = np.ones(len(members), dtype=np.bool_)
    pools = []
    for value in np.unique(carried[carried >= 0]):
        sharers = np.flatnonzero(carried == value)
        if len(sharers) > 1:
            pool = np.flatnonzero((codes == value) & np.isin(strata, strata[members[sharers]]))
            taken[pool], alone[sharers] = True, False
            pools.append((sharers, pool))
    for stratum in np.unique(strata[members[alone]]):
        here = np.flatnonzero(alone & (strata[members] == stratum))
        pools.append((here, np.flatnonzero((strata == stratum) & ~taken)))
    return pools


def _exchanged(
    members: Rows,
    pools: Sequence[Pool],
    present: NDArray[np.bool_],
    odds: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Whose records each member carries; who lacks them goes on lacking them; shape (WORLDS, members)."""
    owner = np.tile(members, (WORLDS, 1))
    for places, pool in pools:
        have = places[present[members[places]]]
        donors = pool[present[pool]]
        if len(have) == 0 or len(donors) < len(have):
            continue
        if len(donors) > max(LARGEST_POOL, 2 * len(have)):
            donors = rng.choice(donors, max(LARGEST_POOL, 2 * len(have)), replace=False)
        if odds is None:
            owner[:, have] = donors[rng.random((WORLDS, len(donors))).argsort(axis=1)[:, : len(have)]]
            continue
        records, asked = odds
        keys = asked[members[have]] @ records[donors].T + rng.gumbel(size=(WORLDS, len(have), len(donors)))
        for place in range(len(have)):
            chosen = keys[:, place].argmax(axis=1)
            owner[:, have[place]] = donors[chosen]
            keys[np.arange(WORLDS), :, chosen] = -np.inf
    return owner

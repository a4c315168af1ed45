"""Chance worlds: what corroboration across modalities looks like where nobody's modalities know of each other.

In each world the records of a modality change hands as a whole, within a stratum and among those who have the same of
its spaces, by odds that keep what modalities share (`shared_directions`); each entity column changes hands on its own.
Candidates stay as they are: the modality that proposed one does not count for it. Who has records at all does not
change: missing stays a mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight import progress
from ringsight.detection.candidates import Candidates
from ringsight.detection.corroboration import Measured, Owners, corroborate
from ringsight.detection.evidence import Evidence
from ringsight.detection.shared_directions import ConditionalShuffle, shuffled


@dataclass(frozen=True, slots=True, eq=False)
class ChanceWorlds:
    """Corroboration of candidates in every chance world; NaN in judging worlds for those too large for a ring."""

    full: NDArray[np.float32]
    """Shape (worlds, candidates)."""
    second: NDArray[np.float32]
    """By second ties; shape (worlds, candidates)."""

    @property
    def calibrating(self) -> "ChanceWorlds":
        """The first half, which scores are learned from."""
        return ChanceWorlds(self.full[: len(self.full) // 2], self.second[: len(self.full) // 2])

    @property
    def judging(self) -> "ChanceWorlds":
        """The second half, which judges."""
        return ChanceWorlds(self.full[len(self.full) // 2 :], self.second[len(self.full) // 2 :])


def chance_worlds(
    evidence: Evidence,
    candidates: Candidates,
    measured: Sequence[Measured],
    shuffle: ConditionalShuffle,
    count: int,
    largest: int,
) -> list[ChanceWorlds]:
    """Run chance worlds, and measure the candidates in each.

    Args:
        evidence: of the bank.
        candidates: whose corroboration is measured; in the half that judges, of those small enough for a ring.
        measured: ways to count bits; each is measured in the same worlds.
        shuffle: hands records on.
        count: how many worlds.
        largest: most members of a ring.

    Returns:
        In the order of `measured`.
    """
    full, second = np.full((2, len(measured), count, candidates.groups.count), np.nan, dtype=np.float32)
    everyone = np.arange(candidates.groups.count)
    small = np.flatnonzero(candidates.groups.sizes <= largest)
    halves = ((everyone, candidates), (small, candidates.take(small)))
    cells = [evidence.entity_cells_of(entity) for entity in evidence.entities]
    for world in progress.steps(range(count), "letting records change hands within strata"):
        rng = np.random.default_rng([evidence.seed, world])
        modalities = dict(zip(evidence.modalities, shuffle.draw(rng), strict=True))
        owners = Owners(modalities, [shuffled(cell, rng) for cell in cells])
        rows, some = halves[world >= count // 2]
        for number, way in enumerate(measured):
            found = corroborate(evidence, some, way, owners)
            full[number, world, rows], second[number, world, rows] = found.full, found.second
    return [ChanceWorlds(*each) for each in zip(full, second, strict=True)]

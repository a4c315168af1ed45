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
    """Corroboration of all candidates in every chance world."""

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
    evidence: Evidence, candidates: Candidates, measured: Sequence[Measured], shuffle: ConditionalShuffle, count: int
) -> list[ChanceWorlds]:
    """Run `count` chance worlds, and measure the candidates in each.

    Args:
        evidence: of the bank.
        candidates: whose corroboration is measured.
        measured: ways to count bits; each is measured in the same worlds.
        shuffle: hands records on.
        count: how many worlds.

    Returns:
        In the order of `measured`.
    """
    full, second = np.zeros((2, len(measured), count, candidates.groups.count), dtype=np.float32)
    cells = [evidence.entity_cells_of(entity) for entity in evidence.entities]
    for world in progress.steps(range(count), "letting records change hands within strata"):
        rng = np.random.default_rng([evidence.seed, world])
        modalities = dict(zip(evidence.modalities, shuffle.draw(rng), strict=True))
        owners = Owners(modalities, [shuffled(cell, rng) for cell in cells])
        for number, way in enumerate(measured):
            found = corroborate(evidence, candidates, way, owners)
            full[number, world], second[number, world] = found.full, found.second
    return [ChanceWorlds(*each) for each in zip(full, second, strict=True)]

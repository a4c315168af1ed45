"""Chance worlds: what corroboration across modalities looks like where nobody's modalities know of each other.

In each world the records of a modality change hands as a whole, within a stratum and among those who have the same of
its spaces, by odds that keep what modalities share (`shared_directions`); each entity column changes hands on its own.
Transfers go with the transactions of those who send and receive them: who takes part changes, the network stays.
Candidates stay as they are: the modality that proposed one does not count for it. Who has records at all does not
change: missing stays a mask.

Some worlds calibrate scores, others judge them. A large bank shows as much of chance in a few worlds as a small one in
many, so that fewer are drawn of it: of those that calibrate, `calibrating`; of those that judge, until chance is known
well enough (`judge.Judge.chance`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Candidates
from ringsight.detection.corroboration import Corroboration, Measured, Owners, corroborate
from ringsight.detection.evidence import Evidence
from ringsight.detection.shared_directions import ConditionalShuffle
from ringsight.graph.shuffle import shuffled
from ringsight.workers import spread

CALIBRATING = 500_000
"""Candidates of all worlds together that scores are calibrated by,"""
FEWEST_CALIBRATING = 20
"""in at least so many worlds."""


def calibrating(candidates: int, permutations: int) -> int:
    """How many worlds calibrate scores of so many candidates; at most half of `permutations`."""
    wanted = max(FEWEST_CALIBRATING, int(np.ceil(CALIBRATING / max(candidates, 1))))
    return min(permutations // 2, wanted)


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationWorlds:
    """Corroboration of candidates in the worlds that calibrate."""

    full: NDArray[np.float32]
    """Shape (worlds, candidates)."""
    second: NDArray[np.float32]
    """By second ties; shape (worlds, candidates)."""


@dataclass(frozen=True, eq=False)
class ChanceWorlds:
    """The chance worlds of a bank, by number: each is the same whatever others are drawn."""

    evidence: Evidence
    shuffle: ConditionalShuffle
    """Hands records on."""

    @cached_property
    def _entity_cells(self) -> list[NDArray[np.int64]]:
        return [self.evidence.entity_cells_of(entity) for entity in self.evidence.entities]

    def drawn(self, rng: np.random.Generator) -> Owners:
        """Whose records everybody carries in a world drawn so."""
        modalities = dict(zip(self.evidence.modalities, self.shuffle.draw(rng), strict=True))
        entities = [shuffled(cells, rng) for cells in self._entity_cells]
        if self.evidence.transfers and self.evidence.transfers_alone:
            cells = self.evidence.transfer_cells(self.evidence.transfers)
            modalities[self.evidence.transfers.modality] = shuffled(cells, rng)
        return Owners(modalities, entities)

    def owners(self, number: int) -> Owners:
        """Whose records everybody carries in one world."""
        return self.drawn(np.random.default_rng([self.evidence.seed, number]))

    def corroboration(self, number: int, candidates: Candidates, measured: Measured) -> Corroboration:
        """Measure candidates in one world."""
        return corroborate(self.evidence, candidates, measured, self.owners(number))

    def _measured(self, number: int, candidates: Candidates, measured: Sequence[Measured]) -> list[Corroboration]:
        owners = self.owners(number)
        return [corroborate(self.evidence, candidates, way, owners) for way in measured]

    def calibration(
        self, numbers: Iterable[int], candidates: Candidates, measured: Sequence[Measured]
    ) -> list[CalibrationWorlds]:
        """Measure candidates in several worlds, and in each by several ways to count bits.

        Returns:
            In the order of `measured`.
        """
        full: list[list[NDArray[np.float32]]] = [[] for _ in measured]
        second: list[list[NDArray[np.float32]]] = [[] for _ in measured]
        for world in spread(lambda number: self._measured(number, candidates, measured), numbers):
            for place, found in enumerate(world):
                full[place].append(found.full.astype(np.float32))
                second[place].append(found.second.astype(np.float32))
        return [CalibrationWorlds(np.array(one), np.array(other)) for one, other in zip(full, second, strict=True)]

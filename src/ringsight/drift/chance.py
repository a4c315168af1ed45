"""One permutation null for all that is compared of a group of customers.

Every column and every space sees the same permutations, so that what they have in common counts once: each statistic is
put in standard deviations of its own null, and p-values are adjusted by the largest of them all in each permutation
(max-T, Westfall and Young 1993, "Resampling-Based Multiple Testing"). The chance that any is at or below a level on a
night that has not drifted is that level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ringsight.drift.contrast_groups import Labels
from ringsight.progress import advance


class Contrast(Protocol):
    """How far a column or a space has moved between the nights."""

    @property
    def still(self) -> bool:
        """Whether nothing has moved at all, whatever the labels."""

    def of(self, draws: NDArray[np.float32]) -> NDArray[np.float64]:
        """The statistic under labels; of shape (draws, customers) they come, of shape (draws,) it is."""

    def effect(self, statistic: float, chance: float) -> float:
        """What is told of it: from 0, as chance has it, to 1; `chance` is the mean of the null."""


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """One comparison, held against chance."""

    effect: float
    p_value: float | None
    """None where nothing has changed, so that nothing can be held against chance."""
    adjusted_p_value: float | None
    """Over all comparisons of the group."""


def against_chance(contrasts: Sequence[Contrast], labels: Labels, permutations: int, seed: int) -> list[ContrastResult]:
    """Hold every contrast of a group against the same permutations; in their order."""
    if not contrasts:
        return []
    blocks = []
    for draws in labels.draws(permutations, seed):
        blocks.append(np.stack([contrast.of(draws) for contrast in contrasts]))
        advance("permutations", sum(block.shape[1] for block in blocks) - 1, permutations)
    statistics = np.concatenate(blocks, axis=1)  # (contrasts, 1 + permutations), what is there first
    moved = np.array([not contrast.still for contrast in contrasts])
    centred, spread = statistics - statistics.mean(axis=1, keepdims=True), statistics.std(axis=1, keepdims=True)
    varies = spread > 1e-9 * np.abs(statistics).max(axis=1, keepdims=True)
    standard = np.where(varies, centred / np.where(varies, spread, 1), 0)
    largest = standard[moved].max(axis=0, initial=-np.inf)
    return [
        _verdict(contrast, values, scores, largest if told else None)
        for contrast, values, scores, told in zip(contrasts, statistics, standard, moved, strict=True)
    ]


def _verdict(
    contrast: Contrast,
    statistics: NDArray[np.float64],
    standard: NDArray[np.float64],
    largest: NDArray[np.float64] | None,
) -> ContrastResult:
    effect = float(np.clip(contrast.effect(float(statistics[0]), float(statistics[1:].mean())), 0, 1))
    if largest is None:
        return ContrastResult(effect, None, None)
    slack = 1e-9  # a sum taken in another order is the same
    own = float(np.mean(standard >= standard[0] - slack))
    return ContrastResult(effect, own, float(np.mean(largest >= standard[0] - slack)))

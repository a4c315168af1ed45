"""How far a space has moved: energy distance between the vectors of two nights.

The energy distance (Székely and Rizzo 2013, "Energy statistics", doi 10.1016/j.jspi.2013.03.018) is the maximum mean
discrepancy with the kernel -|x - y| (Sejdinovic et al. 2013, arXiv 1207.6076). It has no width to choose, which on a
sphere of unit vectors would be a choice between seeing near neighbours and seeing the whole, it is zero only where the
distributions are the same, and it takes one matrix of distances, whatever the number of permutations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.drift.contrast_groups import FEWEST, ContrastGroup, Who
from ringsight.records.embeddings import Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class _Contrast:
    """Vectors of two nights, and how far they lie apart."""

    rows: NDArray[np.int64]
    """Of the group's customers, those compared."""
    apart: NDArray[np.float32]
    """What each two of them add to the energy distance; shape (rows, rows)."""
    across: float
    """Mean distance between the two sides."""

    @property
    def customers(self) -> int:
        """How many are compared."""
        return len(self.rows)

    @property
    def still(self) -> bool:
        """Whether nothing has moved at all."""
        return not self.apart.any()

    def effect(self, statistic: float, chance: float) -> float:
        """Energy coefficient beyond chance."""
        return (statistic - chance) / (2 * self.across) if self.across else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class StayedContrast(_Contrast):
    """Of the same customers on both nights: chance exchanges the two vectors of each.

    Two customers add to the distance by how far both have moved, if neither or both are exchanged.
    """

    def of(self, draws: NDArray[np.float32]) -> NDArray[np.float64]:
        """Energy distance under labels."""
        signs = draws[:, self.rows]
        energy: NDArray[np.float64] = np.einsum("bi,bi->b", signs @ self.apart, signs, dtype=np.float64)
        return energy / len(self.rows) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class CameContrast(_Contrast):
    """Of customers who came, and of those of the reference: chance deals out anew who came.

    Two customers add to the distance by that between their vectors.
    """

    def of(self, draws: NDArray[np.float32]) -> NDArray[np.float64]:
        """Energy distance under labels; 0 where chance leaves one side empty."""
        came = draws[:, self.rows]
        count = came.sum(axis=1, keepdims=True)
        others = len(self.rows) - count
        weights = came / np.maximum(count, 1) - (1 - came) / np.maximum(others, 1)
        energy = -np.einsum("bi,bi->b", weights @ self.apart, weights, dtype=np.float64)
        sides: NDArray[np.float64] = np.where(np.minimum(count, others)[:, 0] > 0, energy, 0.0)
        return sides


def energy_contrast(
    who: Who, group: ContrastGroup, reference: Embeddings, tonight: Embeddings, most: int, rng: np.random.Generator
) -> StayedContrast | CameContrast | None:
    """How far a space has moved for a group of customers; None where too few of them have a vector.

    Args:
        who: the customers of both nights.
        group: who is compared with whom.
        reference: the space, as it was.
        tonight: the same space, by the same model.
        most: customers of each side that are compared.
        rng: draws them.
    """
    if group is ContrastGroup.stayed:
        before, now = reference.rows_in(who.stayed), tonight.rows_in(who.stayed)
        rows = _some(np.flatnonzero((before >= 0) & (now >= 0)), most, rng)
        return _stayed(rows, reference.vectors[before[rows]], tonight.vectors[now[rows]])
    new, old = tonight.rows_in(who.came), reference.rows_in(who.compared)
    came, others = _some(np.flatnonzero(new >= 0), most, rng), _some(np.flatnonzero(old >= 0), most, rng)
    return _came(came, others + len(who.came), tonight.vectors[new[came]], reference.vectors[old[others]])


def _some(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _stayed(rows: NDArray[np.int64], before: NDArray[np.float32], now: NDArray[np.float32]) -> StayedContrast | None:
    if len(rows) < FEWEST:
        return None
    across = distances(now, before)
    moved = across + across.T - distances(before, before) - distances(now, now)
    same = (before == now).all(axis=1)
    moved[same] = moved[:, same] = 0  # exactly, so that nights which are the same are seen to be
    return StayedContrast(rows, moved, float(across.mean()))


def _came(
    came: NDArray[np.int64], others: NDArray[np.int64], new: NDArray[np.float32], old: NDArray[np.float32]
) -> CameContrast | None:
    if min(len(came), len(others)) < FEWEST:
        return None
    vectors = np.concatenate([new, old])
    apart = distances(vectors, vectors)
    np.fill_diagonal(apart, 0)
    return CameContrast(np.concatenate([came, others]), apart, float(apart[: len(came), len(came) :].mean()))


def distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean distances between unit vectors; shape (a, b)."""
    squared = 2 - 2 * (a.astype(np.float64) @ b.astype(np.float64).T)
    return np.sqrt(np.where(squared > 1e-9, squared, 0)).astype(np.float32)

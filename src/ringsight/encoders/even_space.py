"""Measures and pixels, centred and whitened."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FARTHEST = 4.0
"""Spreads from the centre at which a measure is cut off."""
STILL = 1e-9
"""Mean variance at which the measures tell nobody from anybody: every vector becomes zero."""


@dataclass(frozen=True, slots=True, eq=False)
class EvenSpace:
    """Measures along the directions in which the training bank varies most, evened out."""

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    mean: NDArray[np.float32]
    """What is left of the mean once measures are centred and cut off. Each of shape (measures,)."""
    axes: NDArray[np.float32]
    """Shape (measures, dim)."""

    def apply(self, measures: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Bring measures of shape (n, measures) to shape (n, dim)."""
        even = (_centred(measures, self.centre, self.spread) - self.mean) @ self.axes
        return even.astype(np.float32)


def fit_even(measures: NDArray[np.floating[Any]], dim: int, ridge: float, scaled: bool) -> EvenSpace:
    """Fit centre and whitening to measures of shape (n, measures).

    Args:
        measures: of the training bank, at least one row.
        dim: length of a vector, at most.
        ridge: added to every variance, in mean variances: directions of little variance are mostly noise.
        scaled: whether each measure has a unit of its own, which is divided out robustly; pixels share one.
    """
    low, centre, high = np.quantile(measures, [0.25, 0.5, 0.75], axis=0)
    spread = np.ones_like(centre)
    if scaled:
        spread = np.maximum(np.maximum((high - low) / 1.35, measures.std(axis=0) / 3), 1e-3)
    centred = _centred(measures, centre, spread).astype(np.float64)
    mean = centred.mean(axis=0)
    variances, directions = np.linalg.eigh((centred - mean).T @ (centred - mean) / len(centred))
    leading = np.argsort(variances)[::-1][:dim]
    level = float(variances.mean())
    scale = np.sqrt(np.maximum(variances[leading], 0) + ridge * level) if level > STILL else np.inf
    return EvenSpace(
        centre=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        mean=mean.astype(np.float32),
        axes=np.ascontiguousarray(directions[:, leading] / scale, dtype=np.float32),
    )


def _centred(
    measures: NDArray[np.floating[Any]], centre: NDArray[np.floating[Any]], spread: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    centred: NDArray[np.floating[Any]] = np.clip((measures - centre) / spread, -FARTHEST, FARTHEST)
    return centred

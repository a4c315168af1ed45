"""Bags of things that customers share or do not: counterparties, amounts, turns of phrase."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ringsight.encoders.projection import random_axes

COMMON = 0.3
"""What more than this share of the bags have says nothing."""
UNSEEN = 0.25
"""Weight of what fewer than two of the training bank's bags had, beside the weight of its rarity."""
OVERSAMPLED = 16
ROUNDS = 4
"""Of the randomised search for leading directions."""


@dataclass(frozen=True, slots=True, eq=False)
class BagSpace:
    """Bags, weighed by rarity, along the directions that the training bank's bags share most.

    Latent semantic analysis (Deerwester et al. 1990). Buckets that the training bank hardly had are projected at
    random, so that newcomers who share something new are near each other too.
    """

    rarity: NDArray[np.float32]
    """Weight of each bucket, its idf; 0 for what is too common; shape (buckets,)."""
    known: NDArray[np.int32]
    """Buckets that lie along the directions, sorted; shape (known,)."""
    axes: NDArray[np.float16]
    """Shape (known, dim)."""

    def apply(self, bags: sparse.csr_array) -> NDArray[np.float32]:
        """Bring bags of shape (n, buckets) to shape (n, dim); a bag that says nothing becomes zero."""
        weighed = weighed_bags(bags, self.rarity).tocsc()
        unseen = np.setdiff1d(np.flatnonzero(np.diff(weighed.indptr)), self.known)
        along = weighed[:, self.known] @ self.axes.astype(np.float64)
        beside = weighed[:, unseen] @ random_axes(unseen, self.axes.shape[1])
        vectors: NDArray[np.float32] = (along + beside.toarray()).astype(np.float32)
        return vectors


def fit_bags(bags: sparse.csr_array, dim: int, unseen: float = UNSEEN) -> BagSpace:
    """Fit rarity and leading directions to bags of shape (n, buckets).

    Args:
        bags: how much each bag has of each bucket, dampened.
        dim: length of a vector.
        unseen: weight of buckets that fewer than two bags have; 0 leaves them out.
    """
    n, buckets = bags.shape
    holders = np.bincount(bags.indices, minlength=buckets)
    rarity = np.log((n + 1) / (holders + 1))
    rarity[holders > COMMON * n] = 0
    rarity[holders < 2] *= unseen
    known = np.flatnonzero((holders >= 2) & (rarity > 0))
    weighed = weighed_bags(bags, rarity.astype(np.float32)).tocsc()[:, known].tocsr()
    axes = np.zeros((len(known), dim), dtype=np.float16)
    leading = leading_axes(weighed, dim)
    axes[:, : leading.shape[1]] = leading
    return BagSpace(rarity.astype(np.float32), known.astype(np.int32), axes)


def leading_axes(rows: sparse.csr_array, dim: int) -> NDArray[np.float64]:
    """Leading right singular vectors of a sparse matrix, by subspace iteration (Halko, Martinsson and Tropp 2011).

    Returns:
        Shape (columns, at most dim).
    """
    width = min(dim + OVERSAMPLED, *rows.shape)
    if width == 0:
        return np.zeros((rows.shape[1], 0))
    basis = rows @ np.random.default_rng(0).normal(size=(rows.shape[1], width))
    for _ in range(ROUNDS):
        basis = rows @ (rows.T @ np.linalg.qr(basis)[0])
    projected = rows.T @ np.linalg.qr(basis)[0]
    variances, directions = np.linalg.eigh(projected.T @ projected)
    kept = np.argsort(variances)[::-1][:dim]
    kept = kept[variances[kept] > 1e-9]
    axes: NDArray[np.float64] = projected @ (directions[:, kept] / np.sqrt(variances[kept]))
    return axes


def weighed_bags(bags: sparse.csr_array, weights: NDArray[np.float32]) -> sparse.csr_array:
    """Weigh the buckets, and bring each bag to length 1 where it has one."""
    weighed = sparse.csr_array(bags.astype(np.float64))
    weighed.data *= weights.astype(np.float64)[weighed.indices]
    weighed.eliminate_zeros()
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed.data *= np.repeat(1 / np.maximum(lengths, 1e-9), np.diff(weighed.indptr))
    return weighed

"""What each method says a customer will buy: a score for each item, higher for more likely.

Every recommender is learned from the counts of `PurchaseHistories`, and takes histories to score: those of customers
whom it knows, with their rows, or others (-1), such as the items of a session.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.peers.hits import top

K1, B = 1.2, 0.75
"""Of BM25."""
ALS_ROUNDS = 8
ROWS_AT_ONCE = 1_024
"""Customers whose factors are solved for at once."""


class Recommender(Protocol):
    """One method."""

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """The score of each item for each history.

        Args:
            histories: how often each item was bought; shape (n, items).
            own: the row of each among the customers learned from, or -1; shape (n,).

        Returns:
            Shape (n, items).
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Bm25:
    """Counts as BM25 weights: rare items count more, the n-th purchase less, and so do long histories."""

    rarity: NDArray[np.float64]
    mean_length: float

    @classmethod
    def of(cls, counts: csr_array) -> Self:
        """Learn from counts; shape (rows, columns)."""
        carriers = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.maximum(np.log(counts.shape[0]) - np.log1p(carriers), 0.0)
        return cls(rarity, max(float(counts.sum()) / max(counts.shape[0], 1), 1e-9))

    def weighted(self, counts: csr_array) -> csr_array:
        """The weights (Robertson and Zaragoza 2009, formula 3.15); shape as given."""
        length = (1 - B) + B * np.asarray(counts.sum(axis=1)).ravel() / self.mean_length
        weighted = counts.copy()
        of_row = np.repeat(length, np.diff(counts.indptr))
        weighted.data = counts.data * (K1 + 1) / (K1 * of_row + counts.data) * self.rarity[counts.indices]
        return weighted


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """What everybody buys, by the logarithm of how often."""

    of_item: NDArray[np.float64]

    @classmethod
    def of(cls, counts: csr_array) -> Self:
        """Learn from counts."""
        return cls(np.log1p(np.asarray(counts.sum(axis=0)).ravel()))

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`."""
        return np.tile(self.of_item, (histories.shape[0], 1))


@dataclass(frozen=True, slots=True, eq=False)
class OwnHistory:
    """What the customer bought before, by the logarithm of how often; among equals what everybody buys."""

    popularity: Popularity

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`."""
        return np.asarray(np.log1p(histories.toarray()) + 1e-6 * self.popularity.of_item)


@dataclass(frozen=True, slots=True, eq=False)
class ItemNeighbours:
    """What is bought by those who bought the customer's items: item-kNN on BM25 weights (Sarwar et al. 2001)."""

    similar: csr_array
    """Shape (items, items)."""

    @classmethod
    def of(cls, counts: csr_array, nearest: int) -> Self:
        """Learn from counts.

        Args:
            counts: shape (customers, items).
            nearest: items kept for each item.
        """
        by_item = csr_array(counts.T)
        weighted = Bm25.of(by_item).weighted(by_item)
        return cls(nearest_only((weighted @ weighted.T).toarray(), nearest))

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`."""
        return np.asarray((histories @ self.similar).toarray())


@dataclass(frozen=True, slots=True, eq=False)
class Ease:
    """Each item as a linear function of all others, in closed form (Steck 2019)."""

    weights: NDArray[np.float64]
    """Shape (items, items), with a diagonal of 0."""

    @classmethod
    def of(cls, counts: csr_array, penalty: float) -> Self:
        """Learn from counts, shape (customers, items); time grows with the cube of the items."""
        together = (counts.T @ counts).toarray()
        diagonal = np.diag_indices(len(together))
        together[diagonal] += penalty
        inverse = np.linalg.inv(together)
        weights = inverse / -np.diag(inverse)
        weights[diagonal] = 0
        return cls(weights)

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`."""
        return np.asarray(histories @ self.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Als:
    """Matrix factorisation for implicit feedback by alternating least squares (Hu, Koren and Volinsky 2008)."""

    factors: NDArray[np.float64]
    """Of the items; shape (items, dimensions)."""
    penalty: float

    @classmethod
    def of(cls, counts: csr_array, dimensions: int, penalty: float, seed: int = 0) -> Self:
        """Learn from counts, shape (customers, items)."""
        items = np.random.default_rng(seed).normal(0, 0.01, (counts.shape[1], dimensions))
        by_item = csr_array(counts.T)
        for _ in range(ALS_ROUNDS):
            items = _solved(by_item, _solved(counts, items, penalty), penalty)
        return cls(items, penalty)

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`; each history is folded in."""
        return _solved(histories, self.factors, self.penalty) @ self.factors.T


def nearest_only(similarity: NDArray[np.float64], k: int) -> csr_array:
    """The k largest positive values of each row; of equals the first columns.

    Args:
        similarity: shape (rows, columns); taken apart, not kept.
        k: how many.
    """
    if not similarity.size:
        return csr_array(similarity.shape)
    columns = top(similarity, k)
    values = np.take_along_axis(similarity, columns, axis=1)
    rows = np.broadcast_to(np.arange(len(similarity))[:, None], columns.shape)
    kept = values > 0
    return csr_array((values[kept], (rows[kept], columns[kept])), shape=similarity.shape)


def _solved(counts: csr_array, factors: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """The factors of the rows, given those of the columns: confidence 1 + count, preference 1 where there is any."""
    dimensions = factors.shape[1]
    squares = (factors[:, :, None] * factors[:, None, :]).reshape(len(factors), -1)
    base = factors.T @ factors + penalty * np.eye(dimensions)
    solved = np.empty((counts.shape[0], dimensions))
    for start in range(0, counts.shape[0], ROWS_AT_ONCE):
        part = counts[start : start + ROWS_AT_ONCE]
        left = base + np.asarray(part @ squares).reshape(-1, dimensions, dimensions)
        confident = part.copy()
        confident.data = 1 + part.data
        right = np.asarray(confident @ factors)
        solved[start : start + ROWS_AT_ONCE] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return solved

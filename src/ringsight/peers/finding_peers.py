"""Who the peers of a customer are, and what they bought: by histories alike, or by purchase vectors alike."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from ringsight.peers.purchase_vectors import PurchaseSpace
from ringsight.peers.recommenders import Bm25, nearest_only

ROWS_AT_ONCE = 256
"""Histories that are held against all customers at once."""


class PeerFinder(Protocol):
    """Finds those whose histories are like others."""

    def similarity(self, histories: csr_array) -> NDArray[np.float64]:
        """How alike histories and all customers are; shape (n, customers), 0 for not at all."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AlikeHistories:
    """Customers by the likeness of their histories: products of BM25 weights."""

    weighting: Bm25
    by_item: csr_array
    """The weights of all customers; shape (items, customers), so that one history meets only its own items' rows."""

    @classmethod
    def of(cls, counts: csr_array) -> Self:
        """Learn from counts."""
        weighting = Bm25.of(counts)
        return cls(weighting, csr_array(weighting.weighted(counts).T))

    def similarity(self, histories: csr_array) -> NDArray[np.float64]:
        """See `PeerFinder`."""
        return np.asarray((self.weighting.weighted(histories) @ self.by_item).toarray())


@dataclass(frozen=True, slots=True, eq=False)
class AlikeVectors:
    """Customers by the cosine of their purchase vectors."""

    space: PurchaseSpace
    vectors: NDArray[np.float32]
    """Shape (customers, dimensions)."""

    def similarity(self, histories: csr_array) -> NDArray[np.float64]:
        """See `PeerFinder`."""
        return np.asarray(np.maximum(self.space.vectors_of(histories) @ self.vectors.T, 0.0), dtype=np.float64)


def peers_found(
    finder: PeerFinder,
    histories: csr_array,
    own: NDArray[np.int64],
    most: int,
    among: NDArray[np.bool_] | None = None,
) -> csr_array:
    """The peers of each history, nobody being a peer of their own.

    Args:
        finder: says who is alike.
        histories: shape (n, items).
        own: the row of each among the customers, or -1.
        most: peers for each, at most.
        among: whom peers are drawn from; shape (customers,).

    Returns:
        Similarity above 0, of peers alone; shape (n, customers).
    """
    similarity = finder.similarity(histories)
    known = np.flatnonzero(own >= 0)
    similarity[known, own[known]] = 0
    if among is not None:
        similarity[:, ~among] = 0
    return nearest_only(similarity, most)


@dataclass(frozen=True, slots=True, eq=False)
class PeerPurchases:
    """What peers bought, each peer counting by a power of the similarity (user-kNN: Herlocker et al. 1999)."""

    finder: PeerFinder
    bought: csr_array
    """How often, or whether lately; shape (customers, items)."""
    most: int
    sharpness: float
    itself: float = 0.0
    """How much the customer's own history counts, as the history most alike."""
    base: NDArray[np.float64] | None = None
    """Share of all customers who bought each item; where given, a score is what peers bought beyond it."""
    among: NDArray[np.bool_] | None = None
    """Whom peers are drawn from; shape (customers,). By default everybody."""

    def scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Recommender`."""
        parts = [
            self._scores(histories[at : at + ROWS_AT_ONCE], own[at : at + ROWS_AT_ONCE])
            for at in range(0, histories.shape[0], ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.bought.shape[1]))

    def _scores(self, histories: csr_array, own: NDArray[np.int64]) -> NDArray[np.float64]:
        weights = peers_found(self.finder, histories, own, self.most, self.among)
        weights.data **= self.sharpness
        scores = np.asarray((weights @ self.bought).toarray())
        if self.base is not None:
            scores -= np.asarray(weights.sum(axis=1)).reshape(-1, 1) * self.base
        if self.itself:
            alike = self._alike_itself(histories) ** self.sharpness * self.itself
            scores += (diags_array(alike) @ histories).toarray()
        return scores

    def _alike_itself(self, histories: csr_array) -> NDArray[np.float64]:
        """How alike each history is to itself; shape (n,)."""
        if isinstance(self.finder, AlikeHistories):
            weighted = self.finder.weighting.weighted(histories)
            return np.asarray(weighted.power(2).sum(axis=1), dtype=np.float64).ravel()
        return np.ones(histories.shape[0])

"""Purchase vectors: items that the same customers buy are near one another, and a customer is where their items are.

Skip-gram with negative sampling (Word2Vec) factorises the pointwise mutual information of items bought together (Levy
and Goldberg 2014); here it is factorised as such.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.extmath import randomized_svd

from ringsight.peers.histories import PurchaseHistories
from ringsight.records.embeddings import Embeddings

SPACE = "purchases"
"""Name of the space, and of its collection in the vector store."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseSpace:
    """A vector for each item."""

    items: NDArray[np.float64]
    """Shape (items, dimensions); a row of zeros for an item that was bought with no other."""
    rarity: NDArray[np.float64]
    """How much an item tells of a customer; shape (items,)."""

    @classmethod
    def of(cls, counts: csr_array, dimensions: int) -> Self:
        """Learn from counts; shape (customers, items)."""
        bought = (counts > 0).astype(np.float64)
        together = csr_array(bought.T @ bought)
        together.setdiag(0)
        together.eliminate_zeros()
        carriers = np.maximum(np.asarray(bought.sum(axis=0)).ravel(), 1)
        rarity = np.maximum(np.log(counts.shape[0] / carriers), 0)
        return cls(_factors(_mutual_information(together), dimensions), rarity)

    def vectors_of(self, histories: csr_array) -> NDArray[np.float32]:
        """A vector of length 1 for each history, or of zeros if it tells nothing; shape (n, dimensions)."""
        weights = histories.copy()
        weights.data = np.log1p(histories.data) * self.rarity[histories.indices]
        summed = np.asarray(weights @ self.items)
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        return np.where(lengths > 0, summed / np.maximum(lengths, 1e-12), 0).astype(np.float32)

    def embeddings(self, histories: PurchaseHistories, counts: csr_array) -> Embeddings:
        """The customers' vectors as a space of the vector store; those of whom it says nothing are absent.

        Args:
            histories: whose customers they are.
            counts: of the items of this space; shape (customers, items).
        """
        vectors = self.vectors_of(counts)
        said = np.linalg.norm(vectors, axis=1) > 0
        data = hashlib.sha256(counts.data.tobytes() + counts.indices.tobytes() + counts.indptr.tobytes())
        data.update("\0".join(histories.customer_ids).encode())
        return Embeddings(
            space=SPACE,
            customer_ids=histories.customer_ids[said],
            vectors=vectors[said],
            model_hash=hashlib.sha256(self.items.tobytes() + self.rarity.tobytes()).hexdigest(),
            data_hash=data.hexdigest(),
        )


def _mutual_information(together: csr_array) -> csr_array:
    """Positive pointwise mutual information of pairs, from how often each occurs; shape as given."""
    total = max(float(together.sum()), 1.0)
    of_item = np.maximum(np.asarray(together.sum(axis=0)).ravel(), 1.0)
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    information = together.copy()
    information.data = np.maximum(np.log(together.data * total / (of_item[rows] * of_item[together.indices])), 0)
    information.eliminate_zeros()
    return information


def _factors(information: csr_array, dimensions: int) -> NDArray[np.float64]:
    """Left singular vectors times the roots of the singular values, the largest first; shape (items, dimensions).

    By random projections (Halko, Martinsson and Tropp 2011) from a fixed seed.
    """
    items = information.shape[0]
    kept = min(dimensions, items)
    factors = np.zeros((items, dimensions))
    if information.nnz:
        left, values, _ = randomized_svd(information, n_components=kept, n_iter=7, random_state=0)
        factors[:, :kept] = left * np.sqrt(values)
    return factors

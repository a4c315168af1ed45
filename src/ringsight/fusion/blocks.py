"""A customer's modalities side by side: one block of vectors each, and a mask of who has which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.records.embeddings import Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Vectors of several modalities for the same customers; rows of the absent are zero, and masked."""

    customer_ids: NDArray[np.str_]
    """Shape (n,), sorted."""
    vectors: list[NDArray[np.float32]]
    """For each modality, shape (n, its dim, or the sum of the dims of its spaces)."""
    present: NDArray[np.bool_]
    """Shape (n, modalities)."""

    def side_by_side(self) -> NDArray[np.float32]:
        """All blocks as one row of length 1 each; shape (n, sum of dims).

        The inner product of two rows is the mean of their modalities' similarities where both have the same ones.
        """
        together = np.concatenate(self.vectors, axis=1)
        joined: NDArray[np.float32] = together / np.sqrt(self.present.sum(axis=1, keepdims=True)).astype(np.float32)
        return joined


def side_by_side(embeddings: Mapping[str, Embeddings], modalities: Sequence[str]) -> Blocks:
    """Lay out the customers who have at least one of `modalities`.

    Args:
        embeddings: by modality; each of `modalities` must be there.
        modalities: in the order of the blocks.
    """
    ids = np.unique(np.concatenate([embeddings[name].customer_ids for name in modalities]))
    return laid_out(embeddings, modalities, ids)


def laid_out(embeddings: Mapping[str, Embeddings], modalities: Sequence[str], ids: NDArray[np.str_]) -> Blocks:
    """Lay out the given customers, whatever they have."""
    vectors, present = [], []
    for name in modalities:
        row = embeddings[name].rows_in(ids)
        block = np.zeros((len(ids), embeddings[name].dim), dtype=np.float32)
        block[row >= 0] = embeddings[name].vectors[row[row >= 0]]
        vectors.append(block)
        present.append(row >= 0)
    return Blocks(ids, vectors, np.stack(present, axis=1))


def all_spaces(
    embeddings: Mapping[str, Embeddings], spaces: Sequence[Sequence[str]], ids: NDArray[np.str_] | None = None
) -> Blocks:
    """Lay out customers with all spaces of each modality side by side.

    Args:
        embeddings: by space; each of `spaces` must be there.
        spaces: of each modality, in the order of the blocks.
        ids: the customers; by default those who have at least one modality.
    """
    if ids is None:
        ids = np.unique(np.concatenate([embeddings[name].customer_ids for names in spaces for name in names]))
    of_modalities = [laid_out(embeddings, names, ids) for names in spaces]
    vectors = [np.concatenate(blocks.vectors, axis=1) for blocks in of_modalities]
    return Blocks(ids, vectors, np.stack([blocks.present.any(axis=1) for blocks in of_modalities], axis=1))

"""Facets: what a modality tells beside its learned vector, one property at a time, as embeddings like any other.

A facet is fitted on the training bank and kept in the part of its modality, so that a customer who comes later is
embedded alike.
"""

from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.encoders.part import Part
from ringsight.records.embeddings import Embeddings


def arrays_of(**spaces: Any) -> dict[str, NDArray[Any]]:  # noqa: ANN401 - any dataclass of arrays
    """The arrays of fitted spaces, named as `Part.fitted` asks for them: `wording.axes` of the space `wording`."""
    return {
        f"{name}.{field.name}": getattr(space, field.name) for name, space in spaces.items() for field in fields(space)
    }


def facet(
    name: str, customer_ids: NDArray[np.str_], vectors: NDArray[np.floating[Any]], trained: Part, data_hash: str
) -> Embeddings:
    """Make embeddings of a facet. Customers of whom it says nothing, whose vector is zero, are left out.

    Args:
        name: of the space.
        customer_ids: sorted; shape (n,).
        vectors: of any length; shape (n, dim).
        trained: the part that made them.
        data_hash: of the records that they were made from.
    """
    unit = unit_or_zero(vectors)
    told = unit.any(axis=1)
    return Embeddings(name, customer_ids[told], unit[told], trained.hash, data_hash, trained.kind)


def summed(
    vectors: NDArray[np.floating[Any]], records: pl.DataFrame
) -> tuple[NDArray[np.str_], NDArray[np.floating[Any]]]:
    """Add up the vectors of each customer's records: customer ids, sorted, and shape (customers, dim)."""
    ids, row = np.unique(records["customer_id"].to_numpy().astype(np.str_), return_inverse=True)
    sums = np.zeros((len(ids), vectors.shape[1]), dtype=vectors.dtype)
    np.add.at(sums, row, vectors)
    return ids, sums


def unit_or_zero(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rows of length 1; those without direction stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), 0).astype(np.float32)

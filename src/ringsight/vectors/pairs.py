"""Similarities of pairs of vectors, named one by one."""

import numpy as np
from numpy.typing import NDArray


def pair_similarities(vectors: NDArray[np.float32], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
    """Inner products of rows a[i] and b[i], in single precision; shape (pairs,).

    Raises:
        IndexError: if there is no such row.
    """
    import faiss

    for ends in (a, b):
        if len(ends) and not 0 <= int(ends.min()) <= int(ends.max()) < len(vectors):
            raise IndexError(f"rows must lie from 0 to {len(vectors) - 1}")  # faiss would read whatever lies there
    found = np.empty(len(a), dtype=np.float32)
    places = [faiss.swig_ptr(np.ascontiguousarray(each)) for each in (vectors, a, vectors, b)]
    inner_product = faiss.pairwise_indexed_inner_product  # type: ignore[attr-defined]  # made by swig
    inner_product(vectors.shape[1], len(a), *places, faiss.swig_ptr(found))
    return found

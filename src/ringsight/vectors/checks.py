"""What every store asks of vectors before it takes them or searches with them."""

import hashlib

import numpy as np
import polars as pl

from ringsight.errors import ModelError, SettingsError, StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.vector_store import REQUEST_LIMIT


def check_vectors(embeddings: Embeddings, dim: int | None = None) -> None:
    """Refuse vectors that are not finite, of length 1 and of the store's dimension.

    Milvus Lite takes NaN and infinity without a word.

    Raises:
        StoreError: naming the first such customer, or both dimensions.
    """
    if dim is not None and embeddings.dim != dim:
        raise StoreError(
            f"{embeddings.space}: the store holds vectors of dimension {dim}, these have {embeddings.dim}",
            remedy="give embeddings of the model that filled the store, or promote theirs",
        )
    lengths = np.linalg.norm(embeddings.vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))
    if len(bad):
        raise StoreError(
            f"{embeddings.space}: the vector of customer {embeddings.customer_ids[bad[0]]} is not finite and of "
            f"length 1 ({len(bad)} of {len(lengths)} are not)",
            remedy="run `ringsight embed` again",
        )


def check_fit(queries: Embeddings, model_hash: str | None) -> None:
    """Refuse to compare vectors of two models.

    Raises:
        StoreError: if no model is in use.
        ModelError: naming both models.
    """
    if model_hash is None:
        raise StoreError("the store holds no promoted model", remedy="run `ringsight embed` to its end")
    if queries.model_hash != model_hash:
        raise ModelError(
            f"{queries.space}: the store holds vectors of model {model_hash}, these are of model {queries.model_hash}",
            remedy="embed with the model in use, or promote the other",
        )


def check_k(k: int) -> None:
    """Refuse a k that no store can serve.

    Raises:
        SettingsError: if k is out of range.
    """
    if not 1 <= k <= REQUEST_LIMIT - 2:
        raise SettingsError(f"k must lie between 1 and {REQUEST_LIMIT - 2} (got {k})")


def content_hash(embeddings: Embeddings, scalars: pl.DataFrame) -> str:
    """SHA-256 over the vectors and what stands beside them."""
    digest = hashlib.sha256(embeddings.vectors.tobytes())
    for column in scalars.iter_columns():
        digest.update("\0".join(map(str, column.to_list())).encode())
    return digest.hexdigest()

"""The exact in-memory twin of the Milvus store: for tests, small banks, and to hold Milvus to."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import ModelError, StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.checks import check_fit, check_k, check_vectors, content_hash
from ringsight.vectors.exact import exact_search
from ringsight.vectors.filters import Filter, polars_expression
from ringsight.vectors.neighbours import Neighbours, no_neighbours
from ringsight.vectors.scalars import scalars_beside
from ringsight.vectors.vector_store import StoredModel, VectorStore


@dataclass(frozen=True, slots=True, eq=False)
class _Collection:
    """One space's vectors by one model."""

    embeddings: Embeddings
    scalars: pl.DataFrame
    """In the order of `embeddings`."""
    content: str
    """Hash of what was last written in full."""


class MemoryStore(VectorStore):
    """Vectors in arrays, searched exactly."""

    def __init__(self) -> None:
        """Start empty."""
        self._collections: dict[tuple[str, str], _Collection] = {}
        self._model_hash: str | None = None
        self._former: str | None = None
        self._closed = False

    @property
    def model_hash(self) -> str | None:
        """See `VectorStore`."""
        self._all()
        return self._model_hash

    def write(self, embeddings: Embeddings, scalars: pl.DataFrame | None = None) -> None:
        """See `VectorStore`."""
        former = self._collection(embeddings.space, embeddings.model_hash)
        check_vectors(embeddings, former.embeddings.dim if former else None)
        beside = scalars_beside(embeddings, scalars)
        content = content_hash(embeddings, beside)
        if len(embeddings.customer_ids) == 0 or (former and former.content == content):
            return
        if former:
            kept = embeddings.rows_in(former.embeddings.customer_ids) < 0
            embeddings, beside = _merged(_rows(former, kept), _Collection(embeddings, beside, content))
        self._collections[embeddings.space, embeddings.model_hash] = _Collection(embeddings, beside, content)

    def promote(self, model_hash: str) -> None:
        """See `VectorStore`."""
        self._require(model_hash)
        if model_hash != self._model_hash:
            self._model_hash, self._former = model_hash, self._model_hash

    def rollback(self) -> str:
        """See `VectorStore`."""
        self._all()
        if self._former is None:
            raise StoreError("there is no model to roll back to")
        self.promote(self._former)
        return self._model_hash or ""

    def drop(self, model_hash: str) -> None:
        """See `VectorStore`."""
        self._require(model_hash)
        if model_hash == self._model_hash:
            raise StoreError(f"readers see model {model_hash}", remedy="promote another, or roll back, then drop")
        if model_hash == self._former:
            self._former = None
        self._collections = {key: kept for key, kept in self._collections.items() if key[1] != model_hash}

    def models(self) -> list[StoredModel]:
        """See `VectorStore`."""
        by_model: dict[str, dict[str, Embeddings]] = {}
        for (space, model_hash), collection in sorted(self._all().items()):
            by_model.setdefault(model_hash, {})[space] = collection.embeddings
        return [
            StoredModel(
                model_hash=model_hash,
                promoted=model_hash == self._model_hash,
                former=model_hash == self._former,
                counts={space: len(embeddings.customer_ids) for space, embeddings in by_space.items()},
                half_written=[],
                data_hashes=sorted({embeddings.data_hash for embeddings in by_space.values()}),
            )
            for model_hash, by_space in sorted(by_model.items())
        ]

    def spaces(self) -> list[str]:
        """See `VectorStore`."""
        return sorted(space for space, model in self._all() if model == self.model_hash)

    def count(self, space: str) -> int:
        """See `VectorStore`."""
        collection = self._collection(space, self.model_hash)
        return len(collection.embeddings.customer_ids) if collection else 0

    def get(self, space: str, customer_ids: NDArray[np.str_]) -> Embeddings:
        """See `VectorStore`."""
        collection = self._collection(space, self.model_hash)
        if collection is None:
            none = np.empty((0, 0), dtype=np.float32)
            return Embeddings(space, np.empty(0, dtype=np.str_), none, self.model_hash or "", "")
        return _rows(collection, np.isin(collection.embeddings.customer_ids, customer_ids)).embeddings

    def search(self, queries: Embeddings, k: int, where: Filter | None = None) -> Neighbours:
        """See `VectorStore`."""
        check_k(k)
        check_fit(queries, self.model_hash)
        collection = self._collection(queries.space, self.model_hash)
        if collection is None:
            return no_neighbours(queries.customer_ids, k)
        check_vectors(queries, collection.embeddings.dim)
        if where is not None:
            fits = collection.scalars.select(polars_expression(where)).to_series()
            collection = _rows(collection, fits.to_numpy())
        return exact_search(queries, collection.embeddings, k)

    def erase(self, customer_id: str) -> int:
        """See `VectorStore`."""
        erased = 0
        for key, collection in self._all().items():
            kept = collection.embeddings.customer_ids != customer_id
            self._collections[key] = _rows(collection, kept)
            erased += int(np.sum(~kept))
        return erased

    def close(self) -> None:
        """See `VectorStore`."""
        self._collections.clear()
        self._closed = True

    def _all(self) -> dict[tuple[str, str], _Collection]:
        if self._closed:
            raise StoreError("the store is closed")
        return self._collections

    def _require(self, model_hash: str) -> None:
        if not any(model == model_hash for _, model in self._all()):
            raise ModelError(f"the store holds no vectors of model {model_hash}", remedy="run `ringsight embed`")

    def _collection(self, space: str, model_hash: str | None) -> _Collection | None:
        return self._all().get((space, model_hash or ""))


def _rows(collection: _Collection, kept: NDArray[np.bool_]) -> _Collection:
    """Some rows of a collection; `kept` has shape (n,)."""
    old = collection.embeddings
    embeddings = Embeddings(old.space, old.customer_ids[kept], old.vectors[kept], old.model_hash, old.data_hash)
    return _Collection(embeddings, collection.scalars.filter(kept), collection.content)


def _merged(former: _Collection, new: _Collection) -> tuple[Embeddings, pl.DataFrame]:
    """Two collections without a customer in common, as one."""
    old, embeddings = former.embeddings, new.embeddings
    ids = np.concatenate([old.customer_ids, embeddings.customer_ids])
    order = np.argsort(ids)
    vectors = np.concatenate([old.vectors, embeddings.vectors])[order]
    merged = Embeddings(embeddings.space, ids[order], vectors, embeddings.model_hash, embeddings.data_hash)
    return merged, pl.concat([former.scalars, new.scalars])[order]

"""Vectors in Milvus: Milvus Lite in a folder, or a server; the same code.

Each space and model has a collection `{space}_{start of the model's hash}`; `collection` says what it is, `catalogue`
which there are, `filling`, `nearest` and `erasure` what is done with one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.checks import check_fit, check_k, check_vectors, content_hash
from ringsight.vectors.exact import exact_search
from ringsight.vectors.filters import Filter, OneOf
from ringsight.vectors.milvus.catalogue import FORMER, PROMOTED, Catalogue
from ringsight.vectors.milvus.collection import Collection, index, schema
from ringsight.vectors.milvus.connection import Connection
from ringsight.vectors.milvus.erasure import Erasure
from ringsight.vectors.milvus.filling import fill
from ringsight.vectors.milvus.nearest import nearest
from ringsight.vectors.neighbours import Neighbours, no_neighbours
from ringsight.vectors.scalars import scalars_beside
from ringsight.vectors.vector_store import REQUEST_LIMIT, IndexKind, StoreConfig, StoredModel, VectorStore

FEW = REQUEST_LIMIT
"""Customers who fit a filter up to whom they are all compared: an index finds too few of them (HNSW, where one in a
hundred fits, can miss half), and one answer brings them."""


class MilvusStore(VectorStore):
    """Vectors in Milvus."""

    def __init__(self, config: StoreConfig) -> None:
        """Connect.

        Raises:
            SettingsError: if the path, or a file with a token or certificate, is missing.
            StoreError: if the store is in use, unreachable or not one of ours.
        """
        self._config = config
        self._connection: Connection | None = Connection(config)
        self._loaded: set[str] = set()
        self._seen: tuple[str | None, dict[str, Collection]] | None = None

    @property
    def model_hash(self) -> str | None:
        """See `VectorStore`."""
        return self._in_use()[0]

    def write(self, embeddings: Embeddings, scalars: pl.DataFrame | None = None) -> None:
        """See `VectorStore`."""
        self._catalogue.sweep()
        found = self._find(embeddings.space, embeddings.model_hash)
        check_vectors(embeddings, found.dim if found else None)
        beside = scalars_beside(embeddings, scalars)
        content = content_hash(embeddings, beside)
        if len(beside) == 0 or (found and found.content == content):
            return
        collection = found or self._create(embeddings)
        self._load(collection, rows=len(beside))
        fill(self._open, collection, embeddings, beside, content=content, batch=self._config.write_batch)
        self._seen = None

    def promote(self, model_hash: str) -> None:
        """See `VectorStore`."""
        for collection in self._catalogue.of_model(model_hash):
            self._load(collection)
        self._catalogue.promote(model_hash)
        self._seen = None

    def rollback(self) -> str:
        """See `VectorStore`."""
        self._seen = None
        return self._catalogue.rollback()

    def drop(self, model_hash: str) -> None:
        """See `VectorStore`."""
        self._catalogue.sweep()
        self._catalogue.drop(model_hash)
        self._loaded.clear()

    def models(self) -> list[StoredModel]:
        """See `VectorStore`."""
        collections = self._catalogue.collections()
        promoted, former = self._catalogue.model(PROMOTED), self._catalogue.model(FORMER)
        stored = []
        for model_hash in sorted({collection.model_hash for collection in collections}):
            ours = sorted((each for each in collections if each.model_hash == model_hash), key=lambda each: each.space)
            for collection in ours:
                self._load(collection)
            stored.append(
                StoredModel(
                    model_hash=model_hash,
                    promoted=model_hash == promoted,
                    former=model_hash == former != promoted,
                    counts={each.space: self._open.count(each.name) for each in ours},
                    half_written=[each.space for each in ours if not each.content],
                    data_hashes=sorted({each.data_hash for each in ours}),
                )
            )
        return stored

    def spaces(self) -> list[str]:
        """See `VectorStore`."""
        return sorted(self._in_use()[1])

    def count(self, space: str) -> int:
        """See `VectorStore`."""
        collection = self._readable(space)
        return self._open.count(collection.name) if collection else 0

    def get(self, space: str, customer_ids: NDArray[np.str_]) -> Embeddings:
        """See `VectorStore`."""
        model_hash = self.model_hash or ""
        collection = self._readable(space)
        if collection is None:
            return Embeddings(space, np.empty(0, np.str_), np.empty((0, 0), np.float32), model_hash, "")
        asked = np.unique(customer_ids)
        starts = range(0, len(asked), REQUEST_LIMIT)
        return self._fetched(
            collection, [OneOf("customer_id", tuple(asked[at : at + REQUEST_LIMIT].tolist())) for at in starts]
        )

    def search(self, queries: Embeddings, k: int, where: Filter | None = None) -> Neighbours:
        """See `VectorStore`."""
        check_k(k)
        check_fit(queries, self.model_hash)
        collection = self._readable(queries.space)
        if collection is None or len(queries.customer_ids) == 0:
            return no_neighbours(queries.customer_ids, k)
        check_vectors(queries, collection.dim)
        if where and collection.index is not IndexKind.flat and self._open.count(collection.name, where) <= FEW:
            return exact_search(queries, self._fetched(collection, [where]), k)
        return nearest(self._open, collection, queries, k, where=where, batch=self._config.search_batch)

    def erase(self, customer_id: str) -> int:
        """See `VectorStore`."""
        self._catalogue.sweep()
        for collection in self._catalogue.collections():
            self._load(collection)
        self._seen = None
        return Erasure(self._open, self._catalogue, self._config.write_batch).erase(customer_id)

    def close(self) -> None:
        """See `VectorStore`."""
        if self._connection:
            self._connection.close()
            self._connection = None

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise StoreError("the store is closed")
        return self._connection

    @property
    def _catalogue(self) -> Catalogue:
        return Catalogue(self._open)

    def _call(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - pymilvus is untyped
        return self._open.call(method, *args, **options)

    def _in_use(self) -> tuple[str | None, dict[str, Collection]]:
        """The model in use and its collections by space: looked up once, so that a job sees one model to its end."""
        connection = self._open
        if self._seen is None:
            catalogue = Catalogue(connection)
            promoted = catalogue.model(PROMOTED)
            ours = [each for each in catalogue.collections() if each.model_hash == promoted] if promoted else []
            self._seen = promoted, {collection.space: collection for collection in ours}
        return self._seen

    def _readable(self, space: str) -> Collection | None:
        """The collection in use for a space, loaded."""
        collection = self._in_use()[1].get(space)
        if collection:
            self._load(collection)
        return collection

    def _find(self, space: str, model_hash: str) -> Collection | None:
        """The collection of a space and model.

        Raises:
            StoreError: if its name is taken by a model whose hash begins alike.
        """
        for collection in self._catalogue.collections():
            if (collection.space, collection.model_hash) == (space, model_hash):
                return collection
            if collection.name == Collection.name_for(space, model_hash):
                raise StoreError(
                    f"{collection.name} belongs to model {collection.model_hash}, these vectors to {model_hash}",
                    where=self._open.where,
                )
        return None

    def _create(self, embeddings: Embeddings) -> Collection:
        collection = Collection(
            name=Collection.name_for(embeddings.space, embeddings.model_hash),
            dim=embeddings.dim,
            space=embeddings.space,
            model_hash=embeddings.model_hash,
            data_hash=embeddings.data_hash,
            index=self._config.index,
        )
        if not self._call("has_collection", collection.name):
            self._call(
                "create_collection",
                collection.name,
                schema=schema(collection.dim),
                consistency_level="Strong",
                properties=collection.properties(),
            )
        return collection

    def _load(self, collection: Collection, rows: int | None = None) -> None:
        """Load a collection once; one that was cut off before or while it was indexed is indexed anew."""
        name = collection.name
        if name in self._loaded:
            return
        if not self._call("list_indexes", name):
            self._call("create_index", name, index(collection.index, rows or self._open.count(name)), sync=False)
        try:
            self._call("load_collection", name)
        except StoreError:
            if self._open.path is None:
                raise
            self._call("release_collection", name)
            self._call("drop_index", name, "vector")
            self._call("create_index", name, index(collection.index, self._open.count(name)))
            self._call("load_collection", name)
        self._loaded.add(name)

    def _fetched(self, collection: Collection, conditions: Sequence[Filter]) -> Embeddings:
        """The vectors of those customers who fit any of the conditions, asked for one after another."""
        rows: dict[str, Any] = {}
        for condition in conditions:
            about = self._open.about(condition)
            found = self._call("query", collection.name, output_fields=["customer_id", "vector"], **about)
            rows |= {row["customer_id"]: row["vector"] for row in found}
        ids = np.array(sorted(rows), dtype=np.str_)
        vectors = np.array([rows[customer_id] for customer_id in ids], dtype=np.float32).reshape(-1, collection.dim)
        return Embeddings(collection.space, ids, vectors, collection.model_hash, collection.data_hash)

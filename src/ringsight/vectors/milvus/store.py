"""Vectors in Milvus: Milvus Lite in a folder, or a server; the same code.

Each space and model has a collection `{space}_{start of the model's hash}`; the alias `{space}` names the one in use.
What a collection holds is told by its properties, which are written before and after the vectors: a collection whose
`content` is empty is half written.
"""

import sys
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.progress import track

from ringsight.errors import ModelError, StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.checks import check_fit, check_k, check_vectors, content_hash
from ringsight.vectors.milvus.collection import Collection, effort, index, one_of, our_properties, schema
from ringsight.vectors.milvus.connection import Connection
from ringsight.vectors.neighbours import DECIMALS, Candidates, Neighbours, no_neighbours, settle
from ringsight.vectors.scalars import Where, allowed_values, scalars_beside
from ringsight.vectors.store import REQUEST_LIMIT, StoreConfig, VectorStore

HITS_AT_ONCE = 2**16
"""Results asked for in one request."""


class MilvusStore(VectorStore):
    """Vectors in Milvus."""

    def __init__(self, config: StoreConfig) -> None:
        """Connect.

        Raises:
            SettingsError: if the path or the token's file is missing.
            StoreError: if the store is in use, unreachable or not one of ours.
        """
        self._config = config
        self._connection: Connection | None = Connection(config)
        self._loaded: set[str] = set()
        self._in_use: dict[str, Collection] | None = None

    @property
    def model_hash(self) -> str | None:
        """See `VectorStore`."""
        models = {collection.model_hash for collection in self._used().values()}
        if len(models) > 1:
            raise StoreError(
                f"a promotion was interrupted: the store shows models {' and '.join(sorted(models))}",
                where=self._open.where,
                remedy="promote again: run `ringsight embed` to its end",
            )
        return next(iter(models), None)

    def write(self, embeddings: Embeddings, scalars: pl.DataFrame | None = None) -> None:
        """See `VectorStore`."""
        former = self._find(embeddings)
        check_vectors(embeddings, former.dim if former else None)
        beside = scalars_beside(embeddings, scalars)
        content = content_hash(embeddings, beside)
        if len(beside) == 0 or (former and former.content == content):
            return
        name = former.name if former else self._create(embeddings)
        self._load(name)
        self._describe(name, data_hash=embeddings.data_hash, content="")
        self._upsert(name, embeddings, beside)
        self._call("flush", name)
        if (kept := self._rows(name)) < len(beside):
            raise StoreError(
                f"{name}: Milvus kept {kept} of {len(beside)} vectors", where=self._open.where, remedy="write again"
            )
        self._describe(name, content=content)
        self._in_use = None

    def promote(self, model_hash: str) -> None:
        """See `VectorStore`."""
        ours = self._collections()
        new = {collection.space: collection for collection in ours if collection.model_hash == model_hash}
        if not new:
            raise ModelError(
                f"the store holds no vectors of model {model_hash}",
                where=self._open.where,
                remedy="run `ringsight embed`",
            )
        half = sorted(collection.name for collection in new.values() if not collection.content)
        if half:
            raise StoreError(
                f"{', '.join(half)}: only half written", where=self._open.where, remedy="run `ringsight embed` again"
            )
        used = {collection.space for collection in ours if collection.in_use}
        for collection in new.values():
            self._load(collection.name)
        for space in used - new.keys():
            self._call("drop_alias", space)
        for space, collection in new.items():
            self._call("alter_alias" if space in used else "create_alias", collection.name, space)
        self._in_use = None

    def spaces(self) -> list[str]:
        """See `VectorStore`."""
        return sorted(self._used()) if self.model_hash else []

    def count(self, space: str) -> int:
        """See `VectorStore`."""
        collection = self._readable(space)
        return self._rows(collection.name) if collection else 0

    def get(self, space: str, customer_ids: NDArray[np.str_]) -> Embeddings:
        """See `VectorStore`."""
        model_hash = self.model_hash or ""
        collection = self._readable(space)
        if collection is None:
            return Embeddings(space, np.empty(0, np.str_), np.empty((0, 0), np.float32), model_hash, "")
        rows: dict[str, Any] = {}
        asked = np.unique(customer_ids)
        for start in range(0, len(asked), REQUEST_LIMIT):
            named = one_of("customer_id", asked[start : start + REQUEST_LIMIT].tolist())
            found = self._call("query", collection.name, filter=named, output_fields=["customer_id", "vector"])
            rows |= {row["customer_id"]: row["vector"] for row in found}
        ids = np.array(sorted(rows), dtype=np.str_)
        vectors = np.array([rows[customer_id] for customer_id in ids], dtype=np.float32).reshape(-1, collection.dim)
        return Embeddings(space, ids, vectors, model_hash, collection.data_hash)

    def search(self, queries: Embeddings, k: int, where: Where | None = None) -> Neighbours:
        """See `VectorStore`."""
        check_k(k)
        check_fit(queries, self.model_hash)
        allowed = allowed_values(where)
        collection = self._readable(queries.space)
        if collection is None or len(queries.customer_ids) == 0 or not all(allowed.values()):
            return no_neighbours(queries.customer_ids, k)
        check_vectors(queries, collection.dim)
        expression = " and ".join(one_of(name, values) for name, values in allowed.items())

        def ask(rows: NDArray[np.int64], depth: int) -> Candidates:
            step = max(1, HITS_AT_ONCE // depth)
            parts = [
                self._candidates(collection, queries, rows[at : at + step], depth, expression)
                for at in range(0, len(rows), step)
            ]
            return np.concatenate([ids for ids, _ in parts]), np.concatenate([values for _, values in parts])

        found = np.full((len(queries.customer_ids), k), "", dtype=object)
        similarities = np.full(found.shape, -np.inf)
        for start in range(0, len(found), self._config.search_batch):
            rows = np.arange(start, min(start + self._config.search_batch, len(found)))
            ids, values = settle(ask, rows, k, REQUEST_LIMIT)
            found[rows, : ids.shape[1]] = np.where(np.isfinite(values), ids, "")
            similarities[rows, : ids.shape[1]] = values
        return Neighbours.of(queries.customer_ids, found.astype(np.str_), similarities)

    def erase(self, customer_id: str) -> None:
        """See `VectorStore`."""
        for collection in self._collections():
            self._load(collection.name)
            self._call("delete", collection.name, filter=one_of("customer_id", [customer_id]))
            self._call("flush", collection.name)
            self._call("compact", collection.name)

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

    def _call(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - pymilvus is untyped
        return self._open.call(getattr(self._open.client, method), *args, **options)

    def _collections(self) -> list[Collection]:
        """All collections of ours; others in the same database are left alone."""
        described = [self._call("describe_collection", name) for name in sorted(self._call("list_collections"))]
        aliases = self._call("list_aliases")["aliases"]
        used = {self._call("describe_alias", alias)["collection_name"] for alias in aliases}
        return [Collection.described(each, used) for each in described if Collection.is_ours(each)]

    def _used(self) -> dict[str, Collection]:
        """Space -> the collection in use; aliases are resolved once, for the server looks them up at every search."""
        if self._in_use is None:
            self._in_use = {collection.space: collection for collection in self._collections() if collection.in_use}
        return self._in_use

    def _readable(self, space: str) -> Collection | None:
        """The collection in use for a space, loaded."""
        collection = self._used().get(space) if self.model_hash else None
        if collection:
            self._load(collection.name)
        return collection

    def _find(self, embeddings: Embeddings) -> Collection | None:
        """The collection that the embeddings belong to."""
        name = Collection.name_for(embeddings)
        found = next((collection for collection in self._collections() if collection.name == name), None)
        if found and found.model_hash != embeddings.model_hash:
            raise StoreError(
                f"{name} belongs to model {found.model_hash}, these vectors to {embeddings.model_hash}",
                where=self._open.where,
            )
        return found

    def _create(self, embeddings: Embeddings) -> str:
        name = Collection.name_for(embeddings)
        self._call(
            "create_collection",
            name,
            schema=schema(embeddings.dim),
            index_params=index(self._config.index, len(embeddings.customer_ids)),
            consistency_level="Strong",
            properties=our_properties(
                space=embeddings.space,
                model_hash=embeddings.model_hash,
                data_hash=embeddings.data_hash,
                content="",
                index=self._config.index.value,
            ),
        )
        return name

    def _load(self, name: str) -> None:
        """Load a collection once; one of Milvus Lite whose index was cut off while written is indexed anew."""
        if name in self._loaded:
            return
        try:
            self._call("load_collection", name)
        except StoreError:
            if self._open.path is None:
                raise
            self._call("release_collection", name)
            self._call("drop_index", name, "vector")
            self._call("create_index", name, index(self._config.index, self._rows(name)))
            self._call("load_collection", name)
        self._loaded.add(name)

    def _describe(self, name: str, **properties: str) -> None:
        self._call("alter_collection_properties", name, our_properties(**properties))

    def _rows(self, name: str) -> int:
        return int(self._call("query", name, filter="", output_fields=["count(*)"])[0]["count(*)"])

    def _upsert(self, name: str, embeddings: Embeddings, beside: pl.DataFrame) -> None:
        step = self._config.write_batch
        for start in track(range(0, len(beside), step), f"writing {name}", disable=not sys.stdout.isatty()):
            batch = beside[start : start + step].to_dicts()
            for row, vector in zip(batch, embeddings.vectors[start : start + step], strict=True):
                row["vector"] = vector
            self._call("upsert", name, batch)

    def _candidates(
        self, collection: Collection, queries: Embeddings, rows: NDArray[np.int64], depth: int, expression: str
    ) -> Candidates:
        """The `depth` nearest stored customers to some of the queries; a query itself at -inf."""
        ids = np.full((len(rows), depth), "", dtype=object)
        similarities = np.full((len(rows), depth), -np.inf)
        answers = self._call(
            "search",
            collection.name,
            data=list(queries.vectors[rows]),
            anns_field="vector",
            limit=depth,
            output_fields=["customer_id"],  # without, Milvus Lite sends the vectors too
            filter=expression,
            search_params={"metric_type": "IP", "params": effort(collection.index, depth, bool(expression))},
        )
        for row, hits in enumerate(answers):
            ids[row, : len(hits)] = hits.ids
            similarities[row, : len(hits)] = hits.distances
        ids = ids.astype(np.str_)
        itself = ids == queries.customer_ids[rows][:, None]
        return ids, np.where(itself, -np.inf, similarities.round(DECIMALS))

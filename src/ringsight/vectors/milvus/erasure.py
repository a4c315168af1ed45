"""A customer's vectors taken out of every collection of every model, and looked for afterwards.

A server removes deleted rows from its storage by compaction and, some time later, garbage collection. Milvus Lite only
marks them: their bytes stay in its files. There a collection that held the customer is copied without them into its
next generation, which counts from the one call that writes its properties, and the old one is dropped, files and all.
"""

from dataclasses import replace

from ringsight.errors import StoreError
from ringsight.records.contract import STORED_TEXTS
from ringsight.vectors.filters import Filter, Not, OneOf
from ringsight.vectors.milvus.catalogue import Catalogue
from ringsight.vectors.milvus.collection import DISCARDED, Collection, index, schema
from ringsight.vectors.milvus.connection import Connection
from ringsight.vectors.scalars import NUMBERS


class Erasure:
    """Erases customers from the collections of one catalogue, all of them loaded."""

    def __init__(self, connection: Connection, catalogue: Catalogue, batch: int) -> None:
        """Over an open connection; `batch` is how many rows are copied at once."""
        self._connection = connection
        self._call = connection.call
        self._catalogue = catalogue
        self._batch = batch

    def erase(self, customer_id: str) -> int:
        """Erase, then see that nothing is left; how many vectors there were.

        Raises:
            StoreError: if any is left.
        """
        named = OneOf("customer_id", (customer_id,))
        erased = 0
        for collection in self._catalogue.collections():
            if not self._held(collection, named):
                continue
            erased += 1
            if self._connection.path:
                self._copy_without(collection, named)
            else:
                self._call("delete", collection.name, **self._connection.about(named))
                self._call("flush", collection.name)
                self._call("compact", collection.name)
        left = [each.name for each in self._catalogue.generations() if self._held(each, named)]
        if left:
            raise StoreError(
                f"customer {customer_id!r} is still in {', '.join(left)}",
                where=self._connection.where,
                remedy="erase again; nothing else was changed",
            )
        return erased

    def _held(self, collection: Collection, named: Filter) -> bool:
        about = self._connection.about(named)
        return bool(self._call("query", collection.name, output_fields=["customer_id"], **about))

    def _copy_without(self, old: Collection, named: Filter) -> None:
        generation = old.generation + 1
        new = replace(
            old, name=Collection.name_for(old.space, old.model_hash, generation), generation=generation, written=0
        )
        self._call(
            "create_collection", new.name, schema=schema(old.dim), consistency_level="Strong", properties=DISCARDED
        )
        rows = self._connection.client.query_iterator(
            old.name,
            batch_size=self._batch,
            output_fields=["customer_id", "vector", *STORED_TEXTS, *NUMBERS],
            **self._connection.about(Not(named)),
        )
        copied = 0
        while batch := rows.next():
            self._call("upsert", new.name, batch)
            copied += len(batch)
        rows.close()
        self._call("flush", new.name)
        self._call("create_index", new.name, index(old.index, copied), sync=False)
        self._call("load_collection", new.name)
        self._call("alter_collection_properties", new.name, new.properties())
        self._catalogue.replace(old, new)

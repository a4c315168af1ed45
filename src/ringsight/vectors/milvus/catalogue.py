"""Which collections there are, and which model readers see; kept in Milvus itself.

Two aliases name models: `ringsight_promoted` points to a collection of the model that readers see, `ringsight_former`
to one of the model before it; that collection tells its model, and the model tells the others. Pointing one alias
elsewhere is one call, which Milvus does whole or not at all: a reader that asks before it sees the old model in every
space, one that asks after it the new model in every space, and none sees both. (A name for each space would have to be
moved one by one.)

Aliases are resolved by describing the collection behind them: Milvus 2.3 lists aliases of its default database alone.
"""

from typing import Any

from ringsight.errors import ModelError, StoreError
from ringsight.vectors.milvus.collection import DISCARDED, Collection
from ringsight.vectors.milvus.connection import Connection

PROMOTED, FORMER = "ringsight_promoted", "ringsight_former"


class Catalogue:
    """The collections of ringsight in one database."""

    def __init__(self, connection: Connection) -> None:
        """Over an open connection."""
        self._call = connection.call
        self._where = connection.where

    def collections(self) -> list[Collection]:
        """One for each space and model, by name; collections of other programs are left alone."""
        newest: dict[tuple[str, str], Collection] = {}
        for collection in sorted(self.generations(), key=lambda each: each.generation):
            newest[collection.space, collection.model_hash] = collection
        return sorted(newest.values(), key=lambda each: each.name)

    def generations(self) -> list[Collection]:
        """Every collection of ours, those about to be dropped too."""
        return [Collection.described(each) for each in self._described() if Collection.is_ours(each)]

    def sweep(self) -> None:
        """Finish what was cut off: drop the collections that were discarded or replaced, but not yet dropped."""
        for each in self._described():
            if Collection.is_discarded(each):
                self._call("drop_collection", each["collection_name"])
        newest = {(each.space, each.model_hash): each for each in self.collections()}
        for collection in self.generations():
            current = newest[collection.space, collection.model_hash]
            if collection.name != current.name:
                self.replace(collection, current)

    def replace(self, old: Collection, new: Collection) -> None:
        """Let every alias of `old` point to `new`, its next generation, and drop `old`."""
        for alias in (PROMOTED, FORMER):
            target = self._target(alias)
            if target and target["collection_name"] == old.name:
                self._point(alias, new.name)
        self._discard(old.name)

    def model(self, alias: str) -> str | None:
        """The model that an alias names; None if it points nowhere."""
        target = self._target(alias)
        return Collection.described(target).model_hash if target else None

    def of_model(self, model_hash: str) -> list[Collection]:
        """A model's collections.

        Raises:
            ModelError: if there are none.
        """
        found = [collection for collection in self.collections() if collection.model_hash == model_hash]
        if not found:
            raise ModelError(
                f"the store holds no vectors of model {model_hash}",
                where=self._where,
                remedy="run `ringsight embed` with that model; `ringsight store do=status` lists the models there are",
            )
        return found

    def promote(self, model_hash: str) -> None:
        """Point the alias to this model, and remember the one before.

        Raises:
            ModelError: if nothing was written for the model.
            StoreError: if a collection of it is only half written.
        """
        new = self.of_model(model_hash)
        if half := sorted(collection.name for collection in new if not collection.content):
            raise StoreError(
                f"{', '.join(half)}: only half written", where=self._where, remedy="run `ringsight embed` again"
            )
        promoted = self._target(PROMOTED)
        if promoted and Collection.described(promoted).model_hash != model_hash:
            self._point(FORMER, promoted["collection_name"])
        self._point(PROMOTED, new[0].name)

    def rollback(self) -> str:
        """Promote the model before the one in use, and hand back its hash.

        Raises:
            StoreError: if there is none.
        """
        former = self.model(FORMER)
        if former is None or former == self.model(PROMOTED):
            raise StoreError(
                "there is no model to roll back to",
                where=self._where,
                remedy="`ringsight store do=status` lists the models there are; promote one by its hash",
            )
        self.promote(former)
        return former

    def drop(self, model_hash: str) -> None:
        """Drop a model's collections.

        Raises:
            ModelError: if there are none.
            StoreError: if readers see the model.
        """
        self.of_model(model_hash)
        if self.model(PROMOTED) == model_hash:
            raise StoreError(
                f"readers see model {model_hash}", where=self._where, remedy="promote another, or roll back, then drop"
            )
        if self.model(FORMER) == model_hash:
            self._call("drop_alias", FORMER)
        for collection in self.generations():
            if collection.model_hash == model_hash:
                self._discard(collection.name)

    def _described(self) -> list[dict[str, Any]]:
        return [self._call("describe_collection", name) for name in self._call("list_collections")]

    def _discard(self, name: str) -> None:
        """Drop a collection; Milvus Lite may be killed in the middle of that, so that it is marked first."""
        self._call("alter_collection_properties", name, DISCARDED)
        self._call("drop_collection", name)

    def _target(self, alias: str) -> dict[str, Any] | None:
        """What Milvus says of the collection behind an alias; None if there is none."""
        if not self._call("has_collection", alias):
            return None
        target: dict[str, Any] = self._call("describe_collection", alias)
        return target if Collection.is_ours(target) else None

    def _point(self, alias: str, collection: str) -> None:
        if self._target(alias):
            self._call("alter_alias", collection, alias)
        else:
            self._call("drop_alias", alias)  # one that points nowhere is in the way of a new one
            self._call("create_alias", collection, alias)

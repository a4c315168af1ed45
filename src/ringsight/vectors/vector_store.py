"""The vector store: one collection per space and model, of which readers see one model's at a time.

Embeddings on disk are the source of truth; a store is an index that can be rebuilt from them. A new model is written
beside the model in use and then promoted, so that vectors of two models never meet.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import SettingsError, require_positive
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.filters import Filter
from ringsight.vectors.neighbours import Neighbours

REQUEST_LIMIT = 16_384
"""Milvus refuses more results, or more queries, in one request; Milvus Lite does not, so we do."""


class StoreKind(StrEnum):
    """Where the vectors are kept."""

    lite = "lite"
    server = "server"
    memory = "memory"


class IndexKind(StrEnum):
    """Indexes that both Milvus Lite and a Milvus server really build; Lite takes any other name and ignores it."""

    flat = "flat"
    hnsw = "hnsw"
    ivf_flat = "ivf_flat"
    autoindex = "autoindex"


@dataclass(kw_only=True, slots=True)
class StoreConfig:
    """Where the vectors are kept, and how they are indexed."""

    kind: StoreKind = StoreKind.lite
    """`lite`: a Milvus Lite folder on this machine. `server`: Milvus by URI. `memory`: gone when closed."""
    path: Path | None = None
    """Folder of Milvus Lite; its name ends in .db. By default `vectors.db` in the run's folder."""
    uri: str = ""
    """Address of the server, for example https://milvus.example:19530, without credentials. Needed for `server`."""
    database: str = ""
    """Database on the server; empty for its default."""
    token_file: Path | None = None
    """File that holds the server's token; by default it is read from RINGSIGHT_MILVUS_TOKEN, if set."""
    ca_file: Path | None = None
    """PEM file of whoever signed the server's certificate (https); by default, who is commonly trusted."""
    index: IndexKind = IndexKind.flat
    """Index of new collections. `flat` is exact; `hnsw` is quicker from about 100,000 customers, on a server."""
    write_batch: int = 5_000
    """Vectors sent at once."""
    search_batch: int = 1_000
    """Queries sent at once."""
    connect_seconds: float = 10.0
    """How long to wait for a server to answer at first."""
    patience_seconds: float = 120.0
    """How long to try again and again when a server goes away."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range, or the address of the store is missing or holds credentials.
        """
        if self.kind is StoreKind.lite and self.path is not None and self.path.suffix != ".db":
            raise SettingsError(f"store.path must end in .db (got {self.path})", remedy="store.path=vectors.db")
        if self.kind is StoreKind.server and not self.uri.startswith(("http://", "https://")):
            raise SettingsError(
                "store.kind=server needs store.uri, http:// or https://", remedy="store.uri=http://localhost:19530"
            )
        if "@" in self.uri:
            raise SettingsError(
                "store.uri must not hold credentials: settings are written to the run's folder",
                remedy="put the token in RINGSIGHT_MILVUS_TOKEN or in store.token_file",
            )
        for name in ("write_batch", "search_batch"):
            if not 1 <= getattr(self, name) <= REQUEST_LIMIT:
                raise SettingsError(f"store.{name} must lie between 1 and {REQUEST_LIMIT} (got {getattr(self, name)})")
        require_positive("store", self, ["connect_seconds", "patience_seconds"])

    def beside(self, run: Path) -> Self:
        """These settings; a Milvus Lite without a path of its own is `vectors.db` in the run's folder."""
        unnamed = self.kind is StoreKind.lite and self.path is None
        return replace(self, path=run / "vectors.db") if unnamed else self


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What a store holds of one model."""

    model_hash: str
    promoted: bool
    """Readers see it."""
    former: bool
    """Readers saw it before, and will again after a rollback."""
    counts: dict[str, int]
    """Space -> how many customers have a vector there."""
    half_written: list[str]
    """Spaces whose last write was cut off."""
    data_hashes: list[str]
    """Hashes of the records that the vectors were made from; one, unless a run was cut off."""


class VectorStore(ABC):
    """Vectors of every space, by customer; use it as a context manager.

    Every method raises `StoreError` if the store is closed, unreachable or damaged.
    """

    @property
    @abstractmethod
    def model_hash(self) -> str | None:
        """Hash of the model in use, or None before the first promotion.

        A store looks it up when it first reads and keeps to it, so that whoever opens a store sees one model until
        they close it, whatever is promoted meanwhile by others.
        """

    @abstractmethod
    def write(self, embeddings: Embeddings, scalars: pl.DataFrame | None = None) -> None:
        """Put vectors into the collection of their space and model; readers do not see it until `promote`.

        Customers already there are replaced, others stay. Writing again completes what was cut off; writing exactly
        what was last written in full does nothing, so a customer erased since stays erased.

        Args:
            embeddings: n vectors; with none, no collection is made.
            scalars: one row for each customer, extra customers allowed: customer_id and any of segment, region,
                opened_at and last_seen (timestamps, or seconds since 1970), to filter by; others are ignored.

        Raises:
            StoreError: if the vectors are damaged or do not fit those already there, or scalars are missing.
        """

    @abstractmethod
    def promote(self, model_hash: str) -> None:
        """Let readers see this model's vectors, and no other's, in every space at once.

        Raises:
            ModelError: if nothing was written for the model.
            StoreError: if a collection of it is only half written.
        """

    @abstractmethod
    def rollback(self) -> str:
        """Promote the model that was in use before this one; rolling back twice changes nothing.

        Returns:
            Hash of the model now in use.

        Raises:
            StoreError: if there is none.
        """

    @abstractmethod
    def drop(self, model_hash: str) -> None:
        """Remove a model's vectors from every space.

        Raises:
            ModelError: if there are none.
            StoreError: if the model is in use.
        """

    @abstractmethod
    def models(self) -> list[StoredModel]:
        """Every model with vectors in the store, by hash."""

    @abstractmethod
    def spaces(self) -> list[str]:
        """Names of the spaces that the model in use has vectors in, sorted."""

    @abstractmethod
    def count(self, space: str) -> int:
        """How many customers have a vector in a space; 0 for an absent one."""

    @abstractmethod
    def get(self, space: str, customer_ids: NDArray[np.str_]) -> Embeddings:
        """The vectors of those customers who have one, in a space of the model in use."""

    @abstractmethod
    def search(self, queries: Embeddings, k: int, where: Filter | None = None) -> Neighbours:
        """The k nearest stored customers to each query, in the queries' own space.

        A query never finds itself: the stored customer of the same id is left out. Nearest first, ties by id.

        Args:
            queries: q vectors, of stored customers or of new ones, made by the model in use.
            k: how many, up to 16,382.
            where: search only among customers who fit it (`filters.parse_filter`); where few do, exactly.

        Returns:
            Neighbours of shape (q, k), padded; all padding if the space is absent.

        Raises:
            ModelError: if the queries were made by another model than the one in use.
            StoreError: if a query is damaged or of the wrong length.
            SettingsError: if k is out of range.
        """

    @abstractmethod
    def erase(self, customer_id: str) -> int:
        """Remove a customer from every space of every model; no error if there is none.

        Returns:
            How many vectors there were.

        Raises:
            StoreError: if any is still found afterwards.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the store; closing twice is fine."""

    def __enter__(self) -> Self:
        """Use the store, and close it at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

"""Embeddings as arrays: what the encoders leave and the store, the graph and detection take.

A space is a named set of embeddings that belongs to one modality. A modality has its learned space, which bears its
name, and may have more: facets. A customer without a modality, or of whom a facet says nothing, has no row: missing
is a mask, never a vector.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringsight.errors import DataError, ModelError
from ringsight.records.writing import write_atomically

JOINT = "joint"
"""The joint space, which is of all modalities: its name, and for want of a single one its modality."""


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """One space's vectors for the customers of whom it says something.

    Raises:
        ModelError: on construction, if ids are unsorted or repeated, shapes disagree,
            or a vector is not finite and of length 1.
    """

    space: str
    """Its name, which no other space has."""
    customer_ids: NDArray[np.str_]
    """Shape (n,), sorted, unique."""
    vectors: NDArray[np.float32]
    """Shape (n, dim), each row L2-normalised."""
    model_hash: str
    """Content hash of the model that made them."""
    data_hash: str
    """Content hash of the records they were made from."""
    modality: str = ""
    """The modality that the space belongs to; by default the one of the same name."""

    def __post_init__(self) -> None:
        """Check the contract once, here."""
        if not self.modality:
            object.__setattr__(self, "modality", self.space)
        n = len(self.customer_ids)
        if self.vectors.ndim != 2 or len(self.vectors) != n:
            raise ModelError(
                f"{self.space} embeddings: expected one row for each of {n} customers, found shape {self.vectors.shape}"
            )
        if n > 1 and not bool(np.all(self.customer_ids[1:] > self.customer_ids[:-1])):
            raise ModelError(f"{self.space} embeddings: customer ids must be sorted and unique")
        lengths = np.linalg.norm(self.vectors, axis=1)
        if not bool(np.all(np.abs(lengths - 1) < 1e-3)):  # NaN fails too
            worst = self.customer_ids[int(np.argmax(np.where(np.isfinite(lengths), np.abs(lengths - 1), np.inf)))]
            raise ModelError(
                f"{self.space} embeddings: the vector of customer {worst} is not finite and of length 1",
                remedy="train the encoder again; its loss may have diverged",
            )

    def __repr__(self) -> str:
        """The space, and how large it is, in a line."""
        return f"Embeddings({self.space}: {len(self.customer_ids):,} customers, {self.dim} dimensions)"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    @property
    def learned(self) -> bool:
        """Whether this is the learned space of its modality, which bears its name, and not a facet."""
        return self.space == self.modality

    def rows_in(self, customer_ids: NDArray[np.str_]) -> NDArray[np.int64]:
        """For each given id its row here, or -1 where the customer has no vector; shape (len(customer_ids),)."""
        if len(self.customer_ids) == 0:
            return np.full(len(customer_ids), -1, dtype=np.int64)
        rows = np.searchsorted(self.customer_ids, customer_ids)
        rows = np.minimum(rows, len(self.customer_ids) - 1)
        found: NDArray[np.int64] = np.where(self.customer_ids[rows] == customer_ids, rows, -1)
        return found

    def some(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Embeddings":
        """Those of some customers, by a mask or by rows that ascend."""
        return replace(self, customer_ids=self.customer_ids[which], vectors=self.vectors[which])

    def beside(self, others: "Embeddings") -> "Embeddings":
        """These and those of other customers in the same space, sorted by id; hashes are of these."""
        ids = np.concatenate([self.customer_ids, others.customer_ids])
        order = np.argsort(ids)
        vectors = np.concatenate([self.vectors, others.vectors])[order]
        return replace(self, customer_ids=ids[order], vectors=vectors)

    def write(self, path: Path) -> None:
        """Write as Parquet, atomically."""
        metadata = {"space": self.space, "modality": self.modality, "dim": str(self.dim)}
        hashes = {"model_hash": self.model_hash, "data_hash": self.data_hash}
        table = pa.table(
            {
                "customer_id": pa.array(self.customer_ids.tolist(), pa.string()),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(self.vectors.ravel()), self.dim),
            }
        ).replace_schema_metadata(metadata | hashes)
        with write_atomically(path) as partial:
            pq.write_table(table, partial)

    @classmethod
    def read(cls, path: Path) -> "Embeddings":
        """Read what `write` wrote.

        Raises:
            DataError: if the file is missing or is not one of ours.
        """
        if not path.is_file():
            raise DataError("no such file", where=str(path), remedy="run `ringsight embed` first")
        table = pq.read_table(path)
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        if not {"space", "model_hash", "data_hash", "dim"} <= metadata.keys():
            raise DataError("not an embeddings file of ringsight", where=str(path))
        flat = table["vector"].combine_chunks().flatten().to_numpy()
        return cls(
            space=metadata["space"],
            customer_ids=np.array(table["customer_id"].to_pylist(), dtype=np.str_),
            vectors=flat.reshape(-1, int(metadata["dim"])).astype(np.float32),
            model_hash=metadata["model_hash"],
            data_hash=metadata["data_hash"],
            modality=metadata.get("modality", ""),  # files of former versions have learned spaces alone
        )

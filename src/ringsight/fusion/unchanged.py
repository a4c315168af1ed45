"""Customers whose records are as they were when they were embedded last: their vectors stay, the others are embedded.

A vector follows from a customer's own records and from the part of the model that made it, so it stays where both are
the same. It stays bit for bit; embedded anew it could differ by rounding, some 1e-6, for a library may add up in
another order where other customers are embedded beside.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import ModelError
from ringsight.records.bank import Bank
from ringsight.records.customer_fingerprints import CUSTOMER_FINGERPRINTS, customer_fingerprints
from ringsight.records.embeddings import JOINT, Embeddings

EMBEDDED_FROM = CUSTOMER_FINGERPRINTS | {"made_by": pl.String}
"""Columns of a table of what embeddings were made from: fingerprints of customers' records, and the hash of the part of
the model with the version that embedded them. Of the joint space, the fingerprint is over all modalities."""


@dataclass(frozen=True, slots=True, eq=False)
class Unchanged:
    """Embeddings that were made before, and whose of them stay."""

    embeddings: Mapping[str, Embeddings]
    """By space."""
    customers: Mapping[str, NDArray[np.str_]]
    """Part of the model -> customers whose vectors in its spaces stay; sorted."""

    @classmethod
    def since(cls, embeddings: Mapping[str, Embeddings], former: pl.DataFrame, now: pl.DataFrame) -> "Unchanged":
        """Those who have the same fingerprints and parts as before.

        Args:
            embeddings: made before, by space.
            former: what they were made from; columns of `EMBEDDED_FROM`.
            now: what is to be embedded; the same columns.
        """
        same = now.join(former, on=list(EMBEDDED_FROM), how="semi").sort("customer_id")
        found = {
            str(part[0]): rows["customer_id"].to_numpy().astype(np.str_) for part, rows in same.group_by("modality")
        }
        return cls(embeddings, found)

    def changed_alone(self, bank: Bank, modality: str) -> Bank:
        """The bank with the records of one modality that have to be embedded."""
        if modality not in self.customers:
            return bank
        records = bank.table(modality)
        kept = pl.Series(self.customers[modality].tolist(), dtype=pl.String)
        return bank.with_records(
            **{modality: records.filter(~pl.col("customer_id").cast(pl.String).is_in(kept.implode()))}
        )

    def to_join(self, embeddings: Mapping[str, Embeddings]) -> dict[str, Embeddings]:
        """The embeddings of those who have to be brought into the joint space."""
        kept = self.customers.get(JOINT, np.zeros(0, np.str_))
        return {space: each.some(~np.isin(each.customer_ids, kept)) for space, each in embeddings.items()}

    def beside(self, made: Embeddings) -> Embeddings:
        """Embeddings that were made now, with those beside them that stay.

        Raises:
            ModelError: if the space is missing among those made before.
        """
        kept = self.customers.get(made.modality)
        if kept is None or not len(kept):
            return made
        former = self.embeddings.get(made.space)
        if former is None or former.dim != made.dim:
            raise ModelError(
                f"the last embeddings lack the space {made.space}", remedy="restore them, or embed without `after`"
            )
        return made.beside(former.some(np.isin(former.customer_ids, kept)))


def embedded_from(bank: Bank, model: Path) -> pl.DataFrame:
    """What the embeddings of a bank by a model are made from; columns of `EMBEDDED_FROM`.

    Raises:
        ModelError: if a part of the model has no hash.
    """
    own = customer_fingerprints(bank)
    of_all = own.group_by("customer_id", maintain_order=True).agg(
        fingerprint=(pl.col("modality") + " " + pl.col("fingerprint")).str.join("\n")
    )
    joint = of_all.with_columns(
        modality=pl.lit(JOINT),
        fingerprint=pl.Series(
            [hashlib.sha256(each.encode()).hexdigest() for each in of_all["fingerprint"]], dtype=pl.String
        ),
    ).select(list(CUSTOMER_FINGERPRINTS))
    parts = {file.parent.name: file.read_text(encoding="ascii").strip() for file in model.glob("[!.]*/hash")}
    made_by = {part: f"{version('ringsight')} {content}" for part, content in parts.items()}
    told = pl.concat([own, joint]).filter(pl.col("modality").is_in(list(made_by)))
    return told.with_columns(made_by=pl.col("modality").replace_strict(made_by, return_dtype=pl.String))

"""A bank simulated by hand: random unit vectors in three modalities, rings tied in some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.results import Results
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import Embeddings

MODALITIES = ("id_images", "notes", "transactions")


@dataclass(frozen=True)
class Simulation:
    """A bank, its embeddings, and the rings planted in it."""

    bank: Bank
    embeddings: dict[str, Embeddings]
    rings: list[set[str]]


def simulate(
    seed: int,
    *,
    customers: int = 300,
    rings: int = 3,
    tied: int = 2,
    present: dict[str, NDArray[np.bool_]] | None = None,
    names: Sequence[str] | None = None,
) -> Simulation:
    """Rings of 6, each drawn together in `tied` modalities; 16 dimensions, 3 strata.

    Args:
        seed: of everything.
        customers: how many, in three strata.
        rings: how many are planted.
        tied: in how many modalities each ring is drawn together.
        present: by modality, who has it; by default everybody.
        names: customer ids in the order in which the customers are made.
    """
    rng = np.random.default_rng(seed)
    vectors = {name: rng.normal(size=(customers, 16)) for name in MODALITIES}
    planted = rng.choice(customers, (rings, 6), replace=False)
    for members in planted:
        for name in rng.permutation(MODALITIES)[:tied]:
            vectors[name][members] = rng.normal(size=16) + 0.3 * vectors[name][members]
    ids = np.array(names or [f"c{i:04d}" for i in range(customers)])
    order = np.argsort(ids)
    strata = np.array([f"stratum {i % 3}" for i in range(customers)])
    everybody = np.ones(customers, dtype=bool)
    embeddings = {}
    for name in MODALITIES:
        rows = order[(present or {}).get(name, everybody)[order]]
        unit = vectors[name][rows] / np.linalg.norm(vectors[name][rows], axis=1, keepdims=True)
        embeddings[name] = Embeddings(name, ids[rows], unit.astype(np.float32), f"{name} model", "data")
    return Simulation(
        bank=bank_of(pl.DataFrame({"customer_id": ids[order], "stratum": strata[order]})),
        embeddings=embeddings,
        rings=[set(ids[members].tolist()) for members in planted],
    )


def bank_of(customers: pl.DataFrame, roles: dict[str, ColumnRole] | None = None) -> Bank:
    """A bank of these customers, and of no records: detection reads none."""
    nothing = pl.DataFrame()
    return Bank(Path("/nowhere"), customers, dict.fromkeys(MODALITIES, nothing), roles or {}, nothing, "data")


def flags(results: Results) -> list[set[str]]:
    """Members of each flagged ring."""
    flagged = results.rings.filter(pl.col("flagged"))["ring_id"].to_list()
    return [set(results.members_of(ring_id)) for ring_id in flagged]


def found(ring: set[str], groups: list[set[str]]) -> bool:
    """Whether a group has at least half of its members, and of the ring's, in common with the ring."""
    return any(len(ring & group) >= len(ring | group) / 2 for group in groups)

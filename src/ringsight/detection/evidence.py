"""Everything that can tie the customers of a bank, gathered once: the evidence that all later steps read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.settings import CandidateConfig
from ringsight.errors import SettingsError
from ringsight.graph.sources import EntitySource, Source, SpaceSource, entity_sources, space_source
from ringsight.records.embeddings import JOINT, Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The evidence sources of a bank: spaces by modality, then entity columns."""

    spaces: tuple[SpaceSource, ...]
    """Sorted by modality and name."""
    entities: tuple[EntitySource, ...]
    strata: NDArray[np.int64]
    """Code of each customer's stratum; shape (customers,)."""
    seed: int
    weights: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    """How much a bit of each source counts when it corroborates, spaces before entities; shape (sources,)."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Spaces, then entity columns."""
        return (*self.spaces, *self.entities)

    @property
    def customers(self) -> int:
        """How many customers the bank has."""
        return len(self.strata)

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities that have a space, sorted."""
        return sorted({space.modality for space in self.spaces})

    def spaces_of(self, modality: str) -> list[int]:
        """Numbers of the spaces of one modality."""
        return [number for number, space in enumerate(self.spaces) if space.modality == modality]

    def cells_of(self, modality: str) -> NDArray[np.int64]:
        """Customers among whom a modality's records may change hands: of one stratum, and with the same of its spaces.

        Returns:
            Codes from 0; shape (customers,).
        """
        pattern = np.zeros(self.customers, dtype=np.int64)
        for number in self.spaces_of(modality):
            pattern = 2 * pattern + self.spaces[number].present
        return _recoded(self.strata, pattern)

    def entity_cells_of(self, entity: EntitySource) -> NDArray[np.int64]:
        """Customers among whom the values of an entity column may change hands; codes, shape (customers,)."""
        return _recoded(self.strata, entity.present.astype(np.int64))


def gather_evidence(
    customers: pl.DataFrame,
    embeddings: Mapping[str, Embeddings],
    entity_columns: Sequence[str],
    config: CandidateConfig,
    seed: int,
) -> Evidence:
    """Weigh every evidence source of a bank.

    Args:
        customers: the bank's customers, sorted by id, with their `stratum`.
        embeddings: by space; the joint space has no part in the evidence, so that nothing counts twice.
        entity_columns: customer columns declared as evidence.
        config: how candidates are proposed.
        seed: of everything that is drawn later.

    Raises:
        SettingsError: if there is nothing to compare: no space with enough customers and no shared value; or if two
            evidence sources have one name.
        DataError: if embeddings name customers whom the bank does not have.
    """
    ids = customers["customer_id"].to_numpy().astype(np.str_)
    spaces = [
        space_source(each, ids, config.neighbours)
        for each in sorted(embeddings.values(), key=lambda each: (each.modality, each.space))
        if each.modality != JOINT and len(each.customer_ids) >= config.min_size
    ]
    entities = [
        source
        for source in entity_sources(customers, entity_columns, config.entity_cap)
        if len(source.near_pairs(config.neighbours)[0])
    ]
    if not spaces and not entities:
        raise SettingsError(
            f"nothing to compare: no space has {config.min_size} customers, and no evidence entity value is shared",
            remedy="check the summary of what was read, and the columns declared as evidence",
        )
    names = [*(space.name for space in spaces), *(entity.name for entity in entities)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SettingsError(
            f"{min(twice)!r} is the name of two evidence sources",
            remedy="map an entity column to another name in bank.yaml, or give the embeddings another space name",
        )
    strata = np.unique(customers["stratum"].to_numpy().astype(np.str_), return_inverse=True)[1].astype(np.int64)
    return Evidence(tuple(spaces), tuple(entities), strata, seed, np.ones(len(spaces) + len(entities)))


def _recoded(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.unique(one * (other.max(initial=0) + 1) + other, return_inverse=True)[1]
    return codes.astype(np.int64)

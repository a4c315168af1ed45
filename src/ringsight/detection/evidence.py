"""Everything that can tie the customers of a bank, gathered once: the evidence that all later steps read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.settings import CandidateConfig
from ringsight.errors import SettingsError
from ringsight.graph.relations import EvidenceSource, TransferSource
from ringsight.graph.sources import EntitySource, SpaceSource, entity_sources, space_source
from ringsight.records.embeddings import JOINT, Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The evidence sources of a bank: spaces by modality, then entity columns, then transfers between customers."""

    spaces: tuple[SpaceSource, ...]
    """Sorted by modality and name."""
    entities: tuple[EntitySource, ...]
    strata: NDArray[np.int64]
    """Code of each customer's stratum; shape (customers,)."""
    seed: int
    weights: NDArray[np.float64] = field(default_factory=lambda: np.ones((1, 0)))
    """How much a bit of each source counts when it corroborates, in the order of `sources`, by each way to add up
    (`corroboration.Corroboration.suited`); shape (ways, sources)."""
    transfers: TransferSource | None = None
    """None where customers send each other no money."""

    @property
    def sources(self) -> tuple[EvidenceSource, ...]:
        """Spaces, then entity columns, then transfers."""
        return (*self.spaces, *self.entities, *([self.transfers] if self.transfers else []))

    @property
    def kinds(self) -> int:
        """How many kinds of evidence there are that can corroborate each other: modalities, and entity columns."""
        return len({*self.modalities, *([self.transfers.modality] if self.transfers else [])}) + len(self.entities)

    @property
    def transfers_alone(self) -> bool:
        """Whether transfers are all that there is of their modality."""
        return self.transfers is not None and self.transfers.modality not in self.modalities

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

    def transfer_cells(self, transfers: TransferSource) -> NDArray[np.int64]:
        """The same for transfers, where they are all that there is of their modality."""
        return _recoded(self.strata, transfers.present.astype(np.int64))

    def entity_cells_of(self, entity: EntitySource) -> NDArray[np.int64]:
        """Customers among whom the values of an entity column may change hands; codes, shape (customers,)."""
        return _recoded(self.strata, entity.present.astype(np.int64))


def gather_evidence(
    customers: pl.DataFrame,
    embeddings: Mapping[str, Embeddings],
    entity_columns: Sequence[str],
    config: CandidateConfig,
    seed: int,
    transfers: TransferSource | None = None,
) -> Evidence:
    """Weigh every evidence source of a bank.

    Args:
        customers: the bank's customers, sorted by id, with their `stratum`.
        embeddings: by space; the joint space has no part in the evidence, so that nothing counts twice.
        entity_columns: customer columns declared as evidence.
        config: how candidates are proposed.
        seed: of everything that is drawn later.
        transfers: between customers, where there are any.

    Raises:
        SettingsError: if there is nothing to compare: no space with enough customers, no shared value and no transfer;
            or if two evidence sources have one name.
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
    if not spaces and not entities and transfers is None:
        raise SettingsError(
            f"nothing to compare: no space has {config.min_size} customers, and no evidence entity value is shared",
            remedy="check the summary of what was read, and the columns declared as evidence",
        )
    sources: list[EvidenceSource] = [*spaces, *entities, *([transfers] if transfers else [])]
    names = [source.name for source in sources]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SettingsError(
            f"{min(twice)!r} is the name of two evidence sources",
            remedy="map an entity column to another name in bank.yaml, or give the embeddings another space name",
        )
    return Evidence(tuple(spaces), tuple(entities), strata_of(customers), seed, np.ones((1, len(names))), transfers)


def strata_of(customers: pl.DataFrame) -> NDArray[np.int64]:
    """Code of each customer's `stratum`; shape (customers,)."""
    codes: NDArray[np.int64] = np.unique(customers["stratum"].to_numpy().astype(np.str_), return_inverse=True)[1]
    return codes.astype(np.int64)


def _recoded(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.unique(one * (other.max(initial=0) + 1) + other, return_inverse=True)[1]
    return codes.astype(np.int64)

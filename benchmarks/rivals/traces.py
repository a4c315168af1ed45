"""A bank as every method sees it, and the ranked lists that they give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv

from ringsight.detection.groups import Groups
from ringsight.detection.scoring import distinct
from ringsight.detection.settings import CandidateConfig
from ringsight.graph.links import Links, bits_above_chance
from ringsight.graph.sources import (
    CHANCE_BITS,
    EntitySource,
    Rows,
    Source,
    SpaceSource,
    entity_sources,
    space_source,
)
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import modalities
from ringsight.records.embeddings import Embeddings

CHOSEN = CandidateConfig()
"""Neighbours, chance links, cap and smallest ring: all methods use what ringsight does by default."""
CHANCE_LINKS = 5.0
"""Strangers that a customer may be linked to by chance when all traces are taken together."""
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """What a bank's customers leave, weighed pair by pair."""

    bank: Bank
    embeddings: dict[str, Embeddings]
    """By space, the joint one included."""
    modalities: list[SpaceSource]
    entities: list[EntitySource]
    """Evidence columns of which somebody shares a value."""

    @classmethod
    def of(cls, bank: Bank, embeddings: dict[str, Embeddings]) -> "Traces":
        """Weigh every modality and every evidence column."""
        sources = [
            space_source(embeddings[name], bank.customer_ids, CHOSEN.neighbours)
            for name in modalities()
            if name in embeddings and len(embeddings[name].customer_ids) >= CHOSEN.min_size
        ]
        entities = entity_sources(bank.customers, bank.columns_with(ColumnRole.evidence), CHOSEN.entity_cap)
        shared = [trace for trace in entities if len(trace.near_pairs(CHOSEN.neighbours)[0])]
        return cls(bank, embeddings, sources, shared)

    @property
    def customers(self) -> int:
        """How many customers the bank has."""
        return len(self.bank.customers)

    @property
    def all(self) -> list[Source]:
        """Modalities, then entities."""
        return [*self.modalities, *self.entities]

    def modality(self, name: str) -> SpaceSource | None:
        """One modality's trace, None where the bank lacks it."""
        return next((trace for trace in self.modalities if trace.name == name), None)

    def summed(self) -> Links:
        """Pairs whose bits above chance, summed over all traces, few strangers reach."""
        near = [trace.near_pairs(CHOSEN.neighbours) for trace in self.all]
        key = np.unique(np.concatenate([a * self.customers + b for a, b in near]))
        a, b = key // self.customers, key % self.customers
        total = sum((bits_above_chance(trace, a, b) for trace in self.all), np.zeros(len(a)))
        strong = total >= self.price(CHOSEN.neighbours)
        return Links(a[strong], b[strong], total[strong])

    def price(self, scale: float) -> float:
        """Summed bits above chance that a pair must bring to stay together.

        The sum of m independent -ln(u) follows a gamma distribution with shape m, the law behind Fisher's combination
        of p-values. It counts every pair as having all modalities; where that fails, fewer strangers pass.
        """
        modalities = max(len(self.modalities), 1)
        share = min(CHANCE_LINKS * scale / CHOSEN.neighbours / max(self.customers, 1), 0.5)
        return float((gammainccinv(modalities, share) - modalities) * CHANCE_BITS)


def ranked(groups: Sequence[Rows], scores: Sequence[float] | NDArray[np.float64]) -> list[Rows]:
    """The groups by falling score, ties to the larger; a customer stays in the first of its groups alone."""
    kept = distinct(Groups.of(groups), np.asarray(scores, dtype=np.float64), lowest=-np.inf)
    return [groups[index] for index in kept]

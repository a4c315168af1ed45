"""Corroboration across modalities: how closely candidates agree in what did not propose them.

All spaces of the other modalities, all entity columns and the transfers between customers count; the modality that
proposed a candidate, or the entity column, does not. Transfers belong to the modality of transactions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.agreement import (
    Agreement,
    Calibration,
    Ties,
    entity_agreement,
    pair_means,
    transfer_agreement,
)
from ringsight.detection.candidates import Candidates
from ringsight.detection.evidence import Evidence
from ringsight.graph.sources import Rows

PRICE = 2.0
"""Bits by which the sum as taught must exceed that in which all sources count alike, for chance has a second try."""


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """A world: whose records each customer carries."""

    modalities: Mapping[str, Rows]
    """By modality, customer -> the customer whose records it carries; transfers go with transactions."""
    entities: Sequence[Rows]
    """The same for each entity column."""


def as_observed(evidence: Evidence) -> Owners:
    """The world in which everybody carries their own records."""
    own = np.arange(evidence.customers)
    alone = [evidence.transfers.modality] if evidence.transfers and evidence.transfers_alone else []
    return Owners(dict.fromkeys([*evidence.modalities, *alone], own), [own] * len(evidence.entities))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Spaces with the bits that count in them, and what random groups show of those."""

    ties: Sequence[Ties]
    """In the order of `Evidence.spaces`."""
    calibrations: Sequence[Calibration]


@dataclass(frozen=True, eq=False)
class Corroboration:
    """Weighted bits of what did not propose each candidate, by the way to add up that suits it."""

    by_source: NDArray[np.float64]
    """In the order of `Evidence.sources`; 0 for what proposed; shape (candidates, sources)."""
    second: NDArray[np.float64]
    """All of it by second ties; shape (candidates,)."""

    @classmethod
    def suited(
        cls, bits: NDArray[np.float64], second: NDArray[np.float64], ways: NDArray[np.float64]
    ) -> "Corroboration":
        """Add up each candidate the first way, or the second where that gives more by `PRICE` bits.

        Args:
            bits: of each source, weighed in place; shape (candidates, sources).
            second: all of it by second ties, by each way; shape (candidates, ways).
            ways: what a bit of each source counts, by one way or two; shape (ways, sources).
        """
        if len(ways) == 1:
            bits *= ways[0]
            return cls(bits, second[:, 0])
        price = np.array([0.0, PRICE])
        bits *= ways[(bits @ ways.T - price).argmax(axis=1)]
        suiting = (second - price).argmax(axis=1, keepdims=True)
        return cls(bits, np.take_along_axis(second, suiting, axis=1)[:, 0])

    @cached_property
    def full(self) -> NDArray[np.float64]:
        """All of it; shape (candidates,)."""
        total: NDArray[np.float64] = self.by_source.sum(axis=1)
        return total


def corroborate(evidence: Evidence, candidates: Candidates, measured: Measured, owners: Owners) -> Corroboration:
    """Measure how closely candidates agree in what did not propose them, in one world."""
    spaces, ways = len(evidence.spaces), evidence.weights
    bits = np.zeros((candidates.groups.count, len(evidence.sources)))
    second = np.zeros((candidates.groups.count, len(ways)))
    for modality, rows, groups in candidates.by_modality:
        others = [number for number, space in enumerate(evidence.spaces) if space.modality != modality]
        if not others:
            continue
        carried = [owners.modalities[evidence.spaces[number].modality] for number in others]
        means = pair_means([measured.ties[number] for number in others], groups, carried)
        for place, number in enumerate(others):
            calibration = measured.calibrations[number]
            bits[rows, number] = calibration.bits(means.full[place], means.size[place])
            second[rows] += np.outer(calibration.bits(means.second[place], means.size[place]), ways[:, number])
    proposed_by = np.array([each.entity for each in candidates.proposers])[candidates.proposer]
    for number, entity in enumerate(evidence.entities):
        agreement = entity_agreement(entity, candidates.groups, owners.entities[number])
        counts = proposed_by != number
        bits[:, spaces + number] = counts * agreement.full
        second += np.outer(counts * agreement.second, ways[:, spaces + number])
    for rows, told in _transfers(evidence, candidates, owners, own=False):
        bits[rows, -1] = told.full
        second[rows] += np.outer(told.second, ways[:, -1])
    return Corroboration.suited(bits, second, ways)


def own_agreement(evidence: Evidence, candidates: Candidates, measured: Measured) -> NDArray[np.float64]:
    """Bits of agreement in what does not corroborate: the modality, or the entity column, that proposed each candidate.

    Returns:
        0 for all other sources; shape (candidates, sources).
    """
    spaces = len(evidence.spaces)
    bits = np.zeros((candidates.groups.count, len(evidence.sources)))
    everyone = np.arange(evidence.customers)
    for modality, rows, groups in candidates.by_modality:
        own = evidence.spaces_of(modality)
        if own and groups.count:
            means = pair_means([measured.ties[number] for number in own], groups, [everyone] * len(own))
            for place, number in enumerate(own):
                bits[rows, number] = measured.calibrations[number].bits(means.full[place], means.size[place])
    proposed_by = np.array([each.entity for each in candidates.proposers])[candidates.proposer]
    for number, entity in enumerate(evidence.entities):
        own_column = proposed_by == number
        bits[own_column, spaces + number] = entity_agreement(entity, candidates.groups, everyone).full[own_column]
    for rows, told in _transfers(evidence, candidates, as_observed(evidence), own=True):
        bits[rows, -1] = told.full
    return bits


def _transfers(
    evidence: Evidence, candidates: Candidates, owners: Owners, *, own: bool
) -> Iterator[tuple[NDArray[np.int64], Agreement]]:
    """How closely candidates agree in transfers: those that their own modality proposed, or all others."""
    transfers = evidence.transfers
    if transfers is None:
        return
    for modality, rows, groups in candidates.by_modality:
        if (modality == transfers.modality) == own and groups.count:
            yield rows, transfer_agreement(transfers, groups, owners.modalities[transfers.modality])

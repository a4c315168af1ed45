"""Matching records of rings: the best tied pairs in each modality are compared, and the most telling are kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from ringsight.detection.results import Results
from ringsight.explain.matching.matching_images import MatchingImages, matching_images
from ringsight.explain.matching.matching_notes import MatchingNotes, matching_notes
from ringsight.explain.matching.matching_transactions import MatchingTransactions, matching_transactions
from ringsight.explain.matching.sampling import Pair
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities

Alike = TypeVar("Alike", MatchingNotes, MatchingImages, MatchingTransactions)
COMPARED = 24
"""Pairs of a ring that are compared in each modality: those with the most bits in it."""
KEPT = 12
"""Pairs that are kept at most."""


@dataclass(frozen=True, slots=True)
class MatchingRecords:
    """What a ring's members have alike in their records, the most telling pair of each modality first.

    A pair is kept where it is the most telling of one of its two members.
    """

    notes: tuple[MatchingNotes, ...]
    id_images: tuple[MatchingImages, ...]
    transactions: tuple[MatchingTransactions, ...]


def gather_matching_records(results: Results, bank: Bank, ring_ids: Collection[str]) -> dict[str, MatchingRecords]:
    """Gather the matching_records of some rings, in one pass over each table."""
    pairs = {modality: _pairs(results, modality, ring_ids) for modality in modalities()}
    everyone = {
        modality: list(
            dict.fromkeys(pair for each in rings.values() for pair in each)
        )  # ring by ring, as images are kept
        for modality, rings in pairs.items()
    }
    notes = matching_notes(bank, everyone["notes"])
    id_images = matching_images(bank, everyone["id_images"])
    transactions = matching_transactions(bank, everyone["transactions"])
    return {
        ring_id: MatchingRecords(
            notes=_most_telling(notes, pairs["notes"][ring_id]),
            id_images=_most_telling(id_images, pairs["id_images"][ring_id]),
            transactions=_most_telling(transactions, pairs["transactions"][ring_id]),
        )
        for ring_id in ring_ids
    }


def _pairs(results: Results, modality: str, ring_ids: Collection[str]) -> dict[str, list[Pair]]:
    """For each ring its pairs best tied in one modality."""
    bits = f"bits_{modality}"
    tied = results.links.filter(pl.col("ring_id").is_in(sorted(ring_ids)) & (pl.col(bits) > 0))
    best = tied.sort(pl.col(bits).round(6), "customer_a", "customer_b", descending=[True, False, False])
    pairs: dict[str, list[Pair]] = {ring_id: [] for ring_id in ring_ids}
    for row in best.group_by("ring_id", maintain_order=True).head(COMPARED).iter_rows(named=True):
        pairs[row["ring_id"]].append((row["customer_a"], row["customer_b"]))
    return pairs


def _most_telling(alike: Mapping[Pair, Alike], pairs: Collection[Pair]) -> tuple[Alike, ...]:
    """Those pairs that are the most telling of one of their members, at most `KEPT`."""
    kept = []
    met: set[str] = set()
    for pair in sorted(alike.keys() & set(pairs), key=lambda pair: (-round(alike[pair].weight, 6), pair)):
        if not met.issuperset(pair):
            met.update(pair)
            kept.append(alike[pair])
    return tuple(kept[:KEPT])

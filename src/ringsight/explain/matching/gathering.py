"""Matching records of rings: the best tied pairs in each modality are compared, and the most telling are kept."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import polars as pl

from ringsight.detection.results import Results
from ringsight.explain.matching.matching_images import MatchingImages, matching_images
from ringsight.explain.matching.matching_notes import MatchingNotes, matching_notes
from ringsight.explain.matching.matching_transactions import MatchingTransactions, matching_transactions
from ringsight.explain.matching.sampling import Pair
from ringsight.records.bank import Bank

COMPARED = 24
"""Pairs of a ring that are compared in each modality: those with the most bits in it."""
KEPT = 12
"""Pairs that are kept at most."""


class MatchingPair(Protocol):
    """What the records of two customers in one modality have alike: a frozen dataclass that JSON can hold."""

    modality: ClassVar[str]

    @property
    def customer_a(self) -> str:
        """The first customer."""

    @property
    def customer_b(self) -> str:
        """The second customer."""

    @property
    def weight(self) -> float:
        """How telling it is, against other pairs of the same modality."""

    @property
    def cites(self) -> tuple[str, ...]:
        """Ids of the customers and records that `sentence` rests on."""

    @property
    def sentence(self) -> str:
        """The same in plain words."""


@dataclass(frozen=True, slots=True)
class Comparer:
    """How the records of one modality are compared."""

    pair: type[MatchingPair]
    """What `compare` gives of each pair."""
    compare: Callable[[Bank, Collection[Pair]], Mapping[Pair, MatchingPair]]
    """Compares the records of each pair of customers; leaves out pairs that have nothing alike."""

    @property
    def modality(self) -> str:
        """Whose records it compares."""
        return self.pair.modality


COMPARERS = (
    Comparer(MatchingNotes, matching_notes),
    Comparer(MatchingImages, matching_images),
    Comparer(MatchingTransactions, matching_transactions),
)
"""One for each modality whose records can be set side by side; a ledger names them in this order."""

MatchingRecords = Mapping[str, tuple[MatchingPair, ...]]
"""For each modality that has a comparer the pairs of a ring that match, the most telling first.

A pair is kept where it is the most telling of one of its two members.
"""


def gather_matching_records(results: Results, bank: Bank, ring_ids: Collection[str]) -> dict[str, MatchingRecords]:
    """Gather the matching records of some rings, in one pass over each table."""
    links = results.links_by_modality().filter(pl.col("ring_id").is_in(sorted(ring_ids)))
    gathered: dict[str, dict[str, tuple[MatchingPair, ...]]] = {ring_id: {} for ring_id in ring_ids}
    for comparer in COMPARERS:
        tied = _best_tied(links.filter(pl.col("modality") == comparer.modality), ring_ids)
        ring_by_ring = list(dict.fromkeys(pair for pairs in tied.values() for pair in pairs))
        alike = comparer.compare(bank, ring_by_ring)  # ring by ring, because few images are kept ready at a time
        for ring_id, pairs in tied.items():
            gathered[ring_id][comparer.modality] = _most_telling(alike, pairs)
    return dict(gathered)


def _best_tied(links: pl.DataFrame, ring_ids: Collection[str]) -> dict[str, list[Pair]]:
    """For each ring its best tied pairs, by the links of one modality."""
    best = links.sort(pl.col("bits").round(6), "customer_a", "customer_b", descending=[True, False, False])
    pairs: dict[str, list[Pair]] = {ring_id: [] for ring_id in ring_ids}
    for row in best.group_by("ring_id", maintain_order=True).head(COMPARED).iter_rows(named=True):
        pairs[row["ring_id"]].append((row["customer_a"], row["customer_b"]))
    return pairs


def _most_telling(alike: Mapping[Pair, MatchingPair], pairs: Collection[Pair]) -> tuple[MatchingPair, ...]:
    """Those pairs that are the most telling of one of their members, at most `KEPT`."""
    kept = []
    met: set[str] = set()
    for pair in sorted(alike.keys() & set(pairs), key=lambda pair: (-round(alike[pair].weight, 6), pair)):
        if not met.issuperset(pair):
            met.update(pair)
            kept.append(alike[pair])
    return tuple(kept[:KEPT])

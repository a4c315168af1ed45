"""Matching records: what two customers' own records have alike, for a reader to check with the eye.

No model takes part. Notes agree in words, ID images in regions, transactions in hours, counterparties and moments. Each
agreement says how many others of the bank agree as well, because a stock phrase or a card's printed frame ties nobody.
Matching records illustrate the evidence of a ring and are no part of its score.
"""

from ringsight.explain.matching.gathering import (
    COMPARERS,
    Comparer,
    MatchingPair,
    MatchingRecords,
    gather_matching_records,
)
from ringsight.explain.matching.matching_images import IMAGES_EACH, MatchingImages, Region, matching_images
from ringsight.explain.matching.matching_notes import (
    NOTES_EACH,
    MatchingNotes,
    Passage,
    Word,
    matching_notes,
    words_of,
)
from ringsight.explain.matching.matching_transactions import (
    MatchingTransactions,
    SameMoment,
    SharedCounterparty,
    hours_of_week,
    matching_transactions,
)

__all__ = [
    "COMPARERS",
    "IMAGES_EACH",
    "NOTES_EACH",
    "Comparer",
    "MatchingImages",
    "MatchingNotes",
    "MatchingPair",
    "MatchingRecords",
    "MatchingTransactions",
    "Passage",
    "Region",
    "SameMoment",
    "SharedCounterparty",
    "Word",
    "gather_matching_records",
    "hours_of_week",
    "matching_images",
    "matching_notes",
    "matching_transactions",
    "words_of",
]

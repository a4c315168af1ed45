"""MatchingRecords: what stands in two customers' own records that a reader can check with the eye.

No model takes part. Notes agree in words, ID images in regions, transactions in hours, counterparties and moments; each
agreement says how many others of the bank agree as well, for a stock phrase or a card's printed frame ties nobody.
MatchingRecords illustrate the evidence of a ring and are no part of its score.
"""

from ringsight.explain.matching.gathering import MatchingRecords, gather_matching_records
from ringsight.explain.matching.matching_images import IMAGES_EACH, MatchingImages, Region, matching_images
from ringsight.explain.matching.matching_notes import NOTES_EACH, MatchingNotes, Passage, matching_notes
from ringsight.explain.matching.matching_transactions import (
    MatchingTransactions,
    SameMoment,
    SharedCounterparty,
    hours_of_week,
    matching_transactions,
)

__all__ = [
    "IMAGES_EACH",
    "NOTES_EACH",
    "MatchingImages",
    "MatchingNotes",
    "MatchingRecords",
    "MatchingTransactions",
    "Passage",
    "Region",
    "SameMoment",
    "SharedCounterparty",
    "gather_matching_records",
    "hours_of_week",
    "matching_images",
    "matching_notes",
    "matching_transactions",
]

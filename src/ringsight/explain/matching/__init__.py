"""Artefacts: what stands in two customers' own records that a reader can check with the eye.

No model takes part. Notes agree in words, ID images in regions, transactions in hours, counterparties and moments; each
agreement says how many others of the bank agree as well, for a stock phrase or a card's printed frame ties nobody.
Artefacts illustrate the evidence of a ring and are no part of its score.
"""

from ringsight.explain.matching.gathering import Artefacts, gather_artefacts
from ringsight.explain.matching.matching_images import IMAGES_EACH, ImagesAlike, Region, images_alike
from ringsight.explain.matching.matching_notes import NOTES_EACH, NotesAlike, Passage, notes_alike
from ringsight.explain.matching.matching_transactions import (
    SameMoment,
    SharedCounterparty,
    TransactionsAlike,
    hours_of_week,
    transactions_alike,
)

__all__ = [
    "IMAGES_EACH",
    "NOTES_EACH",
    "Artefacts",
    "ImagesAlike",
    "NotesAlike",
    "Passage",
    "Region",
    "SameMoment",
    "SharedCounterparty",
    "TransactionsAlike",
    "gather_artefacts",
    "hours_of_week",
    "images_alike",
    "notes_alike",
    "transactions_alike",
]

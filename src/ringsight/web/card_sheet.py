"""All ID images of a case on one sheet: the latest of each member, small."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringsight.report.members import Records
from ringsight.report.photographs import Photograph, photograph

MOST = 60
"""Cards on a sheet, those of the best linked members."""
BOX = (240, 160)
"""Largest size of an image, in pixels."""


@dataclass(frozen=True, slots=True)
class Card:
    """One member's."""

    number: int
    customer_id: str
    photo: Photograph | None
    """None where the member has no ID image."""


@dataclass(frozen=True, slots=True)
class CardSheet:
    """All of them."""

    cards: tuple[Card, ...]
    left_out: int
    """Members who are not on the sheet."""


def card_sheet(records: Records, members: Sequence[str]) -> CardSheet:
    """Gather the latest ID image of each member.

    Args:
        records: of the members.
        members: in the order of their numbers.
    """
    cards = []
    for number, customer in enumerate(members[:MOST], start=1):
        images = records.images.get(customer)
        latest = None if images is None else images.row(-1, named=True)
        photo = photograph(records.bank.pictures, latest["image_id"], latest["path"], BOX) if latest else None
        cards.append(Card(number, customer, photo))
    return CardSheet(tuple(cards), max(len(members) - MOST, 0))

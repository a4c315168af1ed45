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
    photo: Photograph


@dataclass(frozen=True, slots=True)
class CardSheet:
    """All of them."""

    cards: tuple[Card, ...]
    without: tuple[int, ...]
    """Numbers of the members who have no ID image."""
    left_out: int
    """Members who have one, and are not on the sheet."""


def card_sheet(records: Records, members: Sequence[str]) -> CardSheet:
    """Gather the latest ID image of each member.

    Args:
        records: of the members.
        members: in the order of their numbers.
    """
    numbers = {customer: number for number, customer in enumerate(members, start=1)}
    pictured = [customer for customer in members if customer in records.images]
    cards = []
    for customer in pictured[:MOST]:
        latest = records.images[customer].row(-1, named=True)
        photo = photograph(records.bank.pictures, latest["image_id"], latest["path"], BOX)
        cards.append(Card(numbers[customer], customer, photo))
    without = tuple(number for customer, number in numbers.items() if customer not in records.images)
    return CardSheet(tuple(cards), without, len(pictured) - len(cards))

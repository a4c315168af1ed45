"""A bank of sixty in which seven of a ring of eight pay at rare shops and tell one story; by hand, no detection."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

import polars as pl
from bank_of_records import bank_of_records, link_table
from made_results import results_with

from ringsight.detection.results import AGREEMENT, MEMBERS, RINGS, Results
from ringsight.explain.ledger import Ledger, ledger
from ringsight.records.bank import Bank, ColumnRole

FIRST = datetime(2026, 3, 2, 9)
CUSTOMERS = [f"C{number:02}" for number in range(60)]
MEMBERS_OF_IT = CUSTOMERS[:8]
HANDS = MEMBERS_OF_IT[:7]
"""C07 shares nothing with them."""
SHOPS = ("P-studio", "P-print", "P-cards")
COMMON = "P-grocer"
EXACT = 564.99
STORY = "the parcel stands at customs and must be paid for by noon"
PHONE = "+49 30 555"


def payment(name: str, customer: str, day: int, amount: float, shop: str) -> tuple[object, ...]:
    return (name, customer, FIRST + timedelta(days=day), amount, "EUR", shop, "health" if shop in SHOPS else "food")


def payments() -> pl.DataFrame:
    """Everybody buys food on days of their own; the hands pay at three shops as well, and one sum to the cent."""
    rows = []
    for at, customer in enumerate(CUSTOMERS):
        rows += [payment(f"F{at}-{n}", customer, (7 * at + 5 * n) % 90, -(3 + at + 0.13 * n), COMMON) for n in range(6)]
        rows += [payment(f"S{at}-{n}", customer, (11 * at + n) % 90, 40.0 + at, f"P-own{at}-{n}") for n in range(4)]
    for at, customer in enumerate(HANDS):
        rows += [payment(f"R{at}-{n}", customer, 20 + at + 9 * n, -(50.0 + at), shop) for n, shop in enumerate(SHOPS)]
        rows.append(payment(f"X{at}", customer, 60 + at, -EXACT, COMMON))
    columns = ["transaction_id", "customer_id", "timestamp", "amount", "currency", "counterparty_id", "category"]
    return pl.DataFrame(rows, columns, orient="row")


def bank_of_sixty(notes: Sequence[tuple[str, str, str, str | None]] | None = None) -> Bank:
    """The bank; by default five of the hands tell `STORY`, each in a note that begins and ends otherwise."""
    told = [(f"N{at}", name, f"{name} calls: {STORY}, says {name}", f"A{at % 2}") for at, name in enumerate(HANDS[:5])]
    plain = [(f"M{at}", name, f"asks for card number {at} once more", "A0") for at, name in enumerate(CUSTOMERS[7:])]
    return bank_of_records(
        customers=[
            {"customer_id": name, "opened_at": FIRST - timedelta(days=400), "phone": PHONE if at < 2 else f"+49 {at}"}
            for at, name in enumerate(CUSTOMERS)
        ],
        notes=[*told, *plain] if notes is None else notes,
        transactions=payments(),
        roles={"phone": ColumnRole.evidence},
    )


def results_of_eight() -> Results:
    """The ring of eight, tied by transactions; C07 by next to nothing."""
    ties = [("R", a, b, {"transactions": 9.0, "counterparties": 8.0}) for a, b in combinations(HANDS, 2)]
    ring = {"ring_id": "R", "size": 8, "score": 33.3, "p_value": 0.01, "q_value": 0.02, "adjusted_score": 31.7}
    ring |= {"adjusted_q_value": 0.03, "flagged": True, "basis": "across", "proposer": "notes", "inside_score": 0.0}
    return results_with(
        rings=pl.DataFrame([ring | {"explanation": "", "held": ""}], RINGS),
        members=pl.DataFrame([("R", name, None, None, "") for name in MEMBERS_OF_IT], MEMBERS, orient="row"),
        links=link_table([*ties, ("R", "C06", "C07", {"transactions": 2.0})]),
        agreement=pl.DataFrame(
            [
                ("R", "notes", "space", "notes", 5, 12.0, "proposed"),
                ("R", "transactions", "space", "transactions", 8, 30.0, "across"),
                ("R", "counterparties", "space", "transactions", 8, 26.0, "across"),
                ("R", "id_images", "space", "id_images", 0, 0.0, "across"),
                ("R", "phone", "entity", "", 2, 1.0, "across"),
            ],
            AGREEMENT,
            orient="row",
        ),
    )


def ledger_of_eight(bank: Bank) -> Ledger:
    return ledger("R", results_of_eight(), bank)

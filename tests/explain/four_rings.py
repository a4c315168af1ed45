"""A small bank and a detection in it, by hand: a flagged ring, one held, one explained, one of chance."""

from typing import Any

import numpy as np
import polars as pl
from bank_of_records import MONDAY, bank_of_records, link_table
from made_results import results_with

from ringsight.detection.results import AGREEMENT, CALIBRATION, CONDITIONS, MEMBERS, PERHAPS, RINGS, Results
from ringsight.records.bank import Bank, ColumnRole

SCRIPT = "my mother is in hospital and the parcel waits at customs"
PROTECTED = "Wilhelmina"
RING = ("a", "b", "c", "d")
MEMBERSHIP = {"Rflag": RING, "Rheld": "efg", "Rhome": "hij", "Rpass": "klm"}
FITS = {"c": (0.02, 0.06, "leave out?"), "d": (0.3, 0.4, "doubtful")}
"""Of the members who do not fit."""
GUARD = {"guard": [{"quantile": 0.5, "shift": 0.1, "spread": 0.05, "bound": 0.3}], "shared_directions": []}
"""What a summary says of what modalities share."""


def rows(rows: list[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def bank_of_twenty() -> Bank:
    """Twenty customers; a and b share a device that only they have, all share a telephone number, d stands apart."""
    return bank_of_records(
        customers=[
            {
                "customer_id": name,
                "opened_at": MONDAY,
                "device_id": "D-both" if name in "ab" else f"D-{name}",
                "phone": "P-hub",
                "branch": "B1",
                "name": PROTECTED,
            }
            for name in "abcdefghijklmnopqrst"
        ],
        notes=[("N1", "a", SCRIPT, "A1"), ("N2", "b", SCRIPT, "A2"), ("N3", "e", "nothing of the kind", "A2")],
        roles={
            "device_id": ColumnRole.evidence,
            "phone": ColumnRole.evidence,
            "branch": ColumnRole.innocent,
            "name": ColumnRole.protected,
        },
    )


def results_of_four_rings() -> Results:
    """A flagged ring of a to d, in which c is the bridge to d; one explained, one held, one of chance.

    Of the flagged ring c might be left out and d is doubtful; n and o fit it too.
    """
    notes = ("across", "notes", 0.5)
    return results_with(
        rings=rows(
            [
                ("Rflag", 4, 21.5, 0.0001, 0.002, 19.0, 0.003, True, *notes, "", ""),
                ("Rheld", 3, 11.5, 0.0001, 0.002, 11.5, 0.003, False, *notes, "", "name"),
                ("Rhome", 3, 10.5, 0.0001, 0.002, 1.5, 0.5, False, *notes, "branch", ""),
                ("Rpass", 3, 3.1, 0.4, 0.6, 1.1, 0.6, False, *notes, "", ""),
            ],
            RINGS,
        ),
        members=rows([member(ring, name) for ring, names in MEMBERSHIP.items() for name in names], MEMBERS),
        perhaps=rows([("Rflag", "o", 0.004), ("Rflag", "n", 0.001)], PERHAPS),
        links=link_table([
            ("Rflag", "a", "b", {"transactions": 1.0, "notes": 9.0, "id_images": 0.5, "device_id": np.log2(20 / 2)}),
            ("Rflag", "a", "c", {"transactions": 7.0}),
            ("Rflag", "b", "c", {"transactions": 6.0}),
            ("Rflag", "c", "d", {"transactions": 5.0}),
        ]),
        agreement=rows(
            [
                ("Rflag", "notes", "space", "notes", 3, 9.0, "proposed"),
                ("Rflag", "transactions", "space", "transactions", 4, 20.0, "across"),
                ("Rflag", "device_id", "entity", "", 4, 5.25, "across"),
                ("Rflag", "id_images", "space", "id_images", 2, -0.25, "across"),
            ],
            AGREEMENT,
        ),
        conditions=rows(
            [
                ("Rflag", "innocent", "branch", "B1", 4, 24.5, 19.0, 0.003, False),
                ("Rflag", "innocent", "employer", "Mill", 1, 25.5, 21.5, 0.002, False),
                ("Rflag", "protected", "name", PROTECTED, 4, 24.5, 19.0, 0.003, False),
                ("Rflag", "without", "transactions", "", 0, 5.5, 1.0, 0.9, True),
                ("Rflag", "only", "notes + device_id", "", 0, 18.5, 17.0, 0.004, False),
                ("Rhome", "innocent", "branch", "B1", 3, 3.5, 1.5, 0.5, True),
            ],
            CONDITIONS,
        ),
        calibration=rows([(0.5, 2.0, 1.9, 0.1), (0.9, 4.5, 4.0, 0.2)], CALIBRATION),
        summary=GUARD,
    )  # fmt: skip


def member(ring: str, name: str) -> tuple[Any, ...]:
    """A row of `MEMBERS`: rings that nobody need look at have nobody tested."""
    tested = FITS.get(name, (0.001, 0.002, "fits")) if ring in ("Rflag", "Rheld") else (None, None, "")
    return (ring, name, *tested)

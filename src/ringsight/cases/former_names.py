"""Names that earlier versions wrote into the log, read as today's names.

The log is sealed by hashes, so its stored text stays as it was written. An entry of a case gets today's names each time
it is read; migrations rename what lies outside the log.
"""

from collections.abc import Mapping
from typing import Any

RING_COLUMNS = {
    "score_beyond": "adjusted_score",
    "q_beyond": "adjusted_q_value",
    "bits_apart": "inside_score",
    "isolation_score": "inside_score",
    "null": "basis",
}
"""Columns of `Results.rings`, in the entries that open or renew a case."""
BASES = {"permutation": "across", "density": "inside"}
"""Values of the column `basis`, which said by which null a ring was judged."""
STATUSES = {"seconding": "second_review"}
"""Values of `Status`, in the entries of decisions."""


def in_todays_names(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a case's entry, with today's names for the columns of its ring and for its status."""
    renamed = dict(content)
    if "ring" in renamed:
        ring = {RING_COLUMNS.get(column, column): value for column, value in renamed["ring"].items()}
        renamed["ring"] = ring | {"basis": BASES.get(ring["basis"], ring["basis"])}
    if "status" in renamed:
        renamed["status"] = STATUSES.get(renamed["status"], renamed["status"])
    return renamed

"""Customers who may be one under several spellings of an id: asked about, never joined."""

import polars as pl

from ringsight.records.canonical.forms import folded, tidy
from ringsight.records.quarantine import SHOWN

EXAMPLES = 3
"""Ids that a question names."""


def spelt_ids(customer_ids: pl.Series) -> tuple[str, ...]:
    """Ask whether ids that differ in their spelling alone are one customer's.

    Letter case, blanks, Unicode form, what shows nothing and leading zeros do not count, nor does the `.0` that a
    column of decimal numbers leaves. Ids stay as they are: a bank may well tell `a1` from `A1`.

    Args:
        customer_ids: each once; shape (customers,).

    Returns:
        One question, or none.
    """
    spelling = folded(tidy(pl.col("id"))).str.replace_all(" ", "").str.replace(r"^(\d+)\.0+$", "${1}")
    ids = customer_ids.to_frame("id").select("id", key=spelling.str.replace(r"^0+([^0])", "${1}"))
    shared = ids.filter(pl.len().over("key") > 1).sort("key", "id")
    if shared.is_empty():
        return ()
    alike = shared.group_by("key", maintain_order=True).agg(pl.col("id").head(EXAMPLES))
    named = "; ".join(" and ".join(repr(each)[:SHOWN] for each in ids) for ids in alike["id"].head(EXAMPLES))
    return (
        f"customer_id: {shared.height:,} ids are {alike.height:,} in other spellings, for instance {named}; "
        "they count as different customers: is each of them one?",
    )

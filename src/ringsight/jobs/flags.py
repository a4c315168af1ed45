"""The flagged rings as a table for the terminal."""

import polars as pl
from rich.table import Table
from rich.text import Text

from ringsight.detection.results import Results
from ringsight.explain.assurance import Assurance, assurance_of
from ringsight.explain.words import rate
from ringsight.report.palette import paints_with

SHOWN = 25
"""Rows of the table at most."""
RANKED = 10
"""Rows at most where none is flagged and no rate can be stated: the beginning of the list."""


def flag_table(results: Results) -> Table:
    """The flagged rings, most significant first: id, size, evidence in bits over all links, basis, q-value if any.

    Where no rate can be stated and none is flagged, the list is all that there is, and its first rings are shown.
    """
    flagged = results.rings.filter(pl.col("flagged"))
    summed = results.links_by_modality().group_by("ring_id", "modality").agg(pl.col("bits").sum())
    bits = {(ring_id, modality): total for ring_id, modality, total in summed.iter_rows()}
    paints = paints_with(results.modalities().values())
    assurance = assurance_of(results.summary)
    title = Text(f"{_title(assurance, len(flagged), len(results.rings))} Evidence in bits:")
    table = Table(title=title, title_justify="left", caption=_caption(results, len(flagged)), caption_justify="left")
    table.add_column("ring", no_wrap=True)
    table.add_column("size", justify="right")
    for paint in paints:
        table.add_column(paint.label, justify="right")
    table.add_column("basis")
    if assurance.stated:
        table.add_column("q-value", justify="right", no_wrap=True)
    shown = flagged.head(SHOWN) if assurance.stated or len(flagged) else results.rings.head(RANKED)
    for row in shown.iter_rows(named=True):
        ties = [bits.get((row["ring_id"], paint.modality), 0.0) for paint in paints]
        evidence = [f"{tie:,.0f}" if tie else "·" for tie in ties]
        rates = [rate(row["adjusted_q_value"])] if assurance.stated else []
        table.add_row(row["ring_id"], str(row["size"]), *evidence, row["basis"], *rates)
    return table


def _title(assurance: Assurance, flags: int, rings: int) -> str:
    """How many flags there are, and how many are expected to be false, or why that cannot be said."""
    if assurance.stated:
        return f"{flags} flagged of {rings} candidate rings; {assurance.expected_words} of them expected to be false."
    if not rings:
        return "Nobody is tied closely enough to be a candidate ring."
    ranked = f"The first {flags or min(rings, RANKED)} of {rings} candidate rings, ranked."
    return f"{ranked} {assurance.warning} {assurance.reason} {assurance.remedy}".strip()


def _caption(results: Results, flagged: int) -> str | None:
    """What the table does not show, and why."""
    more = [f"{flagged - SHOWN} more in rings.csv."] if flagged > SHOWN else []
    explained = results.rings.filter(pl.col("explanation") != "")
    if len(explained):
        reasons = explained["explanation"].value_counts().sort("count", "explanation", descending=[True, False])
        by = ", ".join(f"{count} by {column}" for column, count in reasons.iter_rows())
        more.append(f"{len(explained)} more are coordinated, but explained: {by}.")
    held = results.rings.filter((pl.col("held") != "") & ~pl.col("flagged"))
    if len(held):
        more.append(f"{len(held)} held until a person has looked: explained by a protected column.")
    return " ".join(more) or None

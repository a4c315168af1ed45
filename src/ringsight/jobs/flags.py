"""The flagged rings as a table for the terminal."""

import polars as pl
from rich.table import Table

from ringsight.detection.results import Results
from ringsight.explain.words import rate
from ringsight.report.palette import paints_with

SHOWN = 25
"""Rows of the table at most."""


def flag_table(results: Results) -> Table:
    """The flagged rings, most significant first: id, size, evidence in bits over all links, basis, q-value."""
    flagged = results.rings.filter(pl.col("flagged"))
    summed = results.links_by_modality().group_by("ring_id", "modality").agg(pl.col("bits").sum())
    bits = {(ring_id, modality): total for ring_id, modality, total in summed.iter_rows()}
    paints = paints_with(results.modalities().values())
    counts = f"{len(flagged)} flagged of {len(results.rings)} candidate rings; {expected_words(results)}."
    title = f"{counts} Evidence in bits:"
    table = Table(title=title, title_justify="left", caption=_caption(results, len(flagged)), caption_justify="left")
    table.add_column("ring", no_wrap=True)
    table.add_column("size", justify="right")
    for paint in paints:
        table.add_column(paint.label, justify="right")
    table.add_column("basis")
    table.add_column("q-value", justify="right", no_wrap=True)
    for row in flagged.head(SHOWN).iter_rows(named=True):
        ties = [bits.get((row["ring_id"], paint.modality), 0.0) for paint in paints]
        evidence = [f"{tie:,.0f}" if tie else "·" for tie in ties]
        table.add_row(row["ring_id"], str(row["size"]), *evidence, row["basis"], rate(row["adjusted_q_value"]))
    return table


def expected_words(results: Results) -> str:
    """How many flags are expected to be false, or that no rate can be stated."""
    if not results.summary["rate_stated"]:
        return "no rate can be stated of this bank, for modalities of ordinary customers know of each other"
    return f"{results.summary['expected_false_flags']:.1f} of them expected false"


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

"""The flagged rings as a table for the terminal."""

import polars as pl
from rich.table import Table

from ringsight.rings.results import BITS, Results

SHOWN = 25
"""Rows of the table at most."""


def flag_table(results: Results) -> Table:
    """The flagged rings, most significant first: id, size, evidence in bits over all links, q-value."""
    flagged = results.rings.filter(pl.col("flagged"))
    bits = results.links.group_by("ring_id").agg(pl.col(BITS).sum())
    rows = flagged.join(bits, on="ring_id", how="left", maintain_order="left").with_columns(pl.col(BITS).fill_null(0.0))
    expected = results.summary["expected_false_flags"]
    title = f"{len(flagged)} flagged of {len(results.rings)} candidate rings; {expected:.1f} of them expected false"
    more = f"{len(rows) - SHOWN} more in rings.csv" if len(rows) > SHOWN else None
    table = Table(title=title, title_justify="left", caption=more)
    table.add_column("ring")
    table.add_column("size", justify="right")
    for name in BITS:
        table.add_column(f"{name.removeprefix('bits_').replace('_', ' ')}, bits", justify="right")
    table.add_column("q-value", justify="right")
    for row in rows.head(SHOWN).iter_rows(named=True):
        evidence = [f"{row[name]:,.0f}" if row[name] else "·" for name in BITS]
        table.add_row(row["ring_id"], str(row["size"]), *evidence, f"{row['q_value']:.4f}")
    return table

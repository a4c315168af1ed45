"""Results made of the tables that a test cares about; all others are empty."""

from typing import Any

import polars as pl

from ringsight.detection.results import TABLES, Results


def results_with(summary: dict[str, Any] | None = None, **tables: pl.DataFrame) -> Results:
    """Results with some tables, whose missing columns are filled in as empty or null.

    Args:
        summary: of the results.
        tables: by name; each with at least one column of its schema.
    """
    filled = {}
    for name, schema in TABLES.items():
        table = tables.pop(name, None)
        if table is None:
            filled[name] = pl.DataFrame(schema=schema)
            continue
        missing = [
            pl.lit("" if kind == pl.String else None, kind).alias(n) for n, kind in schema.items() if n not in table
        ]
        filled[name] = table.with_columns(missing).select(list(schema)).cast(pl.Schema(schema))
    assert not tables, f"no table of results: {sorted(tables)}"
    return Results(**filled, summary={"rate_stated": True, "fdr": 0.05, "expected_false_flags": 0.0} | (summary or {}))

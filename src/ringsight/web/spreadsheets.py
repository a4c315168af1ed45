"""Tables as CSV files in which a spreadsheet runs no formula."""

import polars as pl
from fastapi.responses import Response

FORMULA = r"^\s*[=+\-@\t\r]"
"""Text that a spreadsheet takes for a formula."""


def harmless(table: pl.DataFrame) -> pl.DataFrame:
    """The table with an apostrophe before every text that a spreadsheet would take for a formula."""
    text = pl.col(pl.String)
    return table.with_columns(pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep())


def csv_answer(table: pl.DataFrame, name: str) -> Response:
    """A table as a file to download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(harmless(table).write_csv(), media_type="text/csv; charset=utf-8", headers=headers)

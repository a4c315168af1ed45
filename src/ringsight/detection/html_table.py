"""Rows as an HTML table, which is how a notebook shows a value."""

from html import escape

import polars as pl


def html_table(caption: str, rows: pl.DataFrame) -> str:
    """Rows as an HTML table for a notebook; whatever a bank wrote is escaped."""
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in rows.columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in rows.iter_rows())
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

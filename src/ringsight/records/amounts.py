"""Numbers as a bank writes them: decimal and thousands signs, brackets for minus, currencies beside them."""

import re

import polars as pl

from ringsight.records.dialect import Dialect, Minus

BLANKS = r"[\s\u{a0}\u{202f}\u{2009}]"
"""Blanks that stand inside numbers, the unbreakable and the thin one too."""
SIGNS = r"[\u{2212}\u{2013}]"
"""Minus signs of typesetters."""


def as_numbers(values: pl.Series, dialect: Dialect) -> pl.Series:
    """Numbers as float64; null where a value is none. Only strings are read by the dialect.

    A thousands sign that does not part groups of three (or, in India, of two before the last three) makes no number,
    so that `1,5` is never taken for 15.
    """
    if values.dtype != pl.String:
        return values.cast(pl.Float64, strict=False)
    text = values.str.strip_chars()
    if _as_by_default(dialect):
        numbers = text.cast(pl.Float64, strict=False)
        if numbers.null_count() == text.null_count():
            return numbers
    text = text.str.replace(f"^{SIGNS}", "-")
    return (text if _as_by_default(dialect) else _plain(text, dialect)).cast(pl.Float64, strict=False)


def lost_words(values: pl.Series, kept: pl.Series) -> str:
    """What the values that are lost have in common, against those that were kept; empty if nothing.

    Args:
        values: of the rows that are lost, as numbers.
        kept: of the rows that were kept.
    """
    values = values.drop_nulls()
    if values.is_empty():
        return ""
    told = f"all {len(values):,} rows lost" if len(values) > 1 else "the one row lost"
    least = values.abs().min()
    most = kept.abs().max()
    assert isinstance(least, float)  # noqa: S101 - there are values
    if least >= 1000 and (not isinstance(most, float) or most < 1000):
        return f"{told} {'have' if len(values) > 1 else 'has'} amounts of 1,000 and more"
    if (values < 0).all() and not (kept < 0).any():
        return f"{told} {'are' if len(values) > 1 else 'is'} below zero"
    if isinstance(most, float) and least > most:
        return f"{told} {'have' if len(values) > 1 else 'has'} amounts above all that are kept ({least:,.2f} and more)"
    return ""


def _as_by_default(dialect: Dialect) -> bool:
    return (dialect.decimal, dialect.thousands, dialect.minus, dialect.currency) == (".", "", Minus.leading, "")


def _plain(text: pl.Series, dialect: Dialect) -> pl.Series:
    """The same numbers with a decimal point and a leading minus; null where one is not written by the dialect."""
    if dialect.currency:
        text = text.str.replace(dialect.currency, "", literal=True)
    text = text.str.strip_chars()
    match dialect.minus:
        case Minus.brackets:
            text = text.str.replace(rf"^\({BLANKS}*(.*?){BLANKS}*\)$", "-${1}")
        case Minus.trailing:
            text = text.str.replace(rf"^([^-]*?){BLANKS}*(?:-|{SIGNS})$", "-${1}")
        case Minus.leading:
            pass
    text = text.str.replace(rf"^([-+]){BLANKS}*", "${1}").str.strip_chars()
    sign = BLANKS if dialect.thousands == " " else re.escape(dialect.thousands)
    whole = rf"\d{{1,3}}(?:{sign}\d{{2,3}})*{sign}\d{{3}}|\d+" if sign else r"\d+"
    point = re.escape(dialect.decimal)
    number = rf"^[-+]?(?:{whole})?(?:{point}\d*)?(?:[eE][-+]?\d+)?$"
    written = text.str.contains(number)
    text = text.set(~written.fill_null(False), None)
    if sign:
        text = text.str.replace_all(sign, "")
    return text.str.replace(dialect.decimal, ".", literal=True)

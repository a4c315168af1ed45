"""In which dialect the values of a column are written: what is proposed, never what is taken without being told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import polars as pl

from ringsight.records.amounts import as_numbers, lost_words
from ringsight.records.dialect import Dates, Dialect, Minus
from ringsight.records.moments import UNIT, YEARS, as_moments

LOOKED_AT = 20_000
"""Different values that are looked at."""
CURRENCY = r"(\p{Sc}|[A-Z]{3}|kr|zł|Kč|Fr\.?|R\$)"
"""What may stand beside a number."""
LIKELY = {
    Dates.unix_s: (1e8, 4.2e9),
    Dates.unix_ms: (1e11, 4.2e12),
    Dates.unix_us: (1e14, 4.2e15),
    Dates.excel: (1e4, 8e4),
    Dates.unix_days: (0, 1e4),
}
"""Numbers that are taken for moments of a kind."""
STEPS = "each step is taken for a day, from 1970 on; were it an hour, say dates: unix_hours instead"
"""What cannot be known of small numbers."""


@dataclass(frozen=True, slots=True)
class FoundDialect:
    """A dialect that reads more of a column than the one in force."""

    dialect: Dialect
    read: int
    """How many of the different values it reads."""
    doubt: str = ""
    """What cannot be known from the values."""


def found_numbers(values: pl.Series, dialect: Dialect) -> FoundDialect | None:
    """How numbers are written, where the dialect in force does not read all that another reads; else None."""
    texts = _texts(values)
    mine = _count(as_numbers(texts, dialect))
    best: FoundDialect | None = None
    for candidate in _number_dialects(texts, dialect):
        if best is not None and best.read == len(texts):
            break
        read = _count(as_numbers(texts, candidate))
        if read > (best.read if best else mine):
            best = FoundDialect(candidate, read)
    if best is None:
        return None
    found = best.dialect
    other = replace(found, decimal="," if found.decimal == "." else ".", thousands="")
    if found.thousands == other.decimal and _count(as_numbers(texts, other)) == best.read:
        doubt = f"{found.thousands!r} is taken for the thousands sign, for three digits follow it everywhere"
        return replace(best, doubt=f"{doubt}; were it the decimal sign, say decimal: {found.thousands!r} instead")
    return best


def found_dates(values: pl.Series, dialect: Dialect) -> FoundDialect | None:
    """How moments are written, where the dialect in force does not read all that another reads; else None."""
    if values.dtype.is_numeric():
        return _counted_dates(values, dialect)
    texts = _texts(values)
    mine = _sound(as_moments(texts, dialect))
    reads = {form: _sound(as_moments(texts, replace(dialect, dates=form))) for form in Dates if form not in UNIT}
    form = max(reads, key=lambda each: reads[each])
    numbers = as_numbers(texts, dialect)
    if _count(numbers) > max(reads[form], mine):
        return _counted_dates(numbers, dialect)
    if reads[form] <= mine:
        return None
    doubt = ""
    if form is Dates.day_first and reads[Dates.month_first] == reads[form]:
        doubt = "no day is above the 12th: were the month first, say dates: month_first instead"
    return FoundDialect(replace(dialect, dates=form), reads[form], doubt)


def remarks_on_lost(lost: pl.Series, kept: pl.Series, column: str, dialect: Dialect) -> list[str]:
    """What is to be said of rows that are lost for their numbers, where another dialect reads them.

    Args:
        lost: the texts of a column that are no numbers.
        kept: the numbers of the other rows.
        column: their name.
        dialect: in force.
    """
    found = found_numbers(lost, dialect)
    if found is None:
        return []
    numbers = as_numbers(lost, found.dialect)
    said = ", ".join(f"{name}: {value!r}" for name, value in found.dialect.differences().items())
    alike = lost_words(numbers, kept)
    beginning = f"{column}: {alike}; " if alike else f"{column}: "
    return [
        f"{beginning}{len(numbers.drop_nulls()):,} of {len(lost):,} can be read with {said} (dialects, in bank.yaml)"
    ]


def _texts(values: pl.Series) -> pl.Series:
    """The different values as text, without blank ones."""
    texts = values.cast(pl.String).drop_nulls().unique(maintain_order=True).head(LOOKED_AT)
    return texts.filter(texts.str.contains(r"\S"))


def _number_dialects(texts: pl.Series, dialect: Dialect) -> Iterator[Dialect]:
    """The dialects to try, plain ones first."""
    beside = texts.str.replace_all(r"[\d\s.,'’_()+\-\u{2212}\u{a0}\u{202f}]", "")
    signs = beside.filter(beside.str.contains(f"^{CURRENCY}$")).unique().sort().to_list()
    currencies = ["", *signs[:3]] if len(signs) <= 3 else [""]
    for currency, minus, (decimal, thousands) in product(currencies, Minus, _signs(texts)):
        yield replace(dialect, currency=currency, minus=minus, decimal=decimal, thousands=thousands)


def _signs(texts: pl.Series) -> Iterable[tuple[str, str]]:
    """Decimal and thousands signs to try; a sign between two others is tried for thousands first."""
    several = [sign for sign in (",", ".") if texts.str.contains(rf"\d[{sign}]\d{{3}}(?:[{sign}]|$|\D)").any()]
    yield ".", ""
    if "," in several:
        yield ".", ","
    yield ",", ""
    yield from ((".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (".", "’"), (",", "'"))


def _counted_dates(numbers: pl.Series, dialect: Dialect) -> FoundDialect | None:
    """How numbers count moments, by their size."""
    given = numbers.drop_nulls()
    if dialect.dates in (Dates.unix_hours, Dates.unix_days) or given.is_between(*YEARS).all():
        return None  # as was said; or years alone
    for form, (low, high) in LIKELY.items():
        within = int(given.is_between(low, high).sum())
        if within > len(given) / 2 and dialect.dates is not form:
            return FoundDialect(replace(dialect, dates=form), within, STEPS if form is Dates.unix_days else "")
    return None


def _count(numbers: pl.Series) -> int:
    return int(numbers.is_finite().sum())


def _sound(moments: pl.Series) -> int:
    return int(moments.dt.year().is_between(*YEARS).sum())

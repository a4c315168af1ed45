"""Moments as a bank writes them, as naive UTC."""

import polars as pl

from ringsight.records.amounts import as_numbers
from ringsight.records.dialect import Dates, Dialect

MOMENT = pl.Datetime("us")
FORMS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M%#z")
"""ISO 8601, after a `T` between date and time has become a space."""
YEARS = (1900, 2100)
"""First and last year that a timestamp may lie in; others are placeholders or slips."""
DAY_US = 86_400_000_000
EXCEL_DAYS = 25_569
"""Days from 30 December 1899 to 1970."""
UNIT = {
    Dates.unix_s: 1_000_000.0,
    Dates.unix_ms: 1_000.0,
    Dates.unix_us: 1.0,
    Dates.unix_hours: DAY_US / 24,
    Dates.unix_days: float(DAY_US),
    Dates.excel: float(DAY_US),
}
"""Microseconds in one unit of a number that is a moment."""
MONTHS = {
    **{
        name: at + 1
        for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    },
    **{"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12},  # German
    **{"fév": 2, "avr": 4, "juin": 6, "juil": 7, "aoû": 8, "déc": 12},  # French
    **{"ene": 1, "abr": 4, "ago": 8, "dic": 12},  # Spanish
}
"""The first letters of a month's name, in lower case -> its number."""
TIME = (
    r"(?:[ T,-]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
)
"""What may follow a date."""
PATTERNS = {
    Dates.year_first: r"^(?P<year>\d{4})[./-]?(?P<month>\d{2})[./-]?(?P<day>\d{2})" + TIME,
    Dates.day_first: r"^(?P<day>\d{1,2})[./ -]\s?(?P<month>\d{1,2}|\p{L}{3,10})\.?[./ -]\s?(?P<year>\d{4}|\d{2})"
    + TIME,
    Dates.month_first: r"^(?P<month>\d{1,2}|\p{L}{3,10})[./ -](?P<day>\d{1,2})[./ ,-]\s?(?P<year>\d{4}|\d{2})" + TIME,
}


def as_moments(values: pl.Series, dialect: Dialect) -> pl.Series:
    """Moments as naive UTC in microseconds; null where a value is none.

    Dates, timestamps with or without zone and ISO 8601 strings are taken in any case; other strings, and numbers, as
    the dialect says. What has no zone is in the dialect's. Years of two digits are those from 1969 to 2068.
    """
    if dialect.dates in UNIT and (values.dtype.is_numeric() or values.dtype == pl.String):
        counted = _counted(as_numbers(values, dialect), dialect)
        return counted if values.dtype != pl.String else _either(counted, _iso(values, dialect.timezone))
    if values.dtype == pl.String:
        iso = _iso(values, dialect.timezone)
        return _either(iso, _written(values, dialect)) if dialect.dates in PATTERNS else iso
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
        return values.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(MOMENT, strict=False)
    return _in_utc(values.cast(MOMENT, strict=False), dialect.timezone)


def _iso(values: pl.Series, timezone: str) -> pl.Series:
    """Moments of strings in ISO 8601."""
    text = values.str.strip_chars().str.replace(r"^(\d{4}-\d\d-\d\d)T", "${1} ")
    parsed = pl.Series(values.name, [None], dtype=MOMENT).new_from_index(0, len(values))
    for form in FORMS:
        if parsed.null_count() == text.null_count():
            break
        found = text.str.to_datetime(form, strict=False, time_unit="us")
        zoned = "z" in form
        utc = found.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else _in_utc(found, timezone)
        parsed = _either(parsed, utc)
    return parsed


def _written(values: pl.Series, dialect: Dialect) -> pl.Series:
    """Moments of strings that begin with day, month or year."""
    text = values.str.replace_all(r"[\u{a0}\u{202f}]", " ").str.strip_chars()
    match dialect.dates:
        case Dates.year_first:  # without any sign between the numbers
            text = text.str.replace(r"^(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(\d\d)", "${1}-${2}-${3} ${4}:${5}:${6}")
        case Dates.day_first:  # after the name of the day
            text = text.str.replace(r"^\p{L}{2,10}\.?,?\s+(\d)", "${1}")
        case _:
            pass
    parts = text.str.extract_groups(PATTERNS[dialect.dates]).struct.unnest()
    months = {name: str(number) for name, number in MONTHS.items()}
    letters = pl.col("month").str.to_lowercase()
    named = pl.coalesce(letters.str.slice(0, size).replace_strict(months, default=None) for size in (4, 3))
    year = pl.col("year").cast(pl.Int32, strict=False)
    year = (
        pl.when(pl.col("year").str.len_chars() > 2).then(year).when(year < 69).then(year + 2000).otherwise(year + 1900)
    )
    hour = pl.col("hour").cast(pl.Int32, strict=False).fill_null(0)
    half = pl.col("half").str.to_lowercase().str.slice(0, 1)
    hour = (
        pl.when(half.is_null())
        .then(hour)
        .when(~hour.is_between(1, 12))
        .then(99)
        .otherwise(hour % 12 + 12 * (half == "p"))
    )
    iso = pl.format(
        "{}-{}-{} {}:{}:{}.{}",
        year.cast(pl.String).str.zfill(4),
        pl.coalesce(pl.col("month").cast(pl.Int32, strict=False).cast(pl.String), named).str.zfill(2),
        pl.col("day").str.zfill(2),
        hour.cast(pl.String).str.zfill(2),
        pl.col("minute").fill_null("00"),
        pl.col("second").fill_null("00"),
        pl.col("part").fill_null("0"),
    )
    zone = pl.col("zone").replace("Z", "+00:00").fill_null("")
    return _iso(parts.select(iso + zone).to_series().alias(values.name), dialect.timezone)


def _counted(numbers: pl.Series, dialect: Dialect) -> pl.Series:
    """Moments of numbers that count from a beginning; a spreadsheet counts in its own zone, to the millisecond."""
    name = numbers.name
    if dialect.dates is Dates.excel:
        numbers = ((numbers - EXCEL_DAYS) * (DAY_US / 1000)).round() * 1000
    else:
        numbers = numbers * UNIT[dialect.dates]
    sane = numbers.set(~numbers.is_finite() | (numbers.abs() > 1e17), None)
    moments = sane.round().cast(pl.Int64).cast(MOMENT).alias(name)
    return _in_utc(moments, dialect.timezone) if dialect.dates is Dates.excel else moments


def _in_utc(moments: pl.Series, timezone: str) -> pl.Series:
    """Naive moments of a zone in UTC; null where a clock that went forward has no such hour."""
    if timezone == "UTC":
        return moments
    zoned = moments.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _either(first: pl.Series, second: pl.Series) -> pl.Series:
    return pl.select(pl.coalesce(first, second)).to_series().alias(first.name)

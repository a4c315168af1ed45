"""One table of a bank, Parquet or CSV, checked value by value: what remains is sound."""

import polars as pl

from ringsight.errors import DataError
from ringsight.records.contract import Table, Values
from ringsight.records.delimited import csv_header, read_csv
from ringsight.records.given_table import GivenTable
from ringsight.records.openings import counted_openings, unknown_openings
from ringsight.records.quarantine import FAULTS, ROW, Sieve, quoted

TEXT = (pl.String, pl.Categorical, pl.Enum)
DATES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M%#z")
"""ISO 8601, after a `T` between date and time has become a space."""
YEARS = (1900, 2100)
"""First and last year that a timestamp may lie in; others are placeholders or slips."""


def schema_of(given: GivenTable) -> dict[str, pl.DataType]:
    """Read the file's own columns and their types; those of a CSV are strings.

    Raises:
        DataError: if the file cannot be read.
    """
    if given.path.suffix == ".csv":
        return {name: pl.String() for name in csv_header(given.path)}
    try:
        return dict(pl.scan_parquet(given.path, glob=False).collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(given, error) from error


def read_table(given: GivenTable, table: Table, sources: dict[str, str]) -> Sieve:
    """Read the columns of `sources` (ours -> the bank's) under our names, unchecked but for their types.

    Owners and labels come as Categorical, which keeps ten million transactions within memory.

    Raises:
        DataError: if the file cannot be read, or a whole column has the wrong type.
    """
    schema = schema_of(given)
    select = []
    for ours, theirs in sources.items():
        kind = table.columns.get(ours)
        if kind is not None and not _fits(schema[theirs], kind):
            raise _wrong_type(given, ours, theirs, kind, f"it is {schema[theirs]}")
        select.append(_taken(pl.col(theirs), schema[theirs], kind).alias(ours))
    if given.path.suffix == ".csv":
        return Sieve(given, *read_csv(given.path, select))
    scan = pl.scan_parquet(given.path, row_index_name=ROW, row_index_offset=1, glob=False)
    try:
        rows = scan.select(*select, ROW).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(given, error) from error
    return Sieve(given, rows, pl.DataFrame(schema=FAULTS))


def check_values(sieve: Sieve, table: Table, sources: dict[str, str], owners: pl.Series | None = None) -> None:
    """Set aside the rows with a value that cannot be used, column by column, and give each column its type.

    Timestamps become naive UTC in microseconds, numbers float64.

    Args:
        sieve: the rows; changed in place.
        table: the contract.
        sources: as in `read_table`.
        owners: sorted customer ids; a record of another customer is an orphan.

    Raises:
        DataError: if no value of a column is of its type.
    """
    for column, kind in table.columns.items():
        if column not in sources:
            continue
        match kind:
            case Values.key | Values.text | Values.image:
                blank = sieve.rows[column].fill_null("").str.contains(r"^\s*$")
                sieve.set_aside(blank, column, pl.lit("empty"))
            case Values.owner:
                _check_owner(sieve, column, owners if owners is not None else pl.Series([], dtype=pl.String))
            case Values.time | Values.opening | Values.number:
                _convert(sieve, table, column, sources[column])
            case Values.label:
                pass


def check_repeats(sieve: Sieve, column: str) -> None:
    """Set aside every row whose id an earlier usable row of the file has, whether the rest agrees or not."""
    if sieve.rows[column].n_unique() < sieve.rows.height:
        reason = pl.format("repeated id: {}, the first is kept", quoted(pl.col(column)))
        sieve.set_aside(~sieve.rows[column].is_first_distinct(), column, reason)


def sorted_table(sieve: Sieve, table: Table) -> pl.DataFrame:
    """Sort the rows that remain, in the contract's order of columns and then the bank's; owners as strings."""
    ours = [column for column in table.columns if column in sieve.rows.columns]
    others = [column for column in sieve.rows.columns if column not in (*ours, ROW)]
    order = [column for column in table.order if column in ours]
    return sieve.rows.select(*ours, *others).sort(order).with_columns(pl.col("customer_id").cast(pl.String))


def empty_table(table: Table) -> pl.DataFrame:
    """Stand in for a table that the bank has not given: its required columns, no rows."""
    types = {Values.time: pl.Datetime("us"), Values.number: pl.Float64()}
    return pl.DataFrame(schema={column: types.get(kind, pl.String()) for column, kind in table.required.items()})


def _fits(dtype: pl.DataType, kind: Values) -> bool:
    """Whether a column of this type can hold values of this kind."""
    match kind:
        case Values.key | Values.owner:
            return dtype in TEXT or dtype.is_integer() or dtype == pl.Null
        case Values.time | Values.opening:
            return dtype in (*TEXT, pl.Datetime, pl.Date) or dtype == pl.Null
        case Values.number:
            return dtype in TEXT or dtype.is_numeric() or dtype == pl.Null
        case Values.text | Values.image | Values.label:
            return not dtype.is_nested() and dtype != pl.Binary


def _taken(column: pl.Expr, dtype: pl.DataType, kind: Values | None) -> pl.Expr:
    """How a column is read: strings that repeat as Categorical, ids and text as strings, the others as they are."""
    match kind:
        case Values.key | Values.text | Values.image:
            return column.cast(pl.String)
        case Values.owner | Values.label:
            text = column.cast(pl.String)
            return pl.when(text != "").then(text).cast(pl.Categorical)
        case _:
            return column.cast(pl.String) if dtype in TEXT else column


def _check_owner(sieve: Sieve, column: str, owners: pl.Series) -> None:
    """Set aside orphans, and put the owner's place among `owners` for the id, which then sorts as the ids do."""
    sieve.set_aside(sieve.rows[column].is_null(), column, pl.lit("empty"))
    known = sieve.rows[column].cast(pl.Enum(owners), strict=False)
    orphan = known.is_null()
    sieve.set_aside(orphan, column, pl.format("no such customer: {}", quoted(pl.col(column))))
    sieve.rows = sieve.rows.with_columns(known.filter(~orphan).alias(column))


def _convert(sieve: Sieve, table: Table, column: str, theirs: str) -> None:
    """Give moments and numbers their type; set aside what has none, unless it is absent or unknown, and may be."""
    kind = table.columns[column]
    given = sieve.rows[column]
    if kind is not Values.number:
        values = as_utc(given)
        bad = values.is_null() | ~values.dt.year().is_between(*YEARS)
    else:
        text = given.dtype == pl.String
        values = (given.str.strip_chars() if text else given).cast(pl.Float64, strict=False)
        bad = values.is_null() | ~values.is_finite()
    bad = bad.fill_null(True)
    if kind is Values.opening:
        told = given.cast(pl.String).str.strip_chars()
        unknown = unknown_openings(values, told)
        sieve.unknown = counted_openings(told.filter(unknown))
        values, bad = values.set(unknown, None), bad & ~unknown
    elif column in table.optional:
        bad &= given.is_not_null()
    if len(given) and bad.all():
        raise _wrong_type(sieve.given, column, theirs, kind, f"its first value is {str(given[0])[:60]!r}")
    what = "finite number" if kind is Values.number else "timestamp from 1900 to 2100"
    absent = pl.col(column).is_null()
    reason = pl.when(absent).then(pl.lit("empty")).otherwise(pl.format(f"no {what}: {{}}", quoted(pl.col(column))))
    sieve.set_aside(bad, column, reason)
    sieve.rows = sieve.rows.with_columns(values.filter(~bad).alias(column))


def as_utc(values: pl.Series) -> pl.Series:
    """Moments as naive UTC in microseconds; null where a value is none.

    Takes dates, timestamps with or without zone, and ISO 8601 strings with or without zone;
    what has no zone is taken for UTC.
    """
    moment = pl.Datetime("us")
    match values.dtype:
        case pl.Datetime(time_zone=zone):
            utc = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else values
            return utc.cast(moment, strict=False)
        case pl.String:
            text = values.str.strip_chars().str.replace(r"^(\d{4}-\d\d-\d\d)T", "${1} ")
            parsed = pl.Series(values.name, [None], dtype=moment).new_from_index(0, len(values))
            for form in DATES:
                if parsed.null_count() == text.null_count():
                    break
                found = text.str.to_datetime(form, strict=False, time_unit="us")
                zoned = "z" in form
                parsed = pl.select(pl.coalesce(parsed, as_utc(found) if zoned else found)).to_series()
            return parsed
        case _:
            return values.cast(moment, strict=False)


def _unreadable(given: GivenTable, error: Exception) -> DataError:
    message = str(error).splitlines()[0][:200]
    return DataError(f"not readable as Parquet ({message})", where=given.where, remedy="export the file again")


def _wrong_type(given: GivenTable, ours: str, theirs: str, kind: Values, found: str) -> DataError:
    wanted = {Values.key: "ids (text or whole numbers)", Values.owner: "ids (text or whole numbers)"}
    wanted |= dict.fromkeys((Values.time, Values.opening), "timestamps, for example 2024-05-17 09:30:00")
    wanted |= {Values.number: "finite numbers"}
    return DataError(
        f"the column {theirs!r} should hold {wanted.get(kind, 'text')}, but {found}",
        where=given.where,
        remedy=f"mend it, or map another: {given.mapping(ours, 'YOUR_COLUMN')}",
    )

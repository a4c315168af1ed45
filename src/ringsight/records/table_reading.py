"""One table of a bank, Parquet or CSV, checked value by value: what remains is sound."""

from collections.abc import Sequence

import polars as pl

from ringsight.errors import DataError
from ringsight.records.amounts import as_numbers
from ringsight.records.contract import Table, Values
from ringsight.records.delimited import csv_header, read_csv
from ringsight.records.dialect import Dialect, Plus
from ringsight.records.dialect_finding import remarks_on_lost
from ringsight.records.given_table import GivenFile, GivenTable
from ringsight.records.image_paths import plain_paths
from ringsight.records.joins import IdRule, named_customers, orphan_remarks, party_remarks
from ringsight.records.joint_owners import LISTED, owners_remark
from ringsight.records.moments import UNIT, YEARS, as_moments
from ringsight.records.openings import counted_openings, unknown_openings
from ringsight.records.quarantine import FAULTS, ROW, Sieve, quoted

TEXT = (pl.String, pl.Categorical, pl.Enum)
IDS = (Values.key, Values.owner, Values.party)
WHOLE = 2**53
"""Largest floating-point number up to which every whole one can be told from the next."""


def schema_of(given: GivenTable) -> dict[str, pl.DataType]:
    """Read the table's own columns and their types; those of delimited text are strings.

    Columns that its files have in several types are strings, too.

    Raises:
        DataError: if a file cannot be read.
    """
    merged: dict[str, pl.DataType] = {}
    for file in given.files:
        for name, dtype in _schema_of(given, file).items():
            merged[name] = dtype if merged.get(name, dtype) == dtype else pl.String()
    return merged


def read_table(given: GivenTable, table: Table, sources: dict[str, str]) -> Sieve:
    """Read the columns of `sources` (ours -> the bank's) under our names, unchecked but for their types.

    Owners and labels come as Categorical, which keeps ten million transactions within memory.

    Raises:
        DataError: if a file cannot be read or lacks a required column, or a whole column has the wrong type.
    """
    schema = schema_of(given)
    for ours, theirs in sources.items():
        kind = table.columns.get(ours)
        if kind is not None and not _fits(schema[theirs], kind, given.dialect):
            raise _wrong_type(given, ours, theirs, kind, f"it is {schema[theirs]}")
    frames, faults = [], []
    starts = [0]
    for file in given.files:
        rows, found = _read_file(given, file, table, sources, schema)
        frames.append(rows.with_columns(pl.col(ROW) + starts[-1]))
        faults.append(found.with_columns(pl.col("row") + starts[-1]))
        last = [frame[name].max() for frame, name in ((rows, ROW), (found, "row")) if not frame.is_empty()]
        starts.append(starts[-1] + max((number for number in last if isinstance(number, int)), default=0))
    labels = pl.DataFrame({"file": [file.label for file in given.files], "start": starts[:-1]})
    return Sieve(given, pl.concat(frames), pl.concat(faults), labels)


def _schema_of(given: GivenTable, file: GivenFile) -> dict[str, pl.DataType]:
    """The columns of one file, and those that its folders name."""
    path = given.plain_of(file)
    keys: dict[str, pl.DataType] = dict.fromkeys(file.keys, pl.String())
    if path.suffix != ".parquet":
        return keys | {name: pl.String() for name in csv_header(path, given.sign_of(file), given.where_of(file))}
    try:
        return keys | dict(pl.scan_parquet(path, glob=False, hive_partitioning=False).collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(given.where_of(file), error) from error


def _read_file(
    given: GivenTable, file: GivenFile, table: Table, sources: dict[str, str], schema: dict[str, pl.DataType]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read one file: its rows, and the faults met in reading it."""
    own = _schema_of(given, file)
    select = []
    for ours, theirs in sources.items():
        if theirs not in own and ours in table.required:
            lacks = f"lacks the column {theirs!r}, which other files of {given.name} have"
            raise DataError(lacks, where=given.where_of(file), remedy="export the files with the same columns")
        if theirs in file.keys and theirs not in own.keys() - file.keys:
            value: pl.Expr = pl.lit(file.keys[theirs], pl.String)
        else:
            value = pl.col(theirs) if theirs in own else pl.lit(None, schema[theirs])
        kind = table.columns.get(ours)
        if kind is Values.image:
            value = plain_paths(value, given.dialect)
        if own.get(theirs, schema[theirs]) != schema[theirs]:
            value = _as_id(value, own[theirs]) if kind in IDS else value.cast(pl.String)
        select.append(_taken(value, schema[theirs], kind).alias(ours))
    path = given.plain_of(file)
    if path.suffix != ".parquet":
        return read_csv(path, select, given.sign_of(file), given.where_of(file))
    scan = pl.scan_parquet(path, row_index_name=ROW, row_index_offset=1, glob=False, hive_partitioning=False)
    try:
        rows = scan.select(*select, ROW).collect(engine="streaming")
        for ours, theirs in sources.items():
            if table.columns.get(ours) in IDS and own.get(theirs, pl.Null()).is_float():
                _refuse_fractions(given, ours, theirs, scan.select(theirs).collect().to_series())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(given.where_of(file), error) from error
    return rows, pl.DataFrame(schema=FAULTS)


def check_values(
    sieve: Sieve,
    table: Table,
    sources: dict[str, str],
    owners: pl.Series | None = None,
    rules: Sequence[IdRule] = (),
) -> None:
    """Set aside the rows with a value that cannot be used, column by column, and give each column its type.

    Timestamps become naive UTC in microseconds, numbers float64.

    Args:
        sieve: the rows; changed in place.
        table: the contract.
        sources: as in `read_table`.
        owners: sorted customer ids; a record of another customer is an orphan.
        rules: what of an id does not count when its customer is looked up.

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
                known = owners if owners is not None else pl.Series([], dtype=pl.String)
                named = named_customers(sieve.rows[column], known, rules)
                sieve.rows = sieve.rows.with_columns(named.alias(column))
                _check_owner(sieve, column, known, rules)
            case Values.party:
                known = owners if owners is not None else pl.Series([], dtype=pl.String)
                sieve.remarks += party_remarks(sieve.rows[column], column, known, rules)
                named = named_customers(sieve.rows[column], known, rules)
                sieve.rows = sieve.rows.with_columns(named.alias(column))
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


def _fits(dtype: pl.DataType, kind: Values, dialect: Dialect) -> bool:
    """Whether a column of this type can hold values of this kind."""
    match kind:
        case Values.owner if isinstance(dtype, pl.List):
            return _fits(_inner(dtype), kind, dialect)  # of several owners
        case Values.key | Values.owner:
            return dtype in TEXT or dtype.is_integer() or dtype == pl.Null or _may_be_whole(dtype)
        case Values.time | Values.opening:
            counted = dialect.dates in UNIT and dtype.is_numeric()
            return dtype in (*TEXT, pl.Datetime, pl.Date) or dtype == pl.Null or counted
        case Values.number:
            return dtype in TEXT or dtype.is_numeric() or dtype == pl.Null
        case Values.text | Values.image | Values.party | Values.label:
            return not dtype.is_nested() and dtype != pl.Binary


def _inner(dtype: pl.List) -> pl.DataType:
    """What a list holds."""
    return dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()


def _may_be_whole(dtype: pl.DataType) -> bool:
    """Whether numbers of this type can be whole ones, as databases and pandas write ids."""
    return dtype.is_float() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)


def _as_id(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Ids as text; whole numbers without a fraction."""
    if not dtype.is_float():
        return column.cast(pl.String)
    column = column.fill_nan(None)
    whole = (column == column.floor()) & (column.abs() <= WHOLE)
    return pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))


def _refuse_fractions(given: GivenTable, ours: str, theirs: str, ids: pl.Series) -> None:
    """Refuse ids as floating-point numbers that are not whole, or so large that digits are lost."""
    broken = ids.filter(ids.is_finite() & ((ids != ids.floor()) | (ids.abs() > WHOLE)))
    if not broken.is_empty():
        found = f"it is {ids.dtype}, with {broken[0]!r} in it, which is no whole number up to 2^53"
        raise _wrong_type(given, ours, theirs, Values.key, found)


def _taken(column: pl.Expr, dtype: pl.DataType, kind: Values | None) -> pl.Expr:
    """How a column is read: strings that repeat as Categorical, ids and text as strings, the others as they are."""
    match kind:
        case Values.key:
            return _as_id(column, dtype)
        case Values.text | Values.image:
            return column.cast(pl.String)
        case Values.owner if isinstance(dtype, pl.List):
            listed = column.list.eval(_as_id(pl.element(), _inner(dtype))).list.drop_nulls().list.join(LISTED)
            return pl.when(listed != "").then(listed).cast(pl.Categorical)
        case Values.owner | Values.party | Values.label:
            text = column.cast(pl.String) if kind is Values.label else _as_id(column, dtype)
            return pl.when(text != "").then(text).cast(pl.Categorical)
        case _:
            return column.cast(pl.String) if dtype in TEXT else column


def _check_owner(sieve: Sieve, column: str, owners: pl.Series, rules: Sequence[IdRule]) -> None:
    """Set aside orphans, and put the owner's place among `owners` for the id, which then sorts as the ids do."""
    sieve.set_aside(sieve.rows[column].is_null(), column, pl.lit("empty"))
    known = sieve.rows[column].cast(pl.Enum(owners), strict=False)
    orphan = known.is_null()
    if orphan.any():
        sieve.remarks += orphan_remarks(sieve.rows[column], orphan, owners, rules)
        lost = sieve.rows[column].filter(orphan).cast(pl.String)
        sieve.remarks += owners_remark(lost, owners, rules, sieve.given.name)
    sieve.set_aside(orphan, column, pl.format("no such customer: {}", quoted(pl.col(column))))
    sieve.rows = sieve.rows.with_columns(known.filter(~orphan).alias(column))


def _convert(sieve: Sieve, table: Table, column: str, theirs: str) -> None:
    """Give moments and numbers their type; set aside what has none, unless it is absent or unknown, and may be."""
    kind = table.columns[column]
    given = sieve.rows[column]
    if kind is not Values.number:
        values = as_moments(given, sieve.given.dialect)
        bad = values.is_null() | ~values.dt.year().is_between(*YEARS)
    else:
        values = as_numbers(given, sieve.given.dialect)
        values = -values if sieve.given.dialect.plus is Plus.paid else values
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
    if kind is Values.number and given.dtype == pl.String and bad.any():
        sieve.remarks += remarks_on_lost(given.filter(bad), values.filter(~bad), column, sieve.given.dialect)
    reason = pl.when(absent).then(pl.lit("empty")).otherwise(pl.format(f"no {what}: {{}}", quoted(pl.col(column))))
    sieve.set_aside(bad, column, reason)
    sieve.rows = sieve.rows.with_columns(values.filter(~bad).alias(column))


def _unreadable(where: str, error: Exception) -> DataError:
    message = str(error).splitlines()[0][:200]
    return DataError(f"not readable as Parquet ({message})", where=where, remedy="export the file again")


def _wrong_type(given: GivenTable, ours: str, theirs: str, kind: Values, found: str) -> DataError:
    wanted = {Values.key: "ids (text or whole numbers)", Values.owner: "ids (text or whole numbers)"}
    wanted |= dict.fromkeys((Values.time, Values.opening), "timestamps, for example 2024-05-17 09:30:00")
    wanted |= {Values.number: "finite numbers"}
    return DataError(
        f"the column {theirs!r} should hold {wanted.get(kind, 'text')}, but {found}",
        where=given.where,
        remedy=f"mend it, or map another: {given.mapping(ours, 'YOUR_COLUMN')}",
    )

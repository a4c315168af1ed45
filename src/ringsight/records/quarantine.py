"""Rows that cannot be used: set aside with file, row, column and reason, counted, and written down."""

import re
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records.bank import Bank
from ringsight.records.given_table import GivenTable
from ringsight.records.writing import write_folder_atomically
from ringsight.records.written import PLACEHOLDERS

QUARANTINE = {"file": pl.String, "row": pl.Int64, "column": pl.String, "reason": pl.String}
"""Columns of a quarantine table. `reason` reads "kind" or "kind: the offending value"."""
FAULTS = {"row": pl.UInt32, "column": pl.String, "reason": pl.String}
"""The same within one file; `column` is empty where a whole row is at fault."""
ROW = "ringsight.row"
"""Column of a table being read: the number of the row in its file, from 1, without the header."""
SHOWN = 60
"""Characters of an offending value that a reason quotes at most."""
EXAMPLES = 5
"""Rows that an error quotes at most."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that move the cursor, end a line or turn its direction, and those that stand for bytes of no text."""
QUOTED = 3
"""Rows that a summary names of each reason."""
MOST_ALLOWED = 0.2
"""Largest share of a table's rows that a remedy proposes to do without."""


def quoted(value: pl.Expr) -> pl.Expr:
    """Quote a value as reasons do: in quotation marks, shortened to `SHOWN` characters."""
    text = value.cast(pl.String)
    cut = pl.when(text.str.len_chars() > SHOWN).then(text.str.slice(0, SHOWN) + "…").otherwise(text)
    return pl.format("'{}'", cut)


def printable(line: str) -> str:
    """A line without the control characters that a bank may have written into values and names of files."""
    return CONTROL.sub("\ufffd", line)


class Sieve:
    """The rows of one table on their way into the bank; each unusable one is set aside once, at its first fault.

    `rows` has the column `ROW` beside the table's own; `unknown` tells of values that stand for nothing.
    """

    def __init__(self, given: GivenTable, rows: pl.DataFrame, faults: pl.DataFrame, files: pl.DataFrame) -> None:
        """Begin with the rows of the table that was `given`, and the faults (row, column, reason) met in reading it.

        Args:
            given: the table.
            rows: those that could be read; of a table in several files, numbered through all of them.
            faults: of the others, numbered alike.
            files: file, and start: how many rows stand in the files before it; sorted by start.
        """
        self.given = given
        self.rows = rows
        self.total = rows.height + faults.height
        self.remarks: list[str] = []
        """What is to be said of the table, beside what was set aside."""
        self._faults = [faults]
        self.unknown = pl.DataFrame(schema=PLACEHOLDERS)
        self._files = files.with_columns(pl.col("start").cast(pl.Int64))

    def set_aside(self, bad: pl.Series, column: str, reason: pl.Expr) -> None:
        """Take the rows where `bad` is true out of `rows`; `reason` is evaluated on them."""
        if not bad.any():
            return
        faulty = self.rows.filter(bad).rechunk()  # Polars 2.1 panics over an empty first chunk in `quoted`
        self._faults.append(faulty.select(row=ROW, column=pl.lit(column), reason=reason))
        self.rows = self.rows.filter(~bad)

    def place(self, row: int) -> str:
        """Where a row of `rows` stands."""
        file, own = self._placed(pl.DataFrame({"row": [row]})).select("file", "row").row(0)
        return f"{file}, row {own}" if len(self._files) > 1 else f"row {own}"

    def faults(self) -> pl.DataFrame:
        """Everything set aside so far, in the columns of `QUARANTINE`, sorted by row."""
        placed = self._placed(pl.concat(self._faults))
        return placed.select(pl.col(name).cast(dtype) for name, dtype in QUARANTINE.items())

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The same with file, and row in the file, for the number of a row through all files; sorted by it."""
        numbered = rows.with_columns(pl.col("row").cast(pl.Int64)).sort("row", maintain_order=True)
        placed = numbered.with_columns(before=pl.col("row") - 1).join_asof(
            self._files, left_on="before", right_on="start", strategy="backward", check_sortedness=False
        )
        return placed.with_columns(row=pl.col("row") - pl.col("start"))

    def check_share(self, max_bad_rows: float) -> None:
        """Stop if too many rows were set aside.

        Raises:
            DataError: if their share of the file's rows is above `max_bad_rows`; names the first of them.
        """
        faults = self.faults()
        if faults.height <= max_bad_rows * self.total:
            return
        several = len(self._files) > 1
        examples = [
            f"  {file + ', ' if several else ''}row {row}{', ' + column if column else ''}: {reason}"
            for file, row, column, reason in faults.head(EXAMPLES).iter_rows()
        ]
        remedy = f"mend the {self.given.kind}"
        if faults.height <= MOST_ALLOWED * self.total:
            share = self.given.setting("max_bad_rows", _next_share(faults.height, self.total))
            remedy += f", or allow a larger share: {share}"
        raise DataError(
            f"{faults.height:,} of {self.total:,} rows cannot be used, more than {max_bad_rows:.2%}; the first:\n"
            + "\n".join([*examples, *self.remarks]),
            where=self.given.where,
            remedy=remedy,
        )


def write_quarantine(bank: Bank, folder: Path) -> None:
    """Write into `folder` one CSV for each table with unusable rows, and summary.csv.

    summary.csv counts rows by file, column and reason, and names the first of them; it quotes no value, so that nobody
    has to be erased from it.
    The folder is replaced as a whole, so nothing of a former run remains.
    """
    named = pl.col("file").str.split("/").list.first().str.split(".").list.first()
    with write_folder_atomically(folder) as partial:
        for (table,), rows in bank.quarantine.group_by(named.alias("table"), maintain_order=True):
            rows.write_csv(partial / f"{table}.csv")
        summary(bank).drop("example").write_csv(partial / "summary.csv")


def summary(bank: Bank) -> pl.DataFrame:
    """Rows set aside, counted; columns file, column, reason, rows, first_rows, example, the largest of a file first.

    A reason is the kind alone; `example` is what the first row holds in quotation marks, or empty.
    """
    parted = pl.col("reason").str.splitn(": ", 2)
    counted = (
        bank.quarantine.with_columns(
            kind=parted.struct.field("field_0"), value=parted.struct.field("field_1").fill_null("")
        )
        .group_by("file", "column", reason="kind")
        .agg(
            rows=pl.len(),
            first_rows=pl.col("row").head(QUOTED).cast(pl.String).str.join(", "),
            example=pl.col("value").first(),
        )
    )
    return counted.sort("file", -pl.col("rows").cast(pl.Int64), "column", "reason")


def _next_share(bad: int, total: int) -> float:
    """Find the smallest share, in whole per cent, that would let the file pass."""
    return -(-bad * 100 // total) / 100

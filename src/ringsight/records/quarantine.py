"""Rows that cannot be used: set aside with file, row, column and reason, counted, and written down."""

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


def quoted(value: pl.Expr) -> pl.Expr:
    """Quote a value as reasons do: in quotation marks, shortened to `SHOWN` characters."""
    text = value.cast(pl.String)
    cut = pl.when(text.str.len_chars() > SHOWN).then(text.str.slice(0, SHOWN) + "…").otherwise(text)
    return pl.format("'{}'", cut)


class Sieve:
    """The rows of one table on their way into the bank; each unusable one is set aside once, at its first fault.

    `rows` has the column `ROW` beside the table's own; `unknown` tells of values that stand for nothing.
    """

    def __init__(self, given: GivenTable, rows: pl.DataFrame, faults: pl.DataFrame) -> None:
        """Begin with the rows of the table that was `given` and the faults (row, column, reason) met in reading it."""
        self.given = given
        self.rows = rows
        self.total = rows.height + faults.height
        self._faults = [faults]
        self.unknown = pl.DataFrame(schema=PLACEHOLDERS)

    def set_aside(self, bad: pl.Series, column: str, reason: pl.Expr) -> None:
        """Take the rows where `bad` is true out of `rows`; `reason` is evaluated on them."""
        if not bad.any():
            return
        self._faults.append(self.rows.filter(bad).select(row=ROW, column=pl.lit(column), reason=reason))
        self.rows = self.rows.filter(~bad)

    def faults(self) -> pl.DataFrame:
        """Everything set aside so far, in the columns of `QUARANTINE`, sorted by row."""
        faults = pl.concat(self._faults).with_columns(file=pl.lit(self.given.label))
        return faults.select(pl.col(name).cast(dtype) for name, dtype in QUARANTINE.items()).sort("row")

    def check_share(self, max_bad_rows: float) -> None:
        """Stop if too many rows were set aside.

        Raises:
            DataError: if their share of the file's rows is above `max_bad_rows`; names the first of them.
        """
        faults = self.faults()
        if faults.height <= max_bad_rows * self.total:
            return
        examples = [
            f"  row {row}{', ' + column if column else ''}: {reason}"
            for _, row, column, reason in faults.head(EXAMPLES).iter_rows()
        ]
        raise DataError(
            f"{faults.height:,} of {self.total:,} rows cannot be used, more than {max_bad_rows:.2%}; the first:\n"
            + "\n".join(examples),
            where=self.given.where,
            remedy=f"mend the {self.given.kind}, or allow a larger share: "
            + self.given.setting("max_bad_rows", _next_share(faults.height, self.total)),
        )


def write_quarantine(bank: Bank, folder: Path) -> None:
    """Write into `folder` one CSV for each file with unusable rows, and summary.csv.

    summary.csv counts rows by file, column and reason.
    The folder is replaced as a whole, so nothing of a former run remains.
    """
    with write_folder_atomically(folder) as partial:
        for (file,), rows in bank.quarantine.group_by("file", maintain_order=True):
            rows.write_csv(partial / f"{Path(str(file)).stem}.csv")
        summary(bank).write_csv(partial / "summary.csv")


def summary(bank: Bank) -> pl.DataFrame:
    """Rows set aside, counted by file, column and kind of reason; columns file, column, reason, rows."""
    kind = pl.col("reason").str.split(": ").list.first()
    counted = bank.quarantine.group_by("file", "column", reason=kind).agg(rows=pl.len())
    return counted.sort("file", "column", "reason")


def _next_share(bad: int, total: int) -> float:
    """Find the smallest share, in whole per cent, that would let the file pass."""
    return -(-bad * 100 // total) / 100

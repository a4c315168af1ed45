"""`ringsight decisions`: the decisions of analysts, as typed pairs for training and detection."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl
from rich.console import Console

from ringsight.cases.case import Status
from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.users import EXPORTER
from ringsight.jobs.command import Command
from ringsight.records.writing import write_atomically


class DecisionsAction(StrEnum):
    """What can be done with decisions."""

    export = "export"
    contradictions = "contradictions"


@dataclass(kw_only=True, slots=True)
class DecisionsJob:
    """The settings of `ringsight decisions`."""

    do: DecisionsAction = DecisionsAction.export
    """`export`: the decided pairs, for `fusion.pairs` and `detect.decisions`; `contradictions`: contradictory pairs."""
    run: Path = Path("out/run")
    """Folder of the run whose cases they are."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""
    out: Path = Path("out/decisions.csv")
    """File to write: Parquet where it ends so, else CSV."""


def run(config: DecisionsJob) -> pl.DataFrame:
    """Write the file, and print how many pairs there are, and what was left out.

    Raises:
        BookError: if the database cannot be opened.
    """
    console = Console(highlight=False, markup=False)
    with open_casebook(casebook_of(config.run, config.database), new=False) as book:
        contradictions = book.contradictions()
        second_review = sum(case.resting is Status.second_review for case in book.cases())
        match config.do:
            case DecisionsAction.export:
                table = book.export_decisions(EXPORTER)
            case DecisionsAction.contradictions:
                table = contradictions
    with write_atomically(config.out) as partial:
        if config.out.suffix == ".parquet":
            table.write_parquet(partial)
        else:
            table.write_csv(partial)
    console.print(f"Wrote {table.height:,} rows to {config.out}.", soft_wrap=True)
    if config.do is DecisionsAction.export and contradictions.height:
        again = "ringsight decisions do=contradictions out=FILE"
        console.print(f"Left out as contradictory: {contradictions.height:,}; `{again}` lists them.")
    if second_review:
        console.print(f"Left out until a second analyst has judged: cases, {second_review:,}.")
    return table


COMMAND = Command("decisions", DecisionsJob, run, verbatim=("database",))

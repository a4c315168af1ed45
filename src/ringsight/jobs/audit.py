"""`ringsight audit`: verifies the audit trail of the review, and exports it."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from ringsight.cases import clock
from ringsight.cases.casebook import CaseBook, casebook_of, open_casebook
from ringsight.cases.errors import BrokenTrailError
from ringsight.cases.users import INSPECTOR
from ringsight.jobs.command import Command
from ringsight.records.writing import write_atomically


class AuditAction(StrEnum):
    """What can be done with the audit trail."""

    verify = "verify"
    export = "export"


@dataclass(kw_only=True, slots=True)
class AuditJob:
    """The settings of `ringsight audit`."""

    do: AuditAction = AuditAction.verify
    """`verify` checks that nothing was changed; `export` does so too, and writes each entry to `out` as a line of
    JSON."""
    run: Path = Path("out/run")
    """Folder of the run whose cases they are."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""
    head: str = ""
    """A hash that an earlier `ringsight audit` gave: it must still be in the trail."""
    out: Path = Path("out/trail.jsonl")
    """File that `export` writes."""


def run(config: AuditJob) -> str:
    """Verify the chain, and that the queue agrees with the log; give the hash of the last entry.

    An export is an entry itself, the last one in its file.

    Raises:
        BrokenTrailError: naming the first entry that was changed, or the cases on which queue and log differ.
    """
    with open_casebook(casebook_of(config.run, config.database), new=False) as book:
        entries = book.audit.verify(config.head)
        out_of_sync = book.out_of_sync()
        if out_of_sync:
            raise BrokenTrailError(
                f"the queue does not agree with the log on {', '.join(out_of_sync[:10])}: somebody changed its tables",
                where="database",
                remedy="restore the tables of the queue from a backup; the log is unchanged",
            )
        if config.do is AuditAction.export:
            _export(book, config.out)
        head = book.audit.head()
    console = Console(highlight=False, markup=False)
    if config.do is AuditAction.export:
        console.print(f"Wrote the trail to {config.out}.", soft_wrap=True)
    console.print(
        f"{entries:,} entries, none of them changed. Note this hash elsewhere: it covers them all.\n{head}",
        soft_wrap=True,
    )
    return head


def _export(book: CaseBook, out: Path) -> None:
    with write_atomically(out) as partial, partial.open("w", encoding="utf-8") as lines:
        for entry in book.audit.everything(INSPECTOR):
            told = asdict(entry) | {"at": clock.written(entry.at)}
            lines.write(json.dumps(told, sort_keys=True, ensure_ascii=False) + "\n")


COMMAND = Command("audit", AuditJob, run, verbatim=("head", "database"))

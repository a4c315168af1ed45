"""`ringsight audit`: proves that the audit trail of the review is what was written."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ringsight.jobs.door import Door
from ringsight.review.cases.casebook import casebook_of, open_casebook
from ringsight.review.cases.refusals import BrokenTrail


@dataclass(kw_only=True, slots=True)
class AuditJob:
    """What `ringsight audit` can be told."""

    run: Path = Path("out/run")
    """Folder of the run whose cases they are."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""
    head: str = ""
    """A hash that an earlier `ringsight audit` gave: it must still be in the trail."""


def run(config: AuditJob) -> str:
    """Verify the chain, and that the queue shows what the log says; give the hash that seals it all.

    Raises:
        BrokenTrail: naming the first entry, or the first case, that is not what was written.
    """
    with open_casebook(casebook_of(config.run, config.database), new=False) as book:
        entries = book.audit.verify(config.head)
        drifted = book.drifted()
        head = book.audit.head()
    if drifted:
        raise BrokenTrail(
            f"the queue does not show what the log says of {', '.join(drifted[:10])}",
            where="database",
            remedy="the table was changed by hand; the log has what is right",
        )
    Console(highlight=False, markup=False).print(
        f"{entries:,} entries, each following from the one before. Note this hash elsewhere, it seals all:\n{head}",
        soft_wrap=True,
    )
    return head


DOOR = Door("audit", AuditJob, run, verbatim=("head", "database"))

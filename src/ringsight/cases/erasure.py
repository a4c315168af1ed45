"""Erasing a customer from all that the review keeps: the case book, and the results of the runs of its cases."""

from dataclasses import dataclass
from pathlib import Path

from ringsight.cases.casebook import CaseBook
from ringsight.cases.users import User
from ringsight.runs.erasure import erase_from_results, pseudonym
from ringsight.runs.paths import RunPaths


@dataclass(frozen=True, slots=True)
class Erased:
    """How much named a customer until the erasure."""

    entries: int
    """Entries of the audit trail that were redacted."""
    files: int
    """Tables and ledgers that were rewritten, and reports that were removed, in the folders of runs."""


def erase_customer(book: CaseBook, customer_id: str, user: User) -> Erased:
    """Erase a customer from a case book and its runs, with one pseudonym; runs whose folder is gone are skipped.

    Raises:
        ForbiddenError: without the right `erase`.
        DataError: if a file of a run still names the customer, or cannot be read.
    """
    name = pseudonym()
    entries = book.forget(customer_id, user, name)
    runs = sorted({Path(case.run) for case in book.cases()})
    return Erased(entries, sum(erase_from_results(RunPaths(run), customer_id, name) for run in runs if run.is_dir()))

"""The case book: every case, what was decided, and who may do what."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from ringsight.review.cases.accounts import Accounts, User
from ringsight.review.cases.audit import Audit
from ringsight.review.cases.case import Case, CaseRow, Decision, Event, QueueFilter
from ringsight.review.cases.settings import CaseSettings


def open_casebook(url: str, settings: CaseSettings | None = None) -> "CaseBook":
    """Open the case book at a database URL (`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`).

    Migrations are run first.

    Raises:
        BookError: if the database is unreachable, not ours, or newer than this version.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands above the queue."""

    fdr: float
    """Rate asked of the last run taken in."""
    expected_false_flags: float
    flags: int
    """Rings that the last run flagged."""
    capacity: int
    """Cases that the team can open in a day."""
    opened_today: int
    """Cases claimed for the first time since midnight UTC."""
    open: int
    """Cases that wait."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An estimate of the rings below the line that are one hand's."""

    below: int
    """Rings below the line in the last run."""
    drawn: int
    decided: int
    confirmed: int
    """Of the decided, those judged `same_hand`."""
    estimate: float
    """below x confirmed / decided: unbiased where all that were drawn are decided; NaN where none is."""
    low: int
    high: int
    """95 % interval of the number of rings missed, exact (hypergeometric)."""


class CaseBook:
    """All cases of one database. Every method is one transaction; all may be called from several threads.

    Every change asks for a `User` and raises `Forbidden` where the role may not. Unknown cases raise `CaseError`.
    """

    accounts: Accounts
    audit: Audit

    def close(self) -> None:
        """Give the connections back."""
        raise NotImplementedError

    def take_in(self, folder: Path, bank: Path) -> int:
        """Open or renew the cases of a finished run; decisions stay. The same run again changes nothing.

        Returns:
            How many cases are new or changed.

        Raises:
            DataError: if the run is not finished, or is of other records than the bank's.
        """
        raise NotImplementedError

    def queue(self, which: QueueFilter) -> list[CaseRow]:
        """Cases by expected value, highest first."""
        raise NotImplementedError

    def overview(self) -> Overview:
        """What stands above the queue: error rate, capacity, counts."""
        raise NotImplementedError

    def set_capacity(self, user: User, cases: int) -> None:
        """Say how many cases the team can open in a day."""
        raise NotImplementedError

    def case(self, case_id: str) -> Case:
        """A case as it stands."""
        raise NotImplementedError

    def related(self, case_id: str) -> dict[str, tuple[str, ...]]:
        """Other cases that share members: case id -> the members shared."""
        raise NotImplementedError

    def history(self, case_id: str) -> list[Event]:
        """Its entries in the log, oldest first."""
        raise NotImplementedError

    def claim(self, case_id: str, user: User) -> Case:
        """Take a case; one's own may be taken again.

        Raises:
            Claimed: naming who holds it.
            CaseError: if it is decided or merged.
            Forbidden: if it is escalated and the user is no lead, or waits for another pair of eyes than the user's.
        """
        raise NotImplementedError

    def claim_next(self, user: User, which: QueueFilter | None = None) -> Case | None:
        """Take the most valuable case that the user may take, in one step; None where there is none."""
        raise NotImplementedError

    def release(self, case_id: str, user: User) -> Case:
        """Put a case back; a lead may put back what others hold."""
        raise NotImplementedError

    def snooze(self, case_id: str, user: User, until: datetime) -> Case:
        """Put a case away until a moment (UTC); then it is open again by itself."""
        raise NotImplementedError

    def escalate(self, case_id: str, user: User, reason: str) -> Case:
        """Hand a case to the leads."""
        raise NotImplementedError

    def decide(self, case_id: str, user: User, decision: Decision, version: int) -> Case:
        """Decide on the ring, a member or a link; who decides must hold the case.

        Raises:
            Stale: if the case is no longer at `version`.
            Claimed: if another holds it.
            CaseError: if nobody holds it, or a subject is no member.
        """
        raise NotImplementedError

    def undo(self, case_id: str, user: User, version: int) -> Case:
        """Take back the last decision; the case is again what it was before.

        Raises:
            Stale: if the case is no longer at `version`.
            CaseError: if the last thing done to the case is no decision.
            Forbidden: if it is another's, and the user is no lead.
        """
        raise NotImplementedError

    def split(self, case_id: str, user: User, members: list[str], version: int) -> tuple[Case, Case]:
        """Move members out into a case of their own; gives what is left, then the new one, both in the user's hands."""
        raise NotImplementedError

    def merge(self, case_id: str, into: str, user: User, version: int) -> Case:
        """Add a case's members to another that the user holds; gives that other."""
        raise NotImplementedError

    def export_decisions(self, user: User) -> pl.DataFrame:
        """Typed pairs: customer_a, customer_b, decision, decided_at, source, case_id, as `detect.decisions` reads them.

        Pairs that contradict each other are not among them; `contradictions` lists those.
        """
        raise NotImplementedError

    def contradictions(self) -> pl.DataFrame:
        """Pairs decided both ways, or held apart although others tie them: a row for each case that says so."""
        raise NotImplementedError

    def save_view(self, user: User, name: str, which: QueueFilter) -> None:
        """Keep a filter under a name; an earlier one of that name goes."""
        raise NotImplementedError

    def views(self, user: User) -> dict[str, QueueFilter]:
        """The user's saved filters, by name."""
        raise NotImplementedError

    def drop_view(self, user: User, name: str) -> None:
        """Drop a saved filter."""
        raise NotImplementedError

    def missed(self) -> Missed:
        """An estimate of what is missed, from the random sample below the line."""
        raise NotImplementedError

    def times(self) -> pl.DataFrame:
        """Minutes of work by case and user: case_id, user, minutes, verdict, score_seen."""
        raise NotImplementedError

    def forget(self, customer_id: str, user: User) -> int:
        """Erase a customer from cases, decisions and trail; the chain still verifies.

        Returns:
            How many entries were redacted.
        """
        raise NotImplementedError

    def expire(self, before: datetime, user: User) -> int:
        """Erase the members of the cases that were closed before a moment, as `forget` does each.

        Returns:
            How many customers were erased.
        """
        raise NotImplementedError

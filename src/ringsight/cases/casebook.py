"""The case book: every case, what was decided, and who may do what."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import polars as pl

from ringsight.cases import forgetting, steps
from ringsight.cases.accounts import Accounts
from ringsight.cases.audit_trail import AuditTrail, append, events
from ringsight.cases.case import Case, CaseEntry, CaseRow, Decision, QueueFilter, Status
from ringsight.cases.database import Database
from ringsight.cases.decided_pairs import decided_pairs
from ringsight.cases.errors import CaseError, ForbiddenError
from ringsight.cases.federation import Federation
from ringsight.cases.incoming_run import read_incoming_run
from ringsight.cases.queue import out_of_sync, ranked, sharing
from ringsight.cases.renewal import renew_cases
from ringsight.cases.replay import Action
from ringsight.cases.saved_filters import SavedFilters
from ringsight.cases.sessions import Sessions
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import Right, User
from ringsight.cases.workload import Workload
from ringsight.runs.erasure import pseudonym

NEXT = QueueFilter(statuses=(Status.open, Status.second_review), limit=1000)
"""What `claim_next` takes from."""


def open_casebook(url: str, settings: CaseSettings | None = None, *, new: bool = True) -> "CaseBook":
    """Open the case book at a database URL (`sqlite:///FILE` or `postgresql://USER@HOST/NAME`).

    Migrations are run first. A password need not stand in the URL: PostgreSQL's `PGPASSWORD` and password file hold.

    Args:
        url: of the database.
        settings: how the team works; by default the settings' own defaults.
        new: whether an SQLite file is made where there is none.

    Raises:
        BookError: if the database is unreachable, absent, of another kind, or made by a later version.
    """
    return CaseBook(Database(url, new=new), settings or CaseSettings())


def casebook_of(run: Path, database: str = "") -> str:
    """The database URL of a run's case book: the one that is named, or else `cases.db` inside the run."""
    return database or f"sqlite:///{run / 'cases.db'}"


class CaseBook:
    """All cases of one database. Every method is one transaction; all may be called from several threads.

    Every change asks for a `User` and raises `ForbiddenError` where the role may not. Unknown cases raise `CaseError`.
    """

    def __init__(self, database: Database, settings: CaseSettings) -> None:
        """Keep the cases in this database."""
        self._database = database
        self._settings = settings
        self.sessions = Sessions(database, settings)
        self.accounts = Accounts(database, self.sessions, settings)
        self.federation = Federation(database, self.sessions)
        self.audit = AuditTrail(database)
        self.filters = SavedFilters(database)
        self.workload = Workload(database, settings)

    def __enter__(self) -> "CaseBook":
        """Use it as long as the block lasts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def import_run(self, folder: Path, bank: Path) -> int:
        """Open or renew the cases of a finished run; decisions stay. The same run again changes nothing.

        Returns:
            How many cases are new or changed.

        Raises:
            DataError: if the run is not finished, or is of other records than the bank's.
        """
        incoming = read_incoming_run(folder, bank, self._settings)
        with self._database.writing() as connection:
            return renew_cases(connection, incoming)

    def queue(self, which: QueueFilter) -> list[CaseRow]:
        """Cases by expected value, highest first."""
        with self._database.reading() as connection:
            return ranked(connection, which, self.workload.capacity(connection))

    def case(self, case_id: str) -> Case:
        """A case as it stands."""
        with self._database.reading() as connection:
            return steps.load(connection, case_id)

    def related(self, case_id: str) -> dict[str, tuple[str, ...]]:
        """Other cases that share members: case id -> the members shared."""
        with self._database.reading() as connection:
            return sharing(connection, case_id)

    def history(self, case_id: str) -> list[CaseEntry]:
        """The entries that made it, oldest first."""
        with self._database.reading() as connection:
            found = events(connection, [case_id])
        if not found:
            raise CaseError(f"there is no case {case_id!r}")
        return found[case_id]

    def claim(self, case_id: str, user: User) -> Case:
        """Take a case; one's own may be taken again. A lead may take up a decided one.

        Raises:
            ClaimedError: naming who holds it.
            CaseError: if it is decided or merged.
            ForbiddenError: if it is escalated and the user is no lead, or waits for a second analyst.
        """
        with self._database.writing() as connection:
            return steps.claim(connection, steps.load(connection, case_id), user)

    def claim_next(self, user: User, which: QueueFilter = NEXT) -> Case | None:
        """Take the most valuable case that the user may take, in one step; None where there is none."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            for row in ranked(connection, which, 0):
                try:
                    return steps.claim(connection, steps.load(connection, row.case_id), user)
                except (CaseError, ForbiddenError):
                    continue
        return None

    def release(self, case_id: str, user: User) -> Case:
        """Put a case back; a lead may put back what others hold."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            if not (case.holder and user.may(Right.direct)):
                steps.hold(case, user)
            return steps.make(connection, case, user.name, Action.released, {})

    def snooze(self, case_id: str, user: User, until: datetime) -> Case:
        """Put a case in hand away until a moment (UTC); then it is open again by itself."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            return steps.snooze(connection, case, user, until)

    def escalate(self, case_id: str, user: User, reason: str) -> Case:
        """Hand a case in hand to the leads."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            steps.hold(case, user)
            return steps.make(connection, case, user.name, Action.escalated, {"reason": reason})

    def decide(self, case_id: str, user: User, decision: Decision, version: int) -> Case:
        """Decide on the ring, a member or a link; who decides must hold the case.

        Raises:
            StaleError: if the case is no longer at `version`.
            ClaimedError: if another holds it.
            CaseError: if nobody holds it, or a subject is no member.
        """
        user.require(Right.decide)
        with self._database.writing() as connection:
            case = steps.load(connection, case_id, version)
            return steps.decide(connection, case, user, decision, self._settings.four_eyes)

    def undo(self, case_id: str, user: User, version: int) -> Case:
        """Take back the last decision, snooze, escalation, split or merge; the cases are what they were before.

        A case that was split off goes back into the one that it came from.

        Raises:
            StaleError: if the case is no longer at `version`.
            CaseError: if the last thing done to the case was another, or the other case has gone on since.
            ForbiddenError: if somebody else did it, and the user is no lead.
        """
        user.require(Right.decide)
        with self._database.writing() as connection:
            return steps.undo(connection, steps.load(connection, case_id, version), user)

    def split(self, case_id: str, user: User, members: Sequence[str], version: int) -> tuple[Case, Case]:
        """Move members out into a case of their own; gives what is left, then the new one, both in the user's hands."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            return steps.split(connection, steps.load(connection, case_id, version), user, members)

    def merge(self, case_id: str, into: str, user: User, version: int) -> Case:
        """Add a case's members to another that the user holds; gives that other. `version` is the case's that goes."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            case, other = steps.load(connection, case_id, version), steps.load(connection, into)
            return steps.merge(connection, case, other, user)

    def export_decisions(self, user: User) -> pl.DataFrame:
        """Typed pairs as `detect.decisions` reads them; columns of `pairs.PAIRS`.

        Pairs that contradict each other are not among them; `contradictions` lists those.
        """
        user.require(Right.export)
        with self._database.writing() as connection:
            pairs, _ = decided_pairs(steps.load_all(connection))
            append(connection, user.name, "decisions_exported", {"pairs": pairs.height})
        return pairs

    def contradictions(self) -> pl.DataFrame:
        """Pairs decided both ways, or held apart although others tie them; columns of `pairs.CONTRADICTIONS`."""
        with self._database.reading() as connection:
            return decided_pairs(steps.load_all(connection))[1]

    def out_of_sync(self) -> list[str]:
        """Cases that the queue does not show as the log has them: somebody has changed the table itself."""
        with self._database.reading() as connection:
            return out_of_sync(connection, {case.case_id: case for case in steps.load_all(connection)})

    def forget(self, customer_id: str, user: User, name: str = "") -> int:
        """Erase a customer from cases, decisions and trail; the chain still verifies.

        Args:
            customer_id: whom to erase.
            user: who erases.
            name: the pseudonym that stands for the customer from now on; by default one drawn by chance.

        Returns:
            How many entries were redacted.

        Raises:
            ForbiddenError: without the right `erase`.
        """
        user.require(Right.erase)
        with self._database.writing() as connection:
            redacted = forgetting.forget(connection, customer_id, user.name, name or pseudonym())
        self._database.scrub()
        return redacted

    def expire(self, before: datetime, user: User) -> list[str]:
        """Erase the members of the cases that were closed before a moment, unless an open case has them too.

        Returns:
            The customers erased, sorted.

        Raises:
            ForbiddenError: without the right `erase`.
        """
        user.require(Right.erase)
        with self._database.writing() as connection:
            gone = forgetting.expired(steps.load_all(connection), before)
            for customer_id in gone:
                forgetting.forget(connection, customer_id, user.name, pseudonym())
        if gone:
            self._database.scrub()
        return gone

    def cases(self) -> list[Case]:
        """All cases as they stand, in the order in which they were opened."""
        with self._database.reading() as connection:
            return steps.load_all(connection)

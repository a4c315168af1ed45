"""The case book: every case, what was decided, and who may do what."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import polars as pl

from ringsight.cases import clock, forgetting, steps
from ringsight.cases.accounts import Accounts
from ringsight.cases.audit_trail import AuditTrail, append, events
from ringsight.cases.case import Case, CaseEntry, CaseRow, Decision, QueueFilter, Reason, Status
from ringsight.cases.database import Database
from ringsight.cases.decided_pairs import decided_pairs
from ringsight.cases.errors import CaseError, ForbiddenError
from ringsight.cases.federation import Federation
from ringsight.cases.incoming_run import read_incoming_run
from ringsight.cases.queue import holding, out_of_sync, ranked, sharing
from ringsight.cases.renewal import renew_cases
from ringsight.cases.replay import Action, replay
from ringsight.cases.saved_filters import SavedFilters
from ringsight.cases.sessions import Sessions
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import Right, User
from ringsight.cases.workload import Workload
from ringsight.runs.erasure import pseudonym
from ringsight.runs.paths import RunPaths

NEXT = QueueFilter(statuses=(Status.open, Status.second_review), limit=1000)
"""Cases that `claim_next` chooses from."""


def open_casebook(url: str, settings: CaseSettings | None = None, *, new: bool = True) -> "CaseBook":
    """Open the case book at a database URL (`sqlite:///FILE` or `postgresql://USER@HOST/NAME`).

    Migrations run first. The URL needs no password: PostgreSQL's `PGPASSWORD` and password file are used.

    Args:
        url: of the database.
        settings: how the team works; by default the settings' own defaults.
        new: whether an SQLite file is made if there is none.

    Raises:
        BookError: if the database is unreachable, absent, of another kind, or made by a later version.
    """
    return CaseBook(Database(url, new=new), settings or CaseSettings())


def casebook_of(run: Path, database: str = "") -> str:
    """The database URL of a run's case book: `database` if it is given, else `cases.db` inside the run."""
    return database or f"sqlite:///{RunPaths(run).cases}"


class CaseBook:
    """All cases of one database. Every method is one transaction, and may be called from several threads.

    A change names its user and raises `ForbiddenError` if the user's role may not make it. A case that does not exist
    raises `CaseError`.
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
        """The case book itself, for a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it at the end of the block."""
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def import_run(self, folder: Path, bank: Path) -> int:
        """Import a finished run: open or renew its cases. Decisions stay; the same run again changes nothing.

        Returns:
            How many cases are new or changed.

        Raises:
            DataError: if the run is not finished, or searched other records than the bank's.
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

    def cases_of(self, case_ids: Sequence[str]) -> dict[str, Case]:
        """Some cases as they stand, by case id; those that do not exist are left out."""
        with self._database.reading() as connection:
            found = events(connection, list(case_ids)) if case_ids else {}
            return {case_id: steps.awake(replay(case_id, history), clock.now()) for case_id, history in found.items()}

    def related(self, case_id: str) -> dict[str, tuple[str, ...]]:
        """Other cases that share members: case id -> the members shared."""
        with self._database.reading() as connection:
            return sharing(connection, case_id)

    def cases_with(self, customer_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Customer id -> the cases that the customer is a member of; customers without one are left out."""
        with self._database.reading() as connection:
            return holding(connection, customer_ids)

    def history(self, case_id: str) -> list[CaseEntry]:
        """The entries that made a case, oldest first."""
        with self._database.reading() as connection:
            found = events(connection, [case_id])
        if not found:
            raise CaseError(f"there is no case {case_id!r}")
        return found[case_id]

    def claim(self, case_id: str, user: User) -> Case:
        """Claim a case. A user may claim the same case again; a lead may claim a decided one.

        Raises:
            ClaimedError: naming who holds it.
            CaseError: if it is decided or merged.
            ForbiddenError: if it is escalated and the user is not a lead, or waits for another analyst than the user.
        """
        with self._database.writing() as connection:
            return steps.claim(connection, steps.load(connection, case_id), user)

    def claim_next(self, user: User, which: QueueFilter = NEXT) -> Case | None:
        """Claim the most valuable case that the user may claim, in one transaction; None if there is none."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            for row in ranked(connection, which, 0):
                try:
                    return steps.claim(connection, steps.load(connection, row.case_id), user)
                except (CaseError, ForbiddenError):
                    continue
        return None

    def release(self, case_id: str, user: User) -> Case:
        """Release a case that the user holds; a lead may release what others hold."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            if not (case.holder and user.may(Right.direct)):
                steps.require_holder(case, user)
            return steps.make(connection, case, user.name, Action.released, {})

    def snooze(self, case_id: str, user: User, until: datetime) -> Case:
        """Snooze a case that the user holds until a moment (UTC); then it comes back by itself."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            return steps.snooze(connection, case, user, until)

    def escalate(self, case_id: str, user: User, reason: str) -> Case:
        """Hand a case that the user holds to the leads."""
        with self._database.writing() as connection:
            case = steps.load(connection, case_id)
            steps.require_holder(case, user)
            return steps.make(connection, case, user.name, Action.escalated, {"reason": reason})

    def decide(self, case_id: str, user: User, decision: Decision, version: int) -> Case:
        """Decide on the ring, a member or a link of a case that the user holds.

        Raises:
            StaleError: if the case is no longer at `version`.
            ClaimedError: if somebody else holds it.
            CaseError: if nobody holds it, or a subject is not a member.
        """
        user.require(Right.decide)
        with self._database.writing() as connection:
            case = steps.load(connection, case_id, version)
            return steps.decide(connection, case, user, decision, self._settings.four_eyes)

    def decide_without(
        self, case_id: str, user: User, left_out: Sequence[str], reasons: tuple[Reason, ...], note: str, version: int
    ) -> Case:
        """Decide that one hand runs all members but some: each of those is judged different, then the ring same hand.

        It is one transaction. Each of its decisions is undone by itself, the one on the ring first.

        Raises:
            CaseError: if nobody is left out or fewer than two members are left, and as `decide`.
            StaleError, ClaimedError: as `decide`.
        """
        user.require(Right.decide)
        with self._database.writing() as connection:
            case = steps.load(connection, case_id, version)
            return steps.decide_without(connection, case, user, left_out, (reasons, note, self._settings.four_eyes))

    def comment(self, case_id: str, user: User, note: str) -> Case:
        """Write a comment on a case, whoever holds it; erased with the case's other free text.

        Raises:
            CaseError: if the comment is empty or too long.
            ForbiddenError: without the right `decide`.
        """
        with self._database.writing() as connection:
            return steps.comment(connection, steps.load(connection, case_id), user, note)

    def undo(self, case_id: str, user: User, version: int) -> Case:
        """Undo the last decision, snooze, escalation, split or merge; the cases are what they were before.

        A case that was split off goes back into the one that it came from.

        Raises:
            StaleError: if the case is no longer at `version`.
            CaseError: if the last thing done to the case was something else, or the other case has changed since.
            ForbiddenError: if somebody else did it, and the user is not a lead.
        """
        user.require(Right.decide)
        with self._database.writing() as connection:
            return steps.undo(connection, steps.load(connection, case_id, version), user)

    def split(self, case_id: str, user: User, members: Sequence[str], version: int) -> tuple[Case, Case]:
        """Move members into a case of their own; gives the case that is left, then the new one. The user holds both."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            return steps.split(connection, steps.load(connection, case_id, version), user, members)

    def merge(self, case_id: str, into: str, user: User, version: int) -> Case:
        """Add a case's members to `into`, which the user holds, and give `into`; `version` is that of `case_id`."""
        user.require(Right.decide)
        with self._database.writing() as connection:
            case, other = steps.load(connection, case_id, version), steps.load(connection, into)
            return steps.merge(connection, case, other, user)

    def export_decisions(self, user: User) -> pl.DataFrame:
        """Typed pairs as `detect.decisions` reads them; columns of `decided_pairs.PAIRS`.

        Pairs that contradict each other are not among them; `contradictions` lists those.
        """
        user.require(Right.export)
        with self._database.writing() as connection:
            pairs, _ = decided_pairs(steps.load_all(connection))
            append(connection, user.name, "decisions_exported", {"pairs": pairs.height})
        return pairs

    def contradictions(self) -> pl.DataFrame:
        """Pairs on which decisions contradict each other; columns of `decided_pairs.CONTRADICTIONS`."""
        with self._database.reading() as connection:
            return decided_pairs(steps.load_all(connection))[1]

    def out_of_sync(self) -> list[str]:
        """Cases whose rows in the queue differ from the log: somebody has changed the tables themselves."""
        with self._database.reading() as connection:
            return out_of_sync(connection, {case.case_id: case for case in steps.load_all(connection)})

    def forget(self, customer_id: str, user: User, name: str = "") -> int:
        """Erase a customer from cases, decisions and audit trail; the trail can still be verified.

        Args:
            customer_id: whom to erase.
            user: who erases.
            name: the pseudonym that takes the customer's place; a random one by default.

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

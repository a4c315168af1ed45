"""What can be done to a case, within a writing transaction: check, append to the log, project the queue's row."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from ringsight.cases import clock
from ringsight.cases.audit_trail import append, events
from ringsight.cases.case import LONGEST_NOTE, Case, CaseEntry, Decision, Judgement, Reason, Scope, Status
from ringsight.cases.errors import CaseError, ClaimedError, ForbiddenError, StaleError
from ringsight.cases.four_eyes import status_after
from ringsight.cases.queue import project
from ringsight.cases.replay import UNDOABLE, Action, last_by_people, replay, step
from ringsight.cases.schema import CASES
from ringsight.cases.settings import FourEyes
from ringsight.cases.users import Right, User


def load(connection: Connection, case_id: str, version: int | None = None) -> Case:
    """A case as it stands now: a snooze whose time has come is over.

    Raises:
        CaseError: if there is no such case.
        StaleError: if it is not at `version`.
    """
    case = replay(case_id, events(connection, [case_id]).get(case_id, []))
    if version is not None and case.version != version:
        raise StaleError(case_id, version, case.version)
    return awake(case, clock.now())


def load_all(connection: Connection) -> list[Case]:
    """All cases as the log has them, in the order in which they were opened; a snooze that has ended is still one."""
    return [replay(case_id, history) for case_id, history in events(connection).items()]


def awake(case: Case, now: datetime) -> Case:
    """The case; with its resting status again if its snooze has ended."""
    if case.status is Status.snoozed and case.until and case.until <= now:
        return replace(case, status=case.resting, until=None)
    return case


def make(connection: Connection, case: Case, user: str, action: Action, content: Mapping[str, Any]) -> Case:
    """Append an entry to a case, and project the case."""
    event = append(connection, user, action, content, (case.case_id, case.version + 1))
    changed = step(case, event)
    project(connection, changed)
    return changed


def open_case(connection: Connection, user: str, content: Mapping[str, Any]) -> Case:
    """Open a case under the next number."""
    case_id = f"K{connection.execute(select(func.count()).select_from(CASES)).scalar_one() + 1}"
    opened = replay(case_id, [append(connection, user, Action.opened, content, (case_id, 1))])
    project(connection, opened)
    return opened


def claim(connection: Connection, case: Case, user: User) -> Case:
    """Claim a case; see `CaseBook.claim`."""
    user.require(Right.decide)
    if case.holder == user.name:
        return case
    refuse_claim(case, user)
    return make(connection, case, user.name, Action.claimed, {})


def refuse_claim(case: Case, user: User) -> None:
    """Raise the reason why a user may not claim a case, if there is one."""
    if case.holder and case.holder != user.name:
        raise ClaimedError(case.case_id, case.holder)
    if case.status is Status.merged:
        raise CaseError(f"case {case.case_id} was merged into {case.merged_into}", remedy=f"claim {case.merged_into}")
    match case.resting:
        case Status.decided if not user.may(Right.direct):
            raise CaseError(f"case {case.case_id} is decided", remedy="undo the decision, or ask a lead to claim it")
        case Status.escalated if not user.may(Right.direct):
            raise ForbiddenError(f"case {case.case_id} is escalated", remedy="leave it to a lead")
        case Status.second_review if case.opinions[-1].user == user.name:
            raise ForbiddenError(f"case {case.case_id} waits for a second analyst", remedy="leave it to a colleague")
        case _:
            pass


def require_holder(case: Case, user: User) -> None:
    """Require that the user holds the case.

    Raises:
        ClaimedError: if somebody else holds it.
        CaseError: if nobody does.
    """
    user.require(Right.decide)
    if case.holder and case.holder != user.name:
        raise ClaimedError(case.case_id, case.holder)
    if not case.holder:
        raise CaseError(f"nobody holds case {case.case_id}", remedy="claim it first")


def decide(connection: Connection, case: Case, user: User, decision: Decision, four_eyes: FourEyes) -> Case:
    """Decide; see `CaseBook.decide`."""
    require_holder(case, user)
    strangers = sorted(set(decision.subjects) - set(case.members))
    if strangers:
        raise CaseError(f"customer {strangers[0]} is not a member of case {case.case_id}")
    content = asdict(decision) | {"status": status_after(case, user, decision, four_eyes)}
    return make(connection, case, user.name, Action.decided, content)


def decide_without(
    connection: Connection,
    case: Case,
    user: User,
    left_out: Sequence[str],
    why: tuple[tuple[Reason, ...], str, FourEyes],
) -> Case:
    """Decide that one hand runs all members but some; see `CaseBook.decide_without`."""
    reasons, note, four_eyes = why
    gone = sorted(set(left_out))
    if not gone or len(set(case.members) - set(gone)) < 2:
        raise CaseError(
            f"{len(gone)} of {len(case.members)} members would be left out",
            remedy="leave out at least one, and at least two in",
        )
    for customer in gone:
        apart = Decision(Scope.member, Judgement.different, (customer,), (), note)
        case = decide(connection, case, user, apart, four_eyes)
    return decide(connection, case, user, Decision(Scope.ring, Judgement.same_hand, (), reasons, note), four_eyes)


def comment(connection: Connection, case: Case, user: User, note: str) -> Case:
    """Comment on a case; see `CaseBook.comment`."""
    user.require(Right.decide)
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise CaseError(f"a comment has 1 to {LONGEST_NOTE:,} characters (got {len(note):,})", remedy="write one")
    return make(connection, case, user.name, Action.commented, {"note": note})


def undo(connection: Connection, case: Case, user: User) -> Case:
    """Undo the last thing done; see `CaseBook.undo`."""
    user.require(Right.decide)
    last = last_by_people(_history(connection, case.case_id))
    if last.action not in UNDOABLE:
        raise CaseError(
            f"the last thing done to case {case.case_id} cannot be undone: {last.action}", remedy=_instead(case, last)
        )
    if last.user != user.name and not user.may(Right.direct):
        raise ForbiddenError(f"this was done by {last.user}", remedy=f"ask {last.user}, or a lead")
    match Action(last.action):
        case Action.split_off:
            new = load(connection, last.content["into"])
            _refuse_if_changed(connection, new, Action.opened)
            make(connection, new, user.name, Action.merged, {"into": case.case_id})
        case Action.joined:
            other = load(connection, last.content["from"])
            _take_back(connection, other, user, _refuse_if_changed(connection, other, Action.merged))
        case _:
            pass
    return _take_back(connection, case, user, last)


def _instead(case: Case, last: CaseEntry) -> str:
    """What to do about an entry that cannot be undone."""
    match Action(last.action):
        case Action.merged:
            return f"undo the merge in case {case.merged_into}"
        case Action.opened if case.split_from:
            return f"undo the split in case {case.split_from}"
        case Action.claimed:
            return "release the case"
        case _:
            return "claim the case"


def _history(connection: Connection, case_id: str) -> list[CaseEntry]:
    return events(connection, [case_id])[case_id]


def _refuse_if_changed(connection: Connection, case: Case, expected: Action) -> CaseEntry:
    """The last thing that was done to the other case, which must be what the split or the merge did to it."""
    last = last_by_people(_history(connection, case.case_id))
    if last.action != expected:
        raise CaseError(
            f"case {case.case_id} has changed since: {last.action}",
            remedy=f"undo that first, or merge case {case.case_id}",
        )
    return last


def _take_back(connection: Connection, case: Case, user: User, event: CaseEntry) -> Case:
    append(connection, user.name, Action.undone, {"version": event.version}, (case.case_id, case.version + 1))
    before = replay(case.case_id, _history(connection, case.case_id))
    project(connection, before)
    return before


def split(connection: Connection, case: Case, user: User, members: Sequence[str]) -> tuple[Case, Case]:
    """Move members out; see `CaseBook.split`."""
    require_holder(case, user)
    leaving = set(members)
    if not leaving or not leaving < set(case.members):
        raise CaseError("a split moves some of the members, not all of them, and nobody else")
    new = open_case(
        connection,
        user.name,
        {
            "origin": case.origin,
            "ring": dict(case.ring),
            "members": {name: case.exposures[name] for name in sorted(leaving)},
            "run": case.run,
            "bank": case.bank,
            "holder": user.name,
            "split_from": case.case_id,
        },
    )
    left = make(connection, case, user.name, Action.split_off, {"members": sorted(leaving), "into": new.case_id})
    return left, new


def merge(connection: Connection, case: Case, into: Case, user: User) -> Case:
    """Add a case's members to another; see `CaseBook.merge`."""
    require_holder(into, user)
    if case.case_id == into.case_id:
        raise CaseError("a case cannot be merged into itself")
    refuse_claim(case, user)
    content = {"members": dict(case.exposures), "from": case.case_id}
    make(connection, case, user.name, Action.merged, {"into": into.case_id})
    return make(connection, into, user.name, Action.joined, content)


def snooze(connection: Connection, case: Case, user: User, until: datetime) -> Case:
    """Snooze; see `CaseBook.snooze`."""
    require_holder(case, user)
    if until.tzinfo is None or until <= clock.now():
        raise CaseError("a snooze must end in the future, in a time zone", remedy="give a later moment, in UTC")
    return make(connection, case, user.name, Action.snoozed, {"until": clock.written(until)})

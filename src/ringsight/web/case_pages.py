"""The page of a case: the evidence first, the score on request, and the form of a decision beside them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from ringsight.cases.case import Case, CaseEntry, Judgement
from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import CaseError, ForbiddenError, in_sentences
from ringsight.cases.looks import Look
from ringsight.cases.replay import UNDOABLE, Action, last_by_people
from ringsight.cases.steps import refuse_claim
from ringsight.cases.users import Right, User
from ringsight.errors import DataError
from ringsight.web.app_state import SignedIn, app_state, page
from ringsight.web.proposed_reasons import keyed

ROUTES = APIRouter()
CASE = re.compile(r"/cases/(K[0-9]{1,12})(?:/|$)")
WITHOUT = "without"
"""Of a form: same hand, without the members who are chosen, or else those whom the page proposes to leave out."""
FIELDS = TypeAdapter(list[tuple[str, str]])
"""Names and values of a form."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was entered into the form of a decision."""

    judgement: str = ""
    """A `Judgement`, or `WITHOUT`."""
    subjects: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Members whom the page proposed to leave out."""
    reasons: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def read(cls, text: str) -> "Draft":
        """A draft from names and values as JSON; an empty one if the text is anything else."""
        try:
            fields = FIELDS.validate_json(text)
        except ValidationError:
            return cls()

        def every(name: str) -> tuple[str, ...]:
            return tuple(field[1] for field in fields if field[0] == name)

        return cls(
            judgement=next(iter(every("judgement")), ""),
            subjects=every("subjects"),
            left_out=every("left_out"),
            reasons=every("reasons"),
            note=next(iter(every("note")), ""),
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of a case shows besides the case."""

    message: str = ""
    draft: Draft = Draft()
    status: int = 200
    after: str = ""
    """The case that was decided just before this one."""


def case_of(path: str) -> str:
    """The id of the case that an address is about; empty if it is about none."""
    found = CASE.match(path)
    return found[1] if found else ""


def case_path(path: str) -> str:
    """The page of the case that an address is about; the queue if it is about none."""
    case_id = case_of(path)
    return f"/cases/{case_id}" if case_id else "/"


@ROUTES.get("/cases/{case_id}")
def show(request: Request, user: SignedIn, case_id: str, after: Annotated[str, Query(max_length=20)] = "") -> Response:
    """The page of a case; the view is recorded. `after` is the case that was decided just before."""
    return case_page(request, user, case_id, Shown(after=after))


def case_page(request: Request, user: User, case_id: str, shown: Shown) -> Response:
    """Draw the page of a case.

    Raises:
        ForbiddenError: without the right `see`.
        CaseError: if there is no such case.
    """
    user.require(Right.see)
    app = app_state(request)
    case = app.book.case(case_id)
    history = app.book.history(case_id)
    app.book.audit.record(user, Look.view_case, case_id, case_id=case_id)
    missing = ""
    try:
        found = app.runs.evidence(case)
    except DataError as error:
        found, missing = None, in_sentences(error)
    return page(
        request,
        "case.html",
        user,
        shown.status,
        case=case,
        evidence=found,
        missing=missing,
        shown=shown,
        held=case.holder == user.name,
        why_not=_why_not(case, user),
        undoable=_undoable(history, user) if user.may(Right.decide) else "",
        history=history,
        related=app.book.related(case_id),
        before=decided_before(app.book, shown.after),
        judgements=[*Judgement],
        reasons=keyed(found.reasons if found else ()),
        proposed=found.reasons if found else (),
        left_out=found.left_out if found else (),
        left_out_words=found.left_out_words if found else "",
    )


def decided_before(book: CaseBook, case_id: str) -> Case | None:
    """The case that was decided just before; None where none was."""
    with suppress(CaseError):
        return book.case(case_id) if case_id else None
    return None


def _why_not(case: Case, user: User) -> str:
    """Why the user may not claim the case; empty if the user may."""
    try:
        user.require(Right.decide)
        refuse_claim(case, user)
    except (CaseError, ForbiddenError) as error:
        return in_sentences(error)
    return ""


def _undoable(history: Sequence[CaseEntry], user: User) -> str:
    """What the page offers to undo; empty if nothing. The case book checks it again."""
    last = last_by_people(history)
    if last.action not in UNDOABLE or not (user.name == last.user or user.may(Right.direct)):
        return ""
    match Action(last.action):
        case Action.decided:
            return str(last.content["judgement"])
        case Action.snoozed:
            return "snooze"
        case Action.escalated:
            return "escalation"
        case Action.split_off:
            return "split"
        case _:
            return "merge"

"""The steps on a case, each a form. If the case book refuses one, the page shows why, with the draft."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.cases.case import Case, Decision, Judgement, Reason, Scope
from ringsight.cases.errors import CaseError, ClaimedError, ForbiddenError, StaleError, in_sentences
from ringsight.cases.users import Right, User
from ringsight.errors import RingsightError
from ringsight.web.app_state import App, SignedIn
from ringsight.web.case_pages import WITHOUT, Draft, Shown, case_page

ROUTES = APIRouter(prefix="/cases/{case_id}")
Version = Annotated[int, Form(ge=0)]
Days = Annotated[int, Form(ge=1, le=365)]
SCOPES = (Scope.ring, Scope.member, Scope.link)
"""By the number of chosen members."""
NEXT = "next"
"""Of a form: claim the next case once this one is decided."""


def drafted(
    judgement: Annotated[str, Form(max_length=20)] = "",
    subjects: Annotated[list[str] | None, Form(max_length=5000)] = None,
    reasons: Annotated[list[str] | None, Form(max_length=50)] = None,
    note: Annotated[str, Form()] = "",
    left_out: Annotated[list[str] | None, Form(max_length=5000)] = None,
) -> Draft:
    """What the form of a decision holds."""
    return Draft(judgement, tuple(subjects or ()), tuple(left_out or ()), tuple(reasons or ()), note)


Drafted = Annotated[Draft, Depends(drafted)]


def _attempt(
    request: Request, user: User, case_id: str, step: Callable[[], Case], draft: Draft | None = None
) -> Response:
    """Take a step and show the case; if the case book refuses it, show why, with the draft."""
    try:
        changed = step()
    except RingsightError as error:
        if not user.may(Right.see):
            raise
        status = {ForbiddenError: 403, ClaimedError: 409, StaleError: 409}.get(type(error), 400)
        return case_page(request, user, case_id, Shown(in_sentences(error), draft or Draft(), status))
    return RedirectResponse(f"/cases/{changed.case_id}", 303)


@ROUTES.post("/claim")
def claim(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """Claim the case."""
    return _attempt(request, user, case_id, lambda: app.book.claim(case_id, user))


@ROUTES.post("/release")
def release(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """Release the case."""
    return _attempt(request, user, case_id, lambda: app.book.release(case_id, user))


@ROUTES.post("/snooze")
def snooze(request: Request, app: App, user: SignedIn, case_id: str, days: Days) -> Response:
    """Snooze the case for some days."""
    until = datetime.now(UTC) + timedelta(days=days)
    return _attempt(request, user, case_id, lambda: app.book.snooze(case_id, user, until))


@ROUTES.post("/escalate")
def escalate(
    request: Request, app: App, user: SignedIn, case_id: str, reason: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Hand the case to the leads."""
    return _attempt(request, user, case_id, lambda: app.book.escalate(case_id, user, reason))


@ROUTES.post("/decide")
def decide(
    request: Request,
    app: App,
    user: SignedIn,
    case_id: str,
    version: Version,
    draft: Drafted,
    then: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Decide on the ring, the chosen member, the link of two, or the ring without some; then claim the next case."""

    def step() -> Case:
        if draft.judgement == WITHOUT:
            gone = draft.subjects or draft.left_out
            return app.book.decide_without(case_id, user, gone, reasons_of(draft), draft.note, version)
        return app.book.decide(case_id, user, decision_of(draft), version)

    shown = _attempt(request, user, case_id, step, draft)
    if then == NEXT and shown.status_code == 303 and app.book.case(case_id).holder != user.name:
        following = app.book.claim_next(user)
        return RedirectResponse(
            f"/cases/{following.case_id}?after={case_id}" if following else f"/?after={case_id}", 303
        )
    return shown


def reasons_of(draft: Draft) -> tuple[Reason, ...]:
    """The reasons of a form, without those that are none."""
    return tuple(Reason(reason) for reason in draft.reasons if reason in set(Reason))


def decision_of(draft: Draft) -> Decision:
    """The decision that a form asks for.

    Raises:
        CaseError: if nothing is chosen, or more than two members are.
    """
    if draft.judgement not in set(Judgement):
        raise CaseError("no judgement is chosen", remedy="choose same hand, different or unsure")
    if len(draft.subjects) >= len(SCOPES):
        raise CaseError(
            f"{len(draft.subjects)} members are chosen",
            remedy="choose nobody for the ring, one for a member, two for their link, or split the case",
        )
    scope = SCOPES[len(draft.subjects)]
    return Decision(scope, Judgement(draft.judgement), draft.subjects, reasons_of(draft), draft.note)


@ROUTES.post("/comment")
def comment(
    request: Request, app: App, user: SignedIn, case_id: str, comment: Annotated[str, Form(max_length=100_000)] = ""
) -> Response:
    """Write a comment on the case."""
    return _attempt(request, user, case_id, lambda: app.book.comment(case_id, user, comment))


@ROUTES.post("/undo")
def undo(request: Request, app: App, user: SignedIn, case_id: str, version: Version) -> Response:
    """Undo the last decision, snooze, escalation, split or merge."""
    return _attempt(request, user, case_id, lambda: app.book.undo(case_id, user, version))


@ROUTES.post("/split")
def split(request: Request, app: App, user: SignedIn, case_id: str, version: Version, draft: Drafted) -> Response:
    """Move the chosen members into a case of their own."""
    return _attempt(request, user, case_id, lambda: app.book.split(case_id, user, draft.subjects, version)[1], draft)


@ROUTES.post("/merge")
def merge(
    request: Request, app: App, user: SignedIn, case_id: str, other: Annotated[str, Form(max_length=20)]
) -> Response:
    """Merge another case into this one."""

    def step() -> Case:
        going = app.book.case(other.strip())
        return app.book.merge(going.case_id, case_id, user, going.version)

    return _attempt(request, user, case_id, step)

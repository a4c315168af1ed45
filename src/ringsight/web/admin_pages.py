"""Pages of admins, auditors and leads: accounts, erasure, the audit trail, and the figures of the work."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.cases.erasure import erase_customer
from ringsight.cases.errors import BrokenTrailError, CaseError, ForbiddenError
from ringsight.cases.looks import Look
from ringsight.cases.nights import nights
from ringsight.cases.users import Right, Role, User
from ringsight.report.other_lists import LISTED, communities, pairs
from ringsight.web.app_state import App, SignedIn, page

ROUTES = APIRouter()
EACH = 200
LATEST = 60
"""Days whose cases are counted."""
"""Entries of the audit trail on a page."""
Name = Annotated[str, Form(max_length=64)]
Password = Annotated[str, Form(max_length=2000)]


@ROUTES.get("/accounts")
def accounts(request: Request, user: SignedIn) -> Response:
    """The user's own password; for an admin, all accounts, and erasure."""
    return _accounts(request, user, "")


def _accounts(request: Request, user: User, message: str, status: int = 200) -> Response:
    users = request.app.state.shared.book.accounts.users() if user.may(Right.manage) else []
    return page(request, "people.html", user, status, users=users, roles=[*Role], message=message)


@ROUTES.post("/accounts/add")
def add(
    request: Request, app: App, user: SignedIn, name: Name, role: Annotated[Role, Form()], password: Password
) -> Response:
    """Add an account."""
    user.require(Right.manage)
    try:
        app.book.accounts.add(name, role, password, user)
    except CaseError as error:
        return _accounts(request, user, str(error), 400)
    return _accounts(request, user, f"{name} can sign in now.")


@ROUTES.post("/accounts/close")
def close(request: Request, app: App, user: SignedIn, name: Name) -> Response:
    """Close an account for good."""
    app.book.accounts.close(name, user)
    return _accounts(request, user, f"{name} is closed.")


@ROUTES.post("/accounts/password")
def own_password(request: Request, app: App, user: SignedIn, password: Password) -> Response:
    """Change the user's own password; every session of the account ends."""
    try:
        app.book.accounts.change(user.name, user, password=password)
    except CaseError as error:
        return _accounts(request, user, str(error), 400)
    return RedirectResponse("/sign-in", 303)


@ROUTES.post("/erase")
def erase(request: Request, app: App, user: SignedIn, customer: Annotated[str, Form(max_length=500)]) -> Response:
    """Erase a customer from cases, decisions, audit trail, and the results of the cases' runs."""
    user.require(Right.erase)
    erased = erase_customer(app.book, customer, user)
    app.runs.reread()
    message = f"The customer was erased from {erased.entries} entries and {erased.files} files."
    return _accounts(request, user, message)


@ROUTES.get("/trail")
def trail(
    request: Request, app: App, user: SignedIn, after: Annotated[int, Query(ge=0, le=10**15)] = 0, verify: str = ""
) -> Response:
    """The audit trail; verified on request."""
    entries = app.book.audit.entries(user, after, EACH)
    message, broken = "", False
    if verify:
        try:
            verified = app.book.audit.verify()
            message = f"All {verified:,} entries are unchanged. The last hash is {app.book.audit.head()}."
        except BrokenTrailError as error:
            message, broken = str(error), True
    shown = {"entries": entries, "after": after, "each": EACH, "message": message, "broken": broken}
    return page(request, "trail.html", user, **shown)


@ROUTES.get("/figures")
def figures(request: Request, app: App, user: SignedIn) -> Response:
    """What is missed below the line, minutes by case, contradictions; not for analysts, whom it could influence."""
    _require_lead_or_auditor(user)
    times = app.book.workload.times()
    shown = {"missed": app.book.workload.missed(), "times": times, "contradictions": app.book.contradictions()}
    shown |= {"nights": nights(app.book.cases()).head(LATEST)}
    return page(request, "figures.html", user, **shown, median=times["minutes"].median())


@ROUTES.get("/other-lists")
def other_lists(request: Request, app: App, user: SignedIn) -> Response:
    """Communities and alike pairs of the last run; not for analysts, whom it could influence. It is recorded."""
    _require_lead_or_auditor(user)
    overview = app.book.workload.overview()
    found = app.runs.results(overview.run) if overview.run else None
    app.book.audit.record(user, Look.view_other_lists, overview.run)
    return page(
        request,
        "other_lists.html",
        user,
        assurance=overview.assurance,
        communities=communities(found) if found else (),
        pairs=pairs(found) if found else (),
        listed=LISTED,
    )


def _require_lead_or_auditor(user: User) -> None:
    if not (user.may(Right.inspect) or user.may(Right.direct)):
        raise ForbiddenError(f"the {user.role} {user.name} may not see this", remedy="ask a lead or an auditor")

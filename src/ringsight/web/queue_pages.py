"""The queue: cases by expected value, the error rate of the list, and the line of what the team can open today."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator, Field

from ringsight.cases.case import Judgement, QueueFilter, Status
from ringsight.cases.users import Right, User
from ringsight.report.calibration import calibration_chart
from ringsight.web.app_state import App, SignedIn, page
from ringsight.web.case_pages import decided_before
from ringsight.web.queue_lines import queue_lines
from ringsight.web.spreadsheets import csv_answer

ROUTES = APIRouter()
EACH = 50
"""Cases on a page."""
WAITING = (Status.open, Status.claimed, Status.escalated, Status.second_review)


class FilterForm(BaseModel):
    """What the form of the filter asks for. An empty field does not filter."""

    customer: str = Field("", max_length=200)
    status: str = ""
    """A status, or `all`; if empty, the statuses of `WAITING`."""
    verdict: Judgement | Literal[""] = ""
    mine: bool = False
    size: Annotated[int, Field(ge=0, le=10**9), BeforeValidator(lambda given: given or 0)] = 0
    """Members at least."""

    def filter(self, user: User) -> QueueFilter:
        """The filter of the case book."""
        statuses: tuple[Status, ...] = (Status(self.status),) if self.status in set(Status) else WAITING
        return QueueFilter(
            statuses=() if self.status == "all" else statuses,
            holder=user.name if self.mine else "",
            customer=self.customer.strip(),
            least_size=self.size,
            verdict=self.verdict or None,
        )

    @property
    def query(self) -> str:
        """The filter as the query of an address."""
        return urlencode({name: value for name, value in self.model_dump(mode="json").items() if value})


def asked_of(which: QueueFilter, user: User) -> FilterForm:
    """What a saved filter asked for."""
    status = "" if which.statuses == WAITING else "all" if not which.statuses else which.statuses[0].value
    return FilterForm(
        customer=which.customer,
        status=status,
        verdict=which.verdict or "",
        mine=which.holder == user.name,
        size=which.least_size,
    )


@ROUTES.get("/")
def queue(
    request: Request,
    app: App,
    user: SignedIn,
    asked: Annotated[FilterForm, Query()],
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The cases that pass the filter; users who may not see cases are sent to the accounts.

    `after` is the case that was decided just before, where none is left to claim.
    """
    if not user.may(Right.see):
        return RedirectResponse("/accounts", 303)
    rows = app.book.queue(replace(asked.filter(user), limit=EACH + 1, offset=start))
    shown = rows[:EACH]
    overview = app.book.workload.overview()
    return page(
        request,
        "queue.html",
        user,
        listed=queue_lines(shown, app.book.cases_of([row.case_id for row in shown]), app.runs, datetime.now(UTC)),
        before=decided_before(app.book, after),
        asked=asked,
        further=urlencode({"start": start + EACH}) + f"&{asked.query}" if len(rows) > EACH else "",
        overview=overview,
        calibration=calibration_chart(overview.calibration),
        filters={name: asked_of(each, user).query for name, each in app.book.filters.of(user).items()},
        statuses=[*Status],
        verdicts=[*Judgement],
    )


@ROUTES.post("/next")
def take_next(app: App, user: SignedIn) -> Response:
    """Claim the most valuable case that is free."""
    case = app.book.claim_next(user)
    return RedirectResponse(f"/cases/{case.case_id}" if case else "/", 303)


@ROUTES.post("/filters")
def save_filter(
    app: App, user: SignedIn, name: Annotated[str, Form(min_length=1, max_length=60)], query: Annotated[str, Form()]
) -> Response:
    """Save the filter that is shown under a name."""
    user.require(Right.see)
    asked = FilterForm.model_validate(dict(parse_qsl(query)))
    app.book.filters.save(user, name, asked.filter(user))
    return RedirectResponse(f"/?{asked.query}", 303)


@ROUTES.post("/filters/delete")
def delete_filter(app: App, user: SignedIn, name: Annotated[str, Form(max_length=60)]) -> Response:
    """Delete a saved filter."""
    user.require(Right.see)
    app.book.filters.delete(user, name)
    return RedirectResponse("/", 303)


@ROUTES.post("/capacity")
def set_capacity(app: App, user: SignedIn, cases: Annotated[int, Form(ge=0, le=100_000)]) -> Response:
    """Set how many cases a day the team can open."""
    app.book.workload.set_capacity(user, cases)
    return RedirectResponse("/", 303)


@ROUTES.get("/decisions.csv")
def decisions(app: App, user: SignedIn) -> Response:
    """Decided pairs, for a spreadsheet."""
    return csv_answer(app.book.export_decisions(user), "decisions.csv")

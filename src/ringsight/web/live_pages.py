"""What the service tells of rings by day: a stream for the line at the head of every page, and a page of the last ones.

No customer is named. Which ring it is, and its case, is told to those alone who may direct or inspect: a live ring
bears the id of a ring that the night flagged or held, and so would tell an analyst what a case was drawn for.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from ringsight.cases.case import QueueFilter
from ringsight.cases.users import Right, User
from ringsight.web.app_state import App, AppState, SignedIn, SignedOutError, StillSignedIn, page, still_signed_in
from ringsight.web.ring_events import RingEvents, RingNews

ROUTES = APIRouter()
LOOKED_EVERY = 1.0
"""Seconds between two looks for news."""
ASKED_AGAIN = 15
"""Looks after which it is asked whether the user is still signed in, and the connection is kept open by a line."""
MOST_CASES = 10_000


@ROUTES.get("/live")
async def stream(request: Request, app: App, user: StillSignedIn) -> StreamingResponse:
    """Ring events from now on, or after the one that a browser had last, as server-sent events."""
    events, last = _events(app, user), request.headers.get("last-event-id", "")
    return StreamingResponse(_told(request, events, user, last), media_type="text/event-stream")


@ROUTES.get("/live/events")
def ring_events(request: Request, app: App, user: SignedIn) -> Response:
    """The last ring events, the newest first."""
    events = _events(app, user)
    cases = {}
    if _may_name(user):
        rows = app.book.queue(QueueFilter(statuses=(), limit=MOST_CASES))
        cases = {row.ring_id: row.case_id for row in rows}
    shown = [(each, [(ring, cases.get(ring, "")) for ring in _rings(each, user)]) for each in events.after(-1)]
    return page(request, "ring_events.html", user, shown=shown[::-1], answers=events.answers)


def _events(app: AppState, user: User) -> RingEvents:
    user.require(Right.see)
    if app.ring_events is None:
        raise HTTPException(404, "no service is named: site.service.address")
    return app.ring_events


async def _told(request: Request, events: RingEvents, user: User, last: str) -> AsyncIterator[str]:
    newest = max((each.number for each in events.after(-1)), default=0)
    number, looks = int(last) if last.isdecimal() and len(last) < 18 else newest, 0
    yield "retry: 5000\n\n"
    while not await request.is_disconnected():
        for each in events.after(number):
            number = each.number
            told = asdict(each) | {"rings": list(_rings(each, user))}
            del told["number"], told["ring_ids"]
            yield f"id: {number}\nevent: ring\ndata: {json.dumps(told)}\n\n"
        looks += 1
        if looks % ASKED_AGAIN == 0:
            yield ": still here\n\n"
            if not await asyncio.to_thread(_is_still_signed_in, request, user):
                return
        await asyncio.sleep(LOOKED_EVERY)


def _is_still_signed_in(request: Request, user: User) -> bool:
    try:
        return still_signed_in(request) == user
    except SignedOutError:
        return False


def _rings(news: RingNews, user: User) -> tuple[str, ...]:
    """The rings, for those who may know them."""
    return news.ring_ids if _may_name(user) else ()


def _may_name(user: User) -> bool:
    return user.may(Right.direct) or user.may(Right.inspect)

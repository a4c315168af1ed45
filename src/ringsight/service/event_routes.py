"""Ring events as they happen: server-sent events, from any point on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.service.state import ServiceState, asker, state_of

ROUTES = APIRouter(tags=["events"])
LOOKED_EVERY = 0.5
"""Seconds between two looks for new events."""
HEARTBEAT = 15.0
"""Seconds after which a line without meaning keeps the connection open."""


@ROUTES.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Ring events."}},
)
async def events(
    request: Request,
    _: Annotated[ApiKey, Depends(asker(KeyScope.read))],
    after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
    most: Annotated[int, Query(ge=0, le=2**53, description="End after so many; 0 for no end.")] = 0,
) -> StreamingResponse:
    """Ring events from now on; those after a number with `after`, or with the header Last-Event-ID."""
    state = state_of(request)
    last = request.headers.get("last-event-id", "")
    if request.app.state.streams >= state.limits.streams:
        raise HTTPException(429, "too many event streams are open", {"Retry-After": "30"})
    number = int(last) if last.isdecimal() and len(last) < 18 else after
    begin = number if number >= 0 else await run_in_threadpool(state.arrivals.last_event)
    return StreamingResponse(_stream(request, state, begin, most), media_type="text/event-stream")


async def _stream(request: Request, state: ServiceState, begin: int, most: int) -> AsyncIterator[str]:
    request.app.state.streams += 1
    try:
        yield "retry: 3000\n\n"
        quiet, sent, number = 0.0, 0, begin
        while not await request.is_disconnected():
            news = await run_in_threadpool(state.arrivals.events_after, number)
            for each, event in news:
                yield f"id: {each}\nevent: ring\ndata: {json.dumps(event)}\n\n"
                number, sent = each, sent + 1
                if sent == most:
                    return
            if news:
                quiet = 0.0
                continue
            await asyncio.sleep(LOOKED_EVERY)
            quiet += LOOKED_EVERY
            if quiet >= HEARTBEAT:
                quiet = 0.0
                yield ": still here\n\n"
    finally:
        request.app.state.streams -= 1

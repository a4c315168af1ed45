"""Figures of the service for Prometheus: requests, how long they take, and what is there.

No figure names a customer, and routes are told as they are declared, so that there are no more rows than routes.
"""

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.metrics_text import head, labelled
from ringsight.service.state import asker, state_of

ROUTES = APIRouter(tags=["health"])
SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of how long requests take."""
Sample = tuple[Mapping[str, str], float]
"""Labels and value."""
ELSEWHERE = "none"
"""Route of requests that no route is for."""


class RequestCount:
    """Counts requests and how long they take."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app, self.under_way = app, 0
        self.statuses: Counter[tuple[str, str, int]] = Counter()
        """Method, route and status -> requests."""
        self.buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(SECONDS) + 1))
        """Route -> requests that took no longer than each of `SECONDS`, and longer; each in one bucket."""
        self.seconds: dict[str, float] = defaultdict(float)
        """Route -> seconds of all its requests."""

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["state"] = {**scope.get("state", {}), "counted": self}
        began, status = time.perf_counter(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.under_way += 1
        try:
            await self.app(scope, receive, heard)
        finally:
            self.under_way -= 1
            route = getattr(scope.get("route"), "path", ELSEWHERE)
            method = scope["method"] if route != ELSEWHERE else ELSEWHERE
            self.statuses[method, route, status] += 1
            if route != "/events":  # which lasts as long as somebody listens
                took = time.perf_counter() - began
                self.buckets[route][bisect_left(SECONDS, took)] += 1
                self.seconds[route] += took

    def lines(self) -> list[str]:
        """The figures as text."""
        counted = sorted(self.statuses.items())
        told: list[Sample] = [({"method": m, "route": r, "status": str(s)}, n) for (m, r, s), n in counted]
        found = _told("requests_total", "counter", "Requests answered.", told)
        found += _told("requests_under_way", "gauge", "Requests that are under way.", [({}, self.under_way)])
        seconds = "ringsight_request_seconds"
        found += head(seconds, "histogram", "How long requests take.")
        for route, counts in sorted(self.buckets.items()):
            so_far = 0
            for end, count in zip([*map(str, SECONDS), "+Inf"], counts, strict=True):
                so_far += count
                found.append(f"{labelled(f'{seconds}_bucket', {'route': route, 'le': end})} {so_far}")
            found.append(f"{labelled(f'{seconds}_sum', {'route': route})} {self.seconds[route]:.6f}")
            found.append(f"{labelled(f'{seconds}_count', {'route': route})} {so_far}")
        return found


@ROUTES.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, _: Annotated[ApiKey, Depends(asker(KeyScope.metrics))]) -> PlainTextResponse:
    """Figures for Prometheus; they take a key of the scope `metrics`."""
    arrivals = state_of(request).arrivals
    counted: RequestCount = request.state.counted
    with arrivals.graph() as graph:
        rings = graph.rings()
        customers: list[Sample] = [({"space": name}, space.count) for name, space in graph.spaces.items()]
        dormant = len(graph.dormant(member for ring in rings for member in ring.members))
        ties = graph.ties_of_night
        figures: Iterable[tuple[str, str, Sequence[Sample]]] = (
            ("customers", "Customers who are in a space now.", customers),
            ("night_customers", "Customers of the last night.", [({}, len(graph.night.customer_ids))]),
            ("live_rings", "Live rings.", [({}, len(rings))]),
            ("dormant_customers", "Customers tied to a live ring who have no transactions.", [({}, dormant)]),
            ("tie_bound_bits", "Bits from which on two customers are tied.", [({}, ties.bound)]),
            ("log_number", "Number of the last row of the log that is in the graph.", [({}, arrivals.number)]),
            ("event_streams", "Event streams that are open.", [({}, request.app.state.streams)]),
        )
    lines = counted.lines()
    for name, meaning, values in figures:
        lines += _told(name, "gauge", meaning, values)
    return PlainTextResponse("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4")


def _told(name: str, kind: str, meaning: str, samples: Sequence[Sample]) -> list[str]:
    full = f"ringsight_{name}"
    return [*head(full, kind, meaning), *(f"{labelled(full, labels)} {value:.12g}" for labels, value in samples)]

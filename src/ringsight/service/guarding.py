"""Who is answered: keys and their scopes, requests a minute, and how long a body may be."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.service.problems import problem

KNOWN_FOR = 5.0
"""Seconds that a key which was looked up is believed; so long a closed key may still open."""
MOST_KNOWN = 10_000


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""What every answer carries."""


class WithHeaders:
    """Adds the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class BoundedBody:
    """Refuses bodies that are longer than allowed, before or while they come."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        """Stand before an application; `most` is in bytes."""
        self.app, self.most = app, most

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is too long."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self.most:
            await problem(413, self._said)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, self._said)
            return message

        await self.app(scope, counted, send)

    @property
    def _said(self) -> str:
        return f"the request is longer than {self.most:,} bytes: send fewer records, or smaller images"


class BoundedRequests:
    """Refuses requests beyond so many at once. Probes are always answered; event streams have a bound of their own."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        """Stand before an application."""
        self.app, self.most, self._under_way = app, most, 0

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless too many are under way."""
        if scope["type"] != "http" or scope["path"] == "/events" or scope["path"].startswith("/health/"):
            await self.app(scope, receive, send)
            return
        if self._under_way >= self.most:
            remedy = "wait, and send it again with its idempotency key"
            await problem(503, "too many requests are under way", remedy)(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._under_way -= 1


@dataclass(slots=True)
class Buckets:
    """Requests that each key has left: so many a minute, refilled as time goes by."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> float:
        """Take one request; 0 where there was one, else the seconds to wait for it."""
        with self._lock:
            now = self.clock()
            left, before = self._left.get(name, (float(self.per_minute), now))
            left = min(left + max(now - before, 0.0) * self.per_minute / 60, float(self.per_minute))
            if left < 1:
                self._left[name] = (left, now)
                return (1 - left) * 60 / self.per_minute
            self._left[name] = (left - 1, now)
            return 0.0


class Doorkeeper:
    """Knows who asks, by the key of the request."""

    def __init__(self, find: Callable[[str], ApiKey | None], per_minute: int) -> None:
        """Look keys up by `find`."""
        self._find, self.buckets = find, Buckets(per_minute)
        self._known: dict[str, tuple[float, ApiKey]] = {}

    def admit(self, request: Request, scope: KeyScope) -> ApiKey:
        """The key that a request may act by.

        Raises:
            HTTPException: 401 without a key, 403 without the scope, 429 beyond the rate.
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        key = self._key(given.strip()) if scheme.lower() == "bearer" and given.strip() else None
        if key is None:
            raise HTTPException(401, "a key is needed: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"})
        wait = self.buckets.take(key.name)
        if wait:
            raise HTTPException(429, "too many requests of this key", {"Retry-After": str(int(wait) + 1)})
        if scope not in key.scopes:
            raise HTTPException(403, f"this key has not the scope {scope.value!r}")
        return key

    def _key(self, given: str) -> ApiKey | None:
        now = time.monotonic()
        when, key = self._known.get(given, (-KNOWN_FOR, None))
        if key is not None and now - when < KNOWN_FOR:
            return key
        found = self._find(given)
        if found is None:
            self._known.pop(given, None)
            return None
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[given] = (now, found)
        return found

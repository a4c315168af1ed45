"""Ring events posted to whoever asked for them, signed after the Standard Webhooks scheme, and sent again on failure.

The signature is `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`
(https://www.standardwebhooks.com, version 1.0). How far each address has come is kept in the database, so that a
stop loses nothing; an event may come twice, and has the same id then.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ringsight.arrivals.errors import LogError
from ringsight.arrivals.live_arrivals import Arrivals
from ringsight.errors import SettingsError
from ringsight.service.settings import WebhookSettings

SECRET = "RINGSIGHT_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
BEGINS = "whsec_"
PATIENCE = 10.0
"""Seconds that a receiver has to answer."""
LOOKED_EVERY = 1.0
SHORTEST_SECRET = 24
"""Bytes, as the scheme asks."""
LOGGER = logging.getLogger("ringsight.service")
Post = Callable[[str, bytes, Mapping[str, str]], bool]


def webhook_secret() -> bytes:
    """The secret that webhooks are signed with, out of the environment.

    Raises:
        SettingsError: if there is none, or it is too short.
    """
    given = os.environ.get(SECRET, "")
    try:
        secret = base64.b64decode(given.removeprefix(BEGINS), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"webhooks need a secret of {SHORTEST_SECRET} bytes or more in {SECRET}",
            remedy=f'export {SECRET}="whsec_$(head -c 32 /dev/urandom | base64)"',
        )
    return secret


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of one message."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")


class _NoRedirects(HTTPRedirectHandler):
    """A receiver that answers with another address is not followed there."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Post to a receiver; whether it took the message."""
    request = Request(url, body, dict(headers), method="POST")  # noqa: S310 - the settings let http and https pass alone
    try:
        with build_opener(_NoRedirects).open(request, timeout=PATIENCE) as answer:
            return 200 <= int(answer.status) < 300
    except (URLError, OSError, ValueError):
        return False


class Webhooks:
    """Posts ring events in their order, in a thread of its own for each address."""

    def __init__(self, arrivals: Arrivals, settings: WebhookSettings, secret: bytes, send: Post = post) -> None:
        """Post to these addresses; nothing is sent before `start`."""
        self._arrivals, self._settings, self._secret, self._send = arrivals, settings, secret, send
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._follow, args=(url,), daemon=True) for url in settings.urls]

    def start(self) -> None:
        """Begin to post."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the messages under way."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _follow(self, url: str) -> None:
        while not self._stopped.is_set():
            try:
                sent = self.send_news(url)
            except LogError:
                sent = 0
            if not sent:
                self._stopped.wait(LOOKED_EVERY)

    def send_news(self, url: str) -> int:
        """Post to one address what it has not had yet; how many events were taken or given up.

        Raises:
            LogError: if the log cannot be read.
        """
        done = 0
        for number, event in self._arrivals.events_after(self._arrivals.delivered(url)):
            if not self._delivered(url, number, event):
                if self._stopped.is_set():
                    break
                LOGGER.error("ring event %s was given up after %s attempts", number, self._settings.attempts)
            self._arrivals.note_delivered(url, number)
            done += 1
        return done

    def _delivered(self, url: str, number: int, event: Mapping[str, object]) -> bool:
        message_id = f"ring-event-{number}"
        body = json.dumps({"type": "ring.event", "data": {"number": number, **event}}, sort_keys=True).encode()
        for attempt in range(self._settings.attempts):
            if attempt and self._stopped.wait(self._settings.first_wait * 2 ** (attempt - 1)):
                return False
            timestamp = int(time.time())
            headers = {
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(self._secret, message_id, timestamp, body),
            }
            if self._send(url, body, headers):
                return True
        return False

"""Webhooks: signed as the scheme says, sent again on failure, and from where they stopped."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest
from service_world import RING, Service, body

from ringsight.arrivals.api_keys import KeyScope
from ringsight.errors import SettingsError
from ringsight.service import webhooks
from ringsight.service.settings import WebhookSettings
from ringsight.service.webhooks import SECRET, Webhooks, signature, webhook_secret

URL = "https://receiver.example/hook"
KEY = bytes(range(32))


class Receiver:
    """Takes messages after so many refusals, and keeps what it took."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals, self.taken, self.heard = refusals, list[dict[str, object]](), 0

    def __call__(self, url: str, content: bytes, headers: Mapping[str, str]) -> bool:
        self.heard += 1
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        if self.refusals:
            self.refusals -= 1
            return False
        self.taken.append(json.loads(content))
        return True


def send(served: Service, receiver: Receiver, attempts: int = 3) -> Webhooks:
    settings = WebhookSettings(urls=[URL], attempts=attempts, first_wait=0.001)
    return Webhooks(served.arrivals, settings, KEY, receiver)


def test_the_signature_is_that_of_the_scheme():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_events_are_sent_once_in_order_and_again_after_a_refusal(served: Service):
    client = served.client(KeyScope.write)
    for name in RING:
        client.post("/customers", json=body(name))
    receiver = Receiver(refusals=2)
    count = len(served.arrivals.events_after(0))
    assert send(served, receiver).send_news(URL) == count
    assert [each["data"]["number"] for each in receiver.taken] == list(range(1, count + 1))  # type: ignore[index]
    assert receiver.heard == count + 2
    assert send(served, receiver).send_news(URL) == 0


def test_what_a_receiver_never_takes_is_given_up_and_holds_up_nothing(served: Service):
    client = served.client(KeyScope.write)
    for name in RING:
        client.post("/customers", json=body(name))
    count = len(served.arrivals.events_after(0))
    receiver = Receiver(refusals=3)
    send(served, receiver, attempts=3).send_news(URL)
    assert len(receiver.taken) == count - 1


def test_a_stop_leaves_the_event_for_the_next_start(served: Service):
    client = served.client(KeyScope.write)
    for name in RING[:3]:
        client.post("/customers", json=body(name))
    stopped = send(served, Receiver(refusals=99))
    stopped._stopped.set()
    stopped.send_news(URL)
    receiver = Receiver()
    send(served, receiver).send_news(URL)
    assert len(receiver.taken) == len(served.arrivals.events_after(0))


def test_a_receiver_that_is_not_there_takes_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks, "PATIENCE", 0.5)
    assert not webhooks.post("http://127.0.0.1:9/none", b"{}", {})


def test_secrets_and_addresses_are_checked(monkeypatch: pytest.MonkeyPatch):
    for given in ("", "whsec_short", "whsec_%%%"):
        monkeypatch.setenv(SECRET, given)
        with pytest.raises(SettingsError, match=SECRET):
            webhook_secret()
    monkeypatch.setenv(SECRET, "whsec_" + base64.b64encode(KEY).decode())
    assert webhook_secret() == KEY
    with pytest.raises(SettingsError, match="https"):
        WebhookSettings(urls=["http://receiver.example"])

"""The service's ring events on the pages: a line, a page, and who is told which ring it was."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from case_world import Ring, World
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ringsight.cases import clock
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role, User
from ringsight.errors import SettingsError
from ringsight.online.client import Client, ServiceError
from ringsight.web import live_pages, ring_events
from ringsight.web.app import create_app
from ringsight.web.app_state import COOKIE
from ringsight.web.ring_events import RingEvents
from ringsight.web.settings import ServiceSettings, SiteSettings

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live as long as a test
HOME = "http://localhost"
HOSTILE = "<script>alert(1)</script>"
GREW = {"event": "grew", "from_ids": ["R1"], "to_ids": ["R1"], "joined": ["C90"], "left": [], "number": 3}
BORN = {
    "event": "born",
    "from_ids": [],
    "to_ids": [HOSTILE],
    "joined": ["C90", "C91"],
    "left": [],
    "number": 4,
    "dormant": ["C91"],
}


class Told(Client):
    """A service that tells these events, and is gone after that."""

    def __init__(self, *events: dict[str, Any]) -> None:
        super().__init__("http://service", "key")
        self.told = events

    def events(self, after: int = -1, most: int = 0) -> Iterator[dict[str, Any]]:
        yield from (each for each in self.told if each["number"] > after)
        raise ServiceError("gone")


class Connected:
    """A request of somebody who stays for so many looks."""

    def __init__(self, looks: int, cookie: str = "") -> None:
        self.looks, self.cookies, self.app = looks, {COOKIE: cookie}, FastAPI()

    async def is_disconnected(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def wait_for(comes: Callable[[], bool]) -> None:
    for _ in range(1000):
        if comes():
            return
        time.sleep(0.01)
    pytest.fail("it does not come")


@pytest.fixture
def book(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run(Ring("R1", ["C20", "C21", "C22"])), world.bank)
        for name, role in (("ana", "analyst"), ("lea", "lead"), ("ada", "admin")):
            book.accounts.add(name, Role(role), PASSWORD, SYSTEM)
        yield book


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[RingEvents]:
    monkeypatch.setattr(ring_events, "AGAIN_AFTER", 0.01)
    monkeypatch.setattr(live_pages, "LOOKED_EVERY", 0.0)
    followed = RingEvents(Told(GREW, BORN))
    wait_for(lambda: len(followed.after(-1)) == 2)
    yield followed
    followed.stop()


def browser(book: CaseBook, name: str, events: RingEvents, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(RingEvents, "of", lambda _: events)
    site = SiteSettings(service=ServiceSettings(address="http://service"))
    made = TestClient(create_app(book, site), base_url=HOME, follow_redirects=True)
    made.post("/sign-in", data={"name": name, "password": PASSWORD})
    return made


def streamed(book: CaseBook, events: RingEvents, user: User, request: Connected, last: str = "") -> list[str]:
    request.app = create_app(book)

    async def gather() -> list[str]:
        stream: AsyncIterator[str] = live_pages._told(request, events, user, last)  # type: ignore[arg-type]
        return [line async for line in stream]

    with ThreadPoolExecutor(1) as apart:  # a browser of another test may have left a loop in this thread
        return apart.submit(anyio.run, gather).result()


def test_the_page_names_rings_and_their_cases_to_a_lead_and_no_customer_to_anybody(
    book: CaseBook, events: RingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = browser(book, "lea", events, monkeypatch).get("/live/events").text
    assert '<a href="/cases/K1">K1</a>' in shown
    assert "&lt;script&gt;" in shown and HOSTILE not in shown
    assert "C90" not in shown
    assert shown.index("born") < shown.index("grew")


def test_an_analyst_is_not_told_which_ring_it_was(
    book: CaseBook, events: RingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = browser(book, "ana", events, monkeypatch)
    shown = ana.get("/live/events").text
    assert "grew" in shown and "R1" not in shown and "K1" not in shown
    told = "".join(streamed(book, events, User("ana", Role.analyst), Connected(1), last="0"))
    assert '"rings": []' in told and "R1" not in told
    assert 'id="live"' in ana.get("/").text
    ada = browser(book, "ada", events, monkeypatch)
    assert ada.get("/live/events").status_code == 403
    assert 'id="live"' not in ada.get("/accounts").text


def test_the_stream_begins_now_and_goes_on_after_the_last_event_that_a_browser_had(
    book: CaseBook, events: RingEvents
) -> None:
    lea = User("lea", Role.lead)
    assert not any("data:" in line for line in streamed(book, events, lea, Connected(3)))
    (line,) = [line for line in streamed(book, events, lea, Connected(3), last="3") if "data:" in line]
    assert line.startswith("id: 4\nevent: ring\ndata: ")
    assert json.loads(line.split("data: ")[1]) == {
        "event": "born",
        "rings": [HOSTILE],
        "joined": 2,
        "left": 0,
        "dormant": 1,
    }


def test_the_stream_ends_with_the_session(book: CaseBook, events: RingEvents) -> None:
    lines = streamed(book, events, User("lea", Role.lead), Connected(1000, cookie="ended"))
    assert lines[-1] == ": still here\n\n"
    assert len(lines) == 2


def test_a_page_that_is_open_keeps_no_session_alive(
    book: CaseBook, events: RingEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    lea = browser(book, "lea", events, monkeypatch)
    token = lea.cookies[COOKIE]
    now, looks, idle = clock.now(), live_pages.ASKED_AGAIN + 1, book.sessions._idle
    monkeypatch.setattr(clock, "now", lambda: now + 0.75 * idle)
    lines = streamed(book, events, User("lea", Role.lead), Connected(looks, token))
    assert lines[-1] == ": still here\n\n"  # and it went on
    monkeypatch.setattr(clock, "now", lambda: now + 1.1 * idle)
    assert book.sessions.user_of(token) is None


def test_a_service_that_is_gone_is_said_and_asked_again(events: RingEvents) -> None:
    wait_for(lambda: not events.answers)
    assert [each.number for each in events.after(-1)] == [3, 4]  # those it told before stay, and come once


def test_without_a_service_there_is_no_line(book: CaseBook) -> None:
    made = TestClient(create_app(book), base_url=HOME)
    made.post("/sign-in", data={"name": "lea", "password": PASSWORD})
    assert 'id="live"' not in made.get("/").text
    assert made.get("/live/events").status_code == 404


def test_the_key_is_read_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("key") / "key"
    file.write_text("rsk_file\n")
    settings = ServiceSettings(address="http://127.0.0.1:8090", key_file=file)
    monkeypatch.delenv("RINGSIGHT_SERVICE_KEY", raising=False)
    assert settings.key() == "rsk_file"
    monkeypatch.setenv("RINGSIGHT_SERVICE_KEY", "rsk_env")
    assert settings.key() == "rsk_env"
    monkeypatch.delenv("RINGSIGHT_SERVICE_KEY")
    with pytest.raises(SettingsError, match="no key"):
        ServiceSettings(address="http://127.0.0.1:8090").key()
    with pytest.raises(SettingsError, match="must be like http://"):
        ServiceSettings(address="ftp://elsewhere")

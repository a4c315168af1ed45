"""Which hosts are answered and which forms are taken: the defences against DNS rebinding and forms of other sites."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from case_world import World
from fastapi.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.jobs import review
from ringsight.jobs.review import ReviewJob, SearchedBank
from ringsight.web.app import create_app
from ringsight.web.app_state import AppState
from ringsight.web.settings import SiteSettings

ADDRESS = "https://review.test"
FORM = {"name": "nobody-here", "password": "correct horse battery"}
TAKEN, REFUSED, NOT_ANSWERED = 401, 403, 421
"""Statuses of a form with a wrong password: it was read; it was refused as another site's; its host is not answered."""


@pytest.fixture
def book(sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        yield book


@pytest.fixture
def get(book: CaseBook) -> Callable[..., int]:
    """The status of a page that needs no session, asked for at a host."""

    def asked(host: str, site: SiteSettings | None = None, listening: str = "", **headers: str) -> int:
        browser = TestClient(create_app(book, site, listening), base_url="http://localhost")
        return browser.get("/sign-in", headers={"host": host} | headers).status_code

    return asked


@pytest.fixture
def post(book: CaseBook) -> Callable[..., int]:
    """The status of a form that is sent to a host."""

    def sent(headers: dict[str, str], site: SiteSettings | None = None) -> int:
        browser = TestClient(create_app(book, site), base_url="http://localhost:8080")
        return browser.post("/sign-in", data=FORM, headers=headers).status_code

    return sent


# --- hosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost", "localhost:8080", "LOCALHOST:65535"),
        *("127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080"),
    ],
)
def test_this_machine_s_own_names_are_answered_at_any_port(get: Callable[..., int], host: str):
    assert get(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8080", "localhost.evil.example", "evil.example:localhost", "127.0.0.1.nip.io"),
        *("localhost:", "localhost:80:80", "localhost:x", "user@localhost", "localhost/", "localhost.", "local host"),
        *("::1", "[::1", "[::2]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.2", "2130706433", ""),  # noqa: S104
    ],
)
def test_any_other_host_is_refused_before_anything_else(book: CaseBook, host: str):
    browser, before = TestClient(create_app(book), base_url="http://localhost"), book.audit.head()
    for path in ("/sign-in", "/", "/healthz", "/review.css", "/static/review.js", "/nowhere"):
        page = browser.get(path, headers={"host": host})
        form = browser.post(path, data=FORM, headers={"host": host})
        for answer in (page, form, browser.head(path, headers={"host": host})):
            assert answer.status_code == NOT_ANSWERED
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert page.text == form.text == "This host is not answered. Name it in site.hosts, or in site.address.\n"
    assert book.audit.head() == before


def test_a_site_whose_name_is_made_to_lead_here_gets_nothing(post: Callable[..., int]):
    """To the browser this is a form of the same origin: DNS rebinding."""
    rebound = {"host": "evil.example:8080", "origin": "http://evil.example:8080", "sec-fetch-site": "same-origin"}
    assert post(rebound) == NOT_ANSWERED


@pytest.mark.parametrize("host", ["review.test", "REVIEW.test:443", "localhost", "[::1]:9"])
def test_the_host_of_the_address_is_answered_besides_this_machine_s_names(get: Callable[..., int], host: str):
    assert get(host, SiteSettings(address=ADDRESS)) == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("desk.test", 200), ("DESK.test:8080", 200), ("10.0.0.5", 200), ("[fd00::5]:80", 200), ("review.test", 200)),
        *(("localhost", 200), ("other.test", 421), ("a.desk.test", 421), ("desk.test.evil.example", 421)),
    ],
)
def test_hosts_that_are_named_are_answered_too(get: Callable[..., int], host: str, status: int):
    assert get(host, SiteSettings(address=ADDRESS, hosts=["Desk.test", "10.0.0.5", "[fd00::5]"])) == status


@pytest.mark.parametrize(
    ("listening", "host", "status"),
    [
        ("10.0.0.7", "10.0.0.7:8080", 200),
        ("10.0.0.7", "10.0.0.8:8080", 421),
        ("fd00:0::7", "[fd00::7]:8080", 200),
        ("desk.test", "desk.test", 200),
        ("0.0.0.0", "0.0.0.0:8080", 421),  # noqa: S104
        ("::", "[::]:8080", 421),
        ("0.0.0.0", "localhost:8080", 200),  # noqa: S104
    ],
)
def test_the_address_that_is_listened_at_is_answered_if_it_is_one(
    get: Callable[..., int], listening: str, host: str, status: int
):
    assert get(host, listening=listening) == status


def test_the_command_tells_where_it_listens(book: CaseBook, world: World, monkeypatch: pytest.MonkeyPatch):
    answered: list[AppState] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: answered.append(app.state.shared))
    review.run(ReviewJob(bank=SearchedBank(path=world.bank), run=world.run(), host="10.0.0.7"))
    assert answered[0].hosts == {"localhost", "127.0.0.1", "[::1]", "10.0.0.7"}


def test_a_forwarded_host_counts_for_nothing(get: Callable[..., int]):
    assert get("evil.example", **{"x-forwarded-host": "localhost"}) == NOT_ANSWERED
    assert get("localhost", **{"x-forwarded-host": "evil.example"}) == 200


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},  # the user's own doing: a reload, a bookmark
        {"sec-fetch-site": "same-origin", "origin": "https://what-a-proxy-made-of-it.test"},
        {"origin": "http://localhost:8080"},
        {"origin": "http://localhost:8080", "host": "LOCALHOST:8080"},
        {"origin": "http://localhost", "host": "localhost:80"},
        {"origin": "http://[::1]:8080", "host": "[::1]:8080"},
        {},  # no browser: a script, a test
    ],
)
def test_forms_of_our_own_pages_are_taken(post: Callable[..., int], headers: dict[str, str]):
    assert post(headers) == TAKEN


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "Same-Origin"},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost:8080"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost"},  # another port
        {"origin": "http://localhost:8081"},
        {"origin": "https://localhost:8080"},  # another scheme
        {"origin": "http://127.0.0.1:8080"},  # another of our hosts
        {"origin": "http://localhost:8080.evil.example"},
        {"origin": "http://evil.example", "x-forwarded-host": "evil.example"},
    ],
)
def test_forms_of_other_sites_are_refused(book: CaseBook, post: Callable[..., int], headers: dict[str, str]):
    before = book.audit.head()
    assert post(headers) == REFUSED
    assert book.audit.head() == before


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("review.test", ADDRESS, TAKEN),  # the proxy took the TLS off: the scheme here is http
        ("review.test:443", ADDRESS, TAKEN),
        ("review.test", "http://review.test", REFUSED),  # whoever is on the way can write this page
        ("review.test", "https://review.test:8443", REFUSED),
        ("localhost:8080", "http://localhost:8080", TAKEN),  # past the proxy, on the machine itself
        ("localhost:8080", ADDRESS, TAKEN),  # the proxy put its own Host in
        ("localhost:8080", "http://review.test", REFUSED),
    ],
)
def test_behind_a_proxy_the_address_is_the_origin(post: Callable[..., int], host: str, origin: str, status: int):
    assert post({"host": host, "origin": origin}, SiteSettings(address=f"{ADDRESS}:443")) == status


@pytest.mark.parametrize(("client", "status"), [("10.0.0.5", TAKEN), ("10.0.0.6", REFUSED)])
def test_the_scheme_that_a_named_proxy_tells_is_the_origin_s(book: CaseBook, client: str, status: int):
    behind: Any = ProxyHeadersMiddleware(cast("Any", create_app(book, SiteSettings(hosts=["desk.test"]))), ["10.0.0.5"])
    browser = TestClient(behind, base_url="http://desk.test", client=(client, 1))
    headers = {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "origin": "https://desk.test"}
    assert browser.post("/sign-in", data=FORM, headers=headers).status_code == status
    assert browser.post("/sign-in", data=FORM, headers=headers | {"origin": "https://evil.example"}).status_code == 403

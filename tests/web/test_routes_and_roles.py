"""Every route with every role: who may and who may not stands in one table. Forms of other sites are refused to all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from case_world import World, flagged_rings
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.web.app import create_app

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live as long as the tests
ANALYST, LEAD, AUDITOR, ADMIN = Role.analyst, Role.lead, Role.auditor, Role.admin
WORKING, SEEING, EVERYBODY = {ANALYST, LEAD}, {ANALYST, LEAD, AUDITOR}, {*Role}
ROUTES: dict[str, tuple[set[Role], dict[str, str]]] = {
    "GET /": (EVERYBODY, {}),
    "POST /next": (WORKING, {}),
    "POST /filters": (SEEING, {"name": "mine", "query": "mine=true"}),
    "POST /filters/delete": (SEEING, {"name": "mine"}),
    "POST /capacity": ({LEAD}, {"cases": "20"}),
    "GET /decisions.csv": ({LEAD, AUDITOR}, {}),
    "GET /cases/{case_id}": (SEEING, {}),
    "POST /cases/{case_id}/claim": (WORKING, {}),
    "POST /cases/{case_id}/release": (WORKING, {}),
    "POST /cases/{case_id}/snooze": (WORKING, {"days": "1"}),
    "POST /cases/{case_id}/escalate": (WORKING, {"reason": "why"}),
    "POST /cases/{case_id}/decide": (WORKING, {"version": "0", "judgement": "unsure"}),
    "POST /cases/{case_id}/comment": (WORKING, {"comment": "why"}),
    "POST /cases/{case_id}/undo": (WORKING, {"version": "0"}),
    "POST /cases/{case_id}/split": (WORKING, {"version": "0", "subjects": "C00"}),
    "POST /cases/{case_id}/merge": (WORKING, {"other": "K2"}),
    "POST /cases/{case_id}/score": (SEEING, {}),
    "POST /cases/{case_id}/members": (SEEING, {}),
    "POST /cases/{case_id}/unmask": (SEEING, {}),
    "POST /cases/{case_id}/records": (SEEING, {"customer": "C00"}),
    "POST /cases/{case_id}/comparison": (SEEING, {}),
    "POST /cases/{case_id}/cards": (SEEING, {}),
    "POST /cases/{case_id}/script": (SEEING, {}),
    "POST /cases/{case_id}/around": (SEEING, {"customer": "C00"}),
    "GET /cases/{case_id}/transactions": (SEEING, {"customer": "C00", "kind": "day", "value": "2026-06-30"}),
    "GET /cases/{case_id}/dossier.html": (SEEING, {}),
    "GET /cases/{case_id}/dossier.json": (SEEING, {}),
    "GET /accounts": (EVERYBODY, {}),
    "POST /accounts/add": ({ADMIN}, {"name": "new", "role": "analyst", "password": "short"}),
    "POST /accounts/close": ({ADMIN}, {"name": "nobody-here"}),
    "POST /accounts/password": (EVERYBODY, {"password": "short"}),
    "POST /erase": ({ADMIN}, {"customer": "C99"}),
    "GET /trail": ({AUDITOR}, {}),
    "GET /figures": ({LEAD, AUDITOR}, {}),
    "GET /other-lists": ({LEAD, AUDITOR}, {}),
    "GET /live": (SEEING, {}),
    "GET /live/events": (SEEING, {}),
}
OPEN = {"GET /healthz", "GET /review.css", "GET /sign-in", "GET /sign-in/back"}
"""Pages for people who are signed out."""
SIGN_IN_FORMS = {"POST /sign-in", "POST /sign-in/provider"}
LAST = "POST /sign-out"
HOME = "http://localhost"
FOREIGN = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
)
"""What a browser says of a form of another site."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseBook]:
    world = World(tmp_path_factory.mktemp("world"))
    world.write_bank()
    with open_casebook(f"sqlite:///{world.folder}/cases.db") as book:
        book.import_run(world.run(*flagged_rings(4)), world.bank)
        for role in Role:
            book.accounts.add(f"an-{role}", role, PASSWORD, SYSTEM)
        yield book


@pytest.fixture(scope="module")
def app(book: CaseBook) -> FastAPI:
    return create_app(book)


@pytest.fixture(scope="module")
def signed_in(app: FastAPI) -> dict[Role, TestClient]:
    """A browser of each role."""
    browsers = {role: client(app) for role in Role}
    for role, browser in browsers.items():
        assert browser.post("/sign-in", data={"name": f"an-{role}", "password": PASSWORD}).status_code == 303
    return browsers


def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=HOME, follow_redirects=False)


def routes(app: FastAPI) -> set[str]:
    found = set()
    for route in app.routes:
        for each in getattr(getattr(route, "original_router", None), "routes", [route]):
            if isinstance(each, APIRoute):
                found |= {f"{method} {each.path}" for method in each.methods or ()}
    return found


def ask(browser: TestClient, route: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> int:
    method, path = route.split()
    path = path.replace("{case_id}", "K1")
    sent = {"params" if method == "GET" else "data": fields or None}
    return browser.request(method, path, **sent, headers=headers).status_code  # type: ignore[arg-type]


def test_every_route_is_in_the_table(app: FastAPI):
    assert routes(app) == {*ROUTES, *OPEN, *SIGN_IN_FORMS, LAST}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_is_for_those_in_the_table(signed_in: dict[Role, TestClient], route: str):
    allowed, fields = ROUTES[route]
    for role, browser in signed_in.items():
        status = ask(browser, route, fields)
        assert status != 422, (role, status)
        assert (status != 403) is (role in allowed), (role, status)


@pytest.mark.parametrize("route", [*(route for route in ROUTES if not route.startswith("GET")), LAST])
@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_is_refused_to_everybody(
    book: CaseBook, signed_in: dict[Role, TestClient], route: str, headers: dict[str, str]
):
    fields = ROUTES.get(route, (set(), {}))[1]
    before = book.audit.head()
    for browser in signed_in.values():
        assert ask(browser, route, fields, headers) == 403
    assert book.audit.head() == before


@pytest.mark.parametrize("route", sorted(SIGN_IN_FORMS))
@pytest.mark.parametrize("headers", FOREIGN)
def test_nobody_is_signed_in_by_a_form_of_another_site(app: FastAPI, route: str, headers: dict[str, str]):
    assert ask(client(app), route, {"name": "an-analyst", "password": PASSWORD}, headers) == 403


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_anything_while_signed_out(app: FastAPI, route: str):
    assert ask(client(app), route, ROUTES[route][1]) == 401


def test_signing_out_ends_the_session(signed_in: dict[Role, TestClient]):
    browser = signed_in[ADMIN]
    assert ask(browser, LAST, {}) == 303
    assert browser.get("/accounts").status_code == 401


def test_files_beside_the_static_ones_are_not_served(app: FastAPI):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert client(app).get(path).status_code == 404
    assert (Path(__file__).parents[2] / "src/ringsight/web/app.py").is_file()

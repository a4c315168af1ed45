"""What the pages do while they begin, behind a proxy, and with whatever people send them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any, NoReturn

import pytest
from case_world import CUSTOMERS, Ring, World
from fastapi.testclient import TestClient

from ringsight.cases.case import Case
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.federation import Person
from ringsight.cases.settings import CaseSettings, FourEyes
from ringsight.cases.users import SYSTEM, Role, User
from ringsight.jobs import review
from ringsight.jobs.review import ReviewJob, SearchedBank
from ringsight.web.app import create_app
from ringsight.web.app_state import COOKIE
from ringsight.web.case_pages import Draft
from ringsight.web.reviewed_run import ReviewedRun
from ringsight.web.reviewed_runs import NotReadyError, Runs
from ringsight.web.settings import SiteSettings

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live as long as a test
ADDRESS = "https://review.test"
RINGS = Ring("R1", CUSTOMERS[20:23]), Ring("R2", CUSTOMERS[:3]), Ring("R3", CUSTOMERS[3:6], flagged=False)


@pytest.fixture
def peopled(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    """With cases K1 to K3, the last of the sample."""
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run(*RINGS), world.bank)
        yield book


def signed_in(book: CaseBook, role: Role = Role.analyst, site: SiteSettings | None = None) -> TestClient:
    """A browser of somebody of a role, with a session and without the cost of a password."""
    address = (site or SiteSettings()).address or "http://localhost"
    browser = TestClient(create_app(book, site), base_url=address, raise_server_exceptions=False)
    person = Person("https://provider.test", role, f"an-{role}", role)
    browser.cookies.set(COOKIE, book.federation.sign_in(person, "::1"))
    return browser


def send(browser: TestClient, address: str, **fields: object):
    return browser.post(address, data=fields)


# --- beginning -------------------------------------------------------------------------------------------------------


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Reading a run waits for this."""
    go_on, read = Event(), Runs._of

    def waits(runs: Runs, case: Case) -> ReviewedRun:
        assert go_on.wait(30)
        return read(runs, case)

    monkeypatch.setattr(Runs, "_of", waits)
    yield go_on
    go_on.set()


def test_pages_are_there_while_the_evidence_is_gathered_and_say_so(peopled: CaseBook, held_up: Event):
    browser = signed_in(peopled)
    runs = browser.app.state.shared.runs  # type: ignore[attr-defined]
    gathering = runs.prepare(peopled.cases())
    assert ">K1<" in browser.get("/").text
    for case_id in ("K1", "K3"):  # of the sample as of the flagged: the wait tells nothing
        page = browser.get(f"/cases/{case_id}")
        assert page.status_code == 200
        assert "still being gathered" in page.text
    assert send(browser, "/cases/K1/score").status_code == 503
    assert browser.get("/cases/K1/dossier.html").status_code == 503
    held_up.set()
    gathering.join(30)
    assert "still being gathered" not in browser.get("/cases/K1").text
    assert browser.get("/cases/K1/dossier.html").status_code == 200


def test_a_run_that_is_gone_holds_nothing_up(peopled: CaseBook, world: World):
    (world.folder / "run1" / "summary.json").unlink()
    runs = Runs()
    runs.prepare(peopled.cases()).join(30)
    with pytest.raises(Exception, match="not here any more") as refused:
        runs.of(peopled.case("K1"))
    assert not isinstance(refused.value, NotReadyError)


def test_evidence_is_gathered_once_until_the_case_or_the_files_change(peopled: CaseBook):
    runs, case = Runs(), peopled.case("K1")
    first = runs.evidence(case)
    assert runs.evidence(peopled.case("K1")) is first
    fewer = replace(case, exposures={name: case.exposures[name] for name in case.members[1:]})
    assert len(runs.evidence(fewer).members) == len(first.members) - 1
    assert runs.evidence(replace(case, news=case.members[:1])).drawing.nodes[0].new
    runs.reread()
    assert runs.evidence(case) is not first
    assert runs.evidence(case) == first


def test_who_opens_a_case_first_waits_for_no_evidence(peopled: CaseBook, monkeypatch: pytest.MonkeyPatch):
    def gathers(*_: object) -> NoReturn:
        raise InterruptedError

    prepared = Runs()
    prepared.prepare(peopled.cases()).join(30)
    monkeypatch.setattr("ringsight.web.case_evidence.drawing", gathers)
    assert [len(prepared.evidence(case).members) for case in peopled.cases()] == [3, 3, 3]
    with pytest.raises(InterruptedError):
        Runs().evidence(peopled.case("K1"))


def test_no_cases_are_soon_prepared(peopled: CaseBook):
    runs = Runs()
    preparing = runs.prepare([])
    preparing.join(30)
    assert not preparing.is_alive()
    assert len(runs.evidence(peopled.case("K1")).members) == 3


# --- behind a proxy --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proxies", [[], ["10.0.0.5", "fd00::/8"]])
def test_a_client_s_word_on_its_address_is_believed_of_proxies_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, proxies: list[str]
):
    told: list[dict[str, object]] = []
    monkeypatch.setattr("uvicorn.run", lambda _app, **given: told.append(given))
    site = SiteSettings(address="https://review.test", proxies=proxies)
    review.run(ReviewJob(bank=SearchedBank(path=world.bank), run=world.run(*RINGS), site=site))
    assert told[0]["proxy_headers"] is bool(proxies)
    assert told[0]["forwarded_allow_ips"] == proxies


def test_a_review_finds_the_bank_where_its_run_found_it(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)
    run = world.run(*RINGS)
    review.run(ReviewJob(run=run))
    with open_casebook(f"sqlite:///{run}/cases.db") as book:
        assert {case.bank for case in book.cases()} == {str(world.bank)}


@pytest.mark.slow
def test_behind_tls_cookies_are_secure_and_browsers_come_by_tls_alone(peopled: CaseBook):
    peopled.accounts.add("ana", Role.analyst, PASSWORD, SYSTEM)
    browser = TestClient(create_app(peopled, SiteSettings(address=ADDRESS)), base_url=ADDRESS)
    answer = browser.post("/sign-in", data={"name": "ana", "password": PASSWORD}, follow_redirects=False)
    assert all(word in answer.headers["set-cookie"] for word in ("Secure", "HttpOnly", "SameSite=lax"))
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "strict-transport-security" in TestClient(browser.app, base_url=ADDRESS).get("/review.css").headers


def test_without_tls_browsers_are_told_nothing_of_it(peopled: CaseBook):
    answer = signed_in(peopled).get("/")
    assert "strict-transport-security" not in answer.headers


def test_a_form_of_another_origin_is_refused(peopled: CaseBook):
    browser = TestClient(create_app(peopled, SiteSettings(address=ADDRESS)), base_url=ADDRESS)
    data = {"name": "ana", "password": PASSWORD}
    for origin, status in ((ADDRESS, 401), (f"{ADDRESS}.evil.example", 403), ("null", 403)):
        answer = browser.post("/sign-in", data=data, headers={"origin": origin}, follow_redirects=False)
        assert answer.status_code == status


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_note_of_50_000_characters_arrives_whole(peopled: CaseBook):
    browser = signed_in(peopled)
    send(browser, "/cases/K1/claim")
    note = "ü<b>\u0000 " * 10_000
    assert send(browser, "/cases/K1/decide", version=2, judgement="unsure", note=note).status_code == 200
    assert peopled.case("K1").decisions[0].decision.note == note


def test_a_note_that_is_too_long_comes_back_for_shortening(peopled: CaseBook):
    browser = signed_in(peopled)
    send(browser, "/cases/K1/claim")
    answer = send(browser, "/cases/K1/decide", version=2, judgement="unsure", note="long " * 30_000)
    assert answer.status_code == 400
    assert "long long" in answer.text
    assert peopled.case("K1").verdict is None


def test_an_endless_form_is_not_read(peopled: CaseBook):
    assert signed_in(peopled).post("/next", content=b"x" * 2_000_001).status_code == 413


@pytest.mark.parametrize(
    "address", ["/?customer=%00", "/?size=-1", "/?verdict=guilty", "/?start=x", "/cases/K1%00", "/?customer=%ff"]
)
def test_an_address_that_is_none_of_ours_is_refused_calmly(book: CaseBook, address: str):
    assert signed_in(book).get(address).status_code in (200, 400, 404, 422)


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/filters", {"name": "\u0000", "query": "mine=true"}),
        ("/filters", {"name": "x", "query": "verdict=guilty"}),
        ("/cases/K1/decide", {"version": "first", "judgement": "unsure"}),
        ("/cases/K1/merge", {"other": "K1' OR 1=1"}),
        ("/cases/../../etc/passwd/claim", {}),
    ],
)
def test_a_form_that_is_none_of_ours_is_refused_calmly(book: CaseBook, address: str, fields: dict[str, str]):
    assert send(signed_in(book), address, **fields).status_code in (200, 400, 404, 405, 422)


@pytest.mark.parametrize("draft", ["{", "[1]", '[["note"]]', '{"note": "x"}', "null"])
def test_a_draft_that_is_none_of_ours_is_dropped(draft: str):
    assert Draft.read(draft) == Draft()


def test_customers_named_like_formulae_come_out_harmless(peopled: CaseBook, world: World):
    lea = User("lea", Role.lead)
    names = ["=cmd|' /C calc'!A0", "+49", "@SUM(A1)"]
    world.write_bank()
    with (world.bank / "customers.csv").open("a") as file:
        file.writelines(f'"{name}",2020-01-01T00:00:00\n' for name in names)
    peopled.import_run(world.run(Ring("R9", names)), world.bank)
    case = next(case for case in peopled.cases() if case.ring["ring_id"] == "R9")
    browser = signed_in(peopled, Role.lead)
    send(browser, f"/cases/{case.case_id}/claim")
    send(browser, f"/cases/{case.case_id}/decide", version=2, judgement="same_hand")
    lines = browser.get("/decisions.csv").text.splitlines()
    assert len(lines) == 4
    assert not any(cell.lstrip('"').startswith(("=", "+", "@")) for line in lines for cell in line.split(","))
    assert peopled.export_decisions(lea).height == 3


def test_two_tabs_end_in_one_decision_and_one_draft(peopled: CaseBook):
    browser = signed_in(peopled)
    send(browser, "/cases/K1/claim")
    first = send(browser, "/cases/K1/decide", version=2, judgement="same_hand", note="first tab")
    second = send(browser, "/cases/K1/decide", version=2, judgement="different", note="second tab")
    assert (first.status_code, second.status_code) == (200, 409)
    assert ">second tab</textarea>" in second.text
    assert [each.decision.note for each in peopled.case("K1").decisions] == ["first tab"]


def test_a_session_that_ended_leaves_what_was_entered(peopled: CaseBook):
    browser = signed_in(peopled)
    send(browser, "/cases/K1/claim")
    peopled.sessions.end(str(browser.cookies.get(COOKIE)))
    late = browser.post("/cases/K1/decide", data={"version": 2, "judgement": "unsure", "note": 'half a "thought"'})
    assert late.status_code == 401
    held = re.search(r'name="draft" value="([^"]*)"', late.text)
    assert held
    fields = dict(json.loads(held[1].replace("&#34;", '"')))
    assert fields == {"version": "2", "judgement": "unsure", "note": 'half a "thought"'}


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        ({}, {Role.admin, Role.lead}),
        ({"host": "localhost"}, {Role.admin, Role.lead}),
        ({"host": "0.0.0.0"}, {Role.admin}),  # noqa: S104 - what a test is about
        ({"database": "postgresql://one@server/cases"}, {Role.admin}),
        ({"site": SiteSettings(address="https://review.test")}, {Role.admin}),
    ],
)
def test_the_first_start_makes_an_admin_and_a_lead_for_whoever_is_alone(
    book: CaseBook, world: World, given: dict[str, Any], roles: set[Role]
):
    job = ReviewJob(bank=SearchedBank(path=world.bank), **given)
    made = review.first_accounts(book, job)
    assert set(made) == roles
    for role, password in made.items():
        assert book.accounts.sign_in(role.value, password, "127.0.0.1")
    assert review.first_accounts(book, job) == {}


# --- four-eyes review -----------------------------------------------------------------------------------------------


def test_who_decided_is_told_to_wait_and_a_colleague_what_to_look_at(world: World, sqlite_url: str):
    settings = CaseSettings(four_eyes=FourEyes.always)
    with open_casebook(sqlite_url, settings) as book:
        book.import_run(world.run(*RINGS), world.bank)
        first, second = signed_in(book, Role.analyst), signed_in(book, Role.lead)
        send(first, "/cases/K2/claim")
        send(first, "/cases/K2/decide", version=2, judgement="different", subjects=["C00", "C01"])
        own = send(first, "/cases/K2/decide", version=3, judgement="same_hand").text
        assert "waits for a second analyst" in own
        assert "Claim this case" not in own
        theirs = second.get("/cases/K2").text
        assert "Judged same hand once" in theirs
        assert "different on C00 and C01 (an-analyst)" in theirs
        assert "Claim this case" in theirs
        assert "judged same hand once, which counts when" in second.get("/cases/K2/dossier.html").text
        send(second, "/cases/K2/claim")
        closed = send(second, "/cases/K2/decide", version=5, judgement="same_hand").text
        assert "Judged same hand once" not in closed
        assert "once, which counts" not in second.get("/cases/K2/dossier.html").text

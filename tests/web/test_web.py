"""The pages: who sees what, what is recorded, and what hostile or late forms come to."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest
from case_world import WITHHELD, Ring, World
from fastapi.testclient import TestClient
from finished_runs import finished

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.detection.lineage import RingEvent
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run
from ringsight.web import case_evidence
from ringsight.web.app import create_app
from ringsight.web.signing_in import inside
from ringsight.web.spreadsheets import harmless

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live as long as a test
HOME = "http://localhost"
HOSTILE = '<script>alert("1")</script>'


@pytest.fixture
def book(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run(Ring("R1", ["C20", "C21", "C22"]), Ring("R2", ["C01", "C02", "C03"])), world.bank)
        for name, role in (("ana", "analyst"), ("ben", "analyst"), ("eva", "auditor"), ("ada", "admin")):
            book.accounts.add(name, Role(role), PASSWORD, SYSTEM)
        yield book


def client(book: CaseBook, name: str = "") -> TestClient:
    made = TestClient(create_app(book), base_url=HOME, follow_redirects=True)
    if name:
        made.post("/sign-in", data={"name": name, "password": PASSWORD})
    return made


def send(browser: TestClient, address: str, **fields: object):
    """Send a form as a page of ours does."""
    return browser.post(address, data=fields, headers={"origin": HOME})


def actions(book: CaseBook) -> list[str]:
    with book._database.reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT action FROM entries ORDER BY number")]


def test_nothing_is_shown_before_signing_in(book: CaseBook):
    for address in ("/", "/cases/K1", "/cases/K1/dossier.json", "/trail", "/decisions.csv"):
        answer = client(book).get(address)
        assert answer.status_code == 401
        assert "C20" not in answer.text
    assert client(book).get("/healthz").text == "ok\n"


def test_a_case_is_claimed_decided_and_undone(book: CaseBook):
    ana = client(book, "ana")
    assert ">K1<" in ana.get("/").text
    assert send(ana, "/cases/K1/claim").status_code == 200
    fields = {"version": 2, "judgement": "same_hand", "reasons": ["same_document"], "note": HOSTILE}
    page = send(ana, "/cases/K1/decide", **fields).text
    assert book.case("K1").verdict == "same_hand"
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    send(ana, "/cases/K1/undo", version=3)
    assert book.case("K1").verdict is None


def test_members_chosen_say_what_a_decision_is_about(book: CaseBook):
    ana = client(book, "ana")
    send(ana, "/cases/K1/claim")
    members = list(book.case("K1").members)
    for version, chosen, scope in ((2, members[:1], "member"), (3, members[:2], "link")):
        send(ana, "/cases/K1/decide", version=version, judgement="unsure", subjects=chosen)
        assert book.case("K1").decisions[-1].decision.scope == scope
    answer = send(ana, "/cases/K1/decide", version=4, judgement="unsure", subjects=members)
    assert answer.status_code == 400
    assert len(book.case("K1").decisions) == 2


def test_a_large_case_lists_its_foremost_members_and_all_when_asked(book: CaseBook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(case_evidence, "LISTED", 2)
    ana, members = client(book, "ana"), book.case("K1").members

    def listed(page: str) -> set[str]:
        return set(re.findall(r'name="subjects" value="(\w+)"', page))

    first = ana.get("/cases/K1").text
    assert len(listed(first)) == 2
    assert "Show the other 1 member" in first
    everyone = send(ana, "/cases/K1/members").text
    assert listed(everyone) == set(members)
    assert "Show the other" not in everyone
    send(ana, "/cases/K1/claim")
    [unlisted] = set(members) - listed(first)
    stale = send(ana, "/cases/K1/decide", version=1, judgement="unsure", subjects=[unlisted]).text
    assert re.search(f'value="{unlisted}"[^>]*checked', stale)


@pytest.mark.parametrize("event", [event.value for event in RingEvent])
def test_what_became_of_a_ring_is_told_in_words(event: str):
    told = case_evidence._event_in_words(
        {"event": event, "from_ids": "R1 R2", "to_ids": "R3 R4", "joined": 2, "left": 1}
    )
    assert ("R1 R2" in told) == (event == "merged")
    assert ("R3 R4" in told) == (event == "split")
    assert ("2 joined, 1 left" in told) == (event not in {"born", "returned", "gone"})
    assert "has born" not in told


def test_after_a_split_the_page_says_whose_evidence_it_shows(book: CaseBook):
    ana = client(book, "ana")
    assert "as it was found" not in ana.get("/cases/K1").text
    send(ana, "/cases/K1/claim")
    send(ana, "/cases/K1/split", version=2, subjects=[book.case("K1").members[0]])
    for case_id, part in (("K1", 2), ("K3", 1)):
        assert f"3 members, {part} of them in this case of {part}" in ana.get(f"/cases/{case_id}").text
    undoing = ana.get("/cases/K1").text
    assert "Undo “split”" in undoing
    send(ana, "/cases/K1/undo", version=3)
    assert "as it was found" not in ana.get("/cases/K1").text


def test_a_case_that_another_holds_is_refused_by_name(book: CaseBook):
    send(client(book, "ana"), "/cases/K1/claim")
    answer = send(client(book, "ben"), "/cases/K1/claim")
    assert answer.status_code == 409
    assert "Case K1 is held by ana" in answer.text
    assert book.case("K1").holder == "ana"


def test_a_stale_decision_comes_back_with_its_draft(book: CaseBook):
    ana = client(book, "ana")
    send(ana, "/cases/K1/claim")
    answer = send(ana, "/cases/K1/decide", version=1, judgement="different", note="two tabs")
    assert answer.status_code == 409
    assert ">two tabs</textarea>" in answer.text
    assert book.case("K1").verdict is None


def test_an_expired_session_loses_nothing(book: CaseBook):
    ana = client(book, "ana")
    send(ana, "/cases/K1/claim")
    ana.cookies.clear()
    late = ana.post("/cases/K1/decide", data={"version": 2, "judgement": "unsure", "note": 'half a "thought"'})
    assert late.status_code == 401
    draft = json.dumps([["judgement", "unsure"], ["note", 'half a "thought"']])
    again = ana.post("/sign-in", data={"name": "ana", "password": PASSWORD, "after": "/cases/K1", "draft": draft})
    assert "half a &#34;thought&#34;</textarea>" in again.text
    assert book.case("K1").verdict is None
    assert 'name="draft"' in late.text


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_forms_of_other_sites_are_refused(book: CaseBook, headers: dict[str, str]):
    ana = client(book, "ana")
    assert ana.post("/cases/K1/claim", headers=headers).status_code == 403
    assert book.case("K1").holder == ""


def test_an_auditor_looks_and_may_not_decide(book: CaseBook):
    eva = client(book, "eva")
    page = eva.get("/cases/K1").text
    assert "You can see this case, but not decide it" in page
    assert send(eva, "/cases/K1/claim").status_code == 403
    assert "entries are unchanged" in eva.get("/trail?verify=1").text


def test_an_admin_sees_no_case(book: CaseBook):
    ada = client(book, "ada")
    assert ada.get("/").url.path == "/accounts"
    assert ada.get("/cases/K1").status_code == 403
    assert send(ada, "/accounts/add", name="new", role="analyst", password=PASSWORD).status_code == 200


def test_the_score_is_shown_on_request_and_recorded(book: CaseBook):
    ana = client(book, "ana")
    assert "score <b>" not in ana.get("/cases/K1").text
    assert "view_score" not in actions(book)
    assert "score <b>18.0</b>" in send(ana, "/cases/K1/score").text
    assert "view_score" in actions(book)


def test_the_queue_says_what_is_claimed_and_how_well_chance_was_imitated(book: CaseBook):
    page = client(book, "ana").get("/").text
    assert "A flag is false if no one hand ties at least three of its members" in page
    assert "at most 5 % of the flags are, on average" in page
    assert "This rests on one assumption" in page
    assert "agree by 0.12 bits more than chance does" in page


def test_without_a_rate_pages_warn_and_rank(book: CaseBook, world: World):
    ring = Ring("R1", ["C20", "C21", "C22"], q=None)
    book.import_run(world.run(ring, summary=WITHHELD), world.bank)
    ana = client(book, "ana")
    queue, scored = ana.get("/").text, send(ana, "/cases/K1/score").text
    dossier = ana.get("/cases/K1/dossier.html").text
    for page in (queue, scored, dossier):
        assert "No error rate can be stated of this list." in page
        assert "0.71 bits" in page
        assert "5 %" not in page
    assert "Expected value" not in queue
    assert "score <b>18.0</b>" in scored
    for page in (scored, dossier):
        assert not re.search(r"\bq\b <b>|\(q |, q ", page)


def test_communities_and_pairs_are_for_leads_and_auditors(book: CaseBook, world: World):
    folder = world.run(Ring("R1", ["C20", "C21", "C22"]))
    before = Run(folder).results
    results = replace(
        before,
        communities=pl.DataFrame([("C1", 2, 9.0, 8.0, "notes")], before.communities.schema, orient="row"),
        community_members=pl.DataFrame({"community_id": ["C1", "C1"], "customer_id": ["C10", "C11"]}),
        pairs=pl.DataFrame([("C12", HOSTILE, 21.0, 0.0123)], before.pairs.schema, orient="row"),
    )
    finished(folder, results, bank=read_bank(BankConfig(path=world.bank)))
    book.import_run(folder, world.bank)
    assert client(book, "ana").get("/other-lists").status_code == 403
    page = client(book, "eva").get("/other-lists").text
    assert "C10, C11" in page
    assert "they carry no error rate" in page
    assert "0.0123" in page
    assert HOSTILE not in page
    assert "view_other_lists" in actions(book)


def test_records_of_strangers_are_not_shown(book: CaseBook):
    assert send(client(book, "ana"), "/cases/K1/records", customer="C09").status_code == 400
    assert send(client(book, "ana"), "/cases/K1/records", customer="../../etc/passwd").status_code == 400


@pytest.mark.slow
def test_a_dossier_cites_and_is_recorded(book: CaseBook):
    ana = client(book, "ana")
    found = json.loads(ana.get("/cases/K1/dossier.json").text)
    assert found["case"]["case_id"] == "K1"
    assert found["ledger"]["members"]
    assert "Audit trail of the case" in ana.get("/cases/K1/dossier.html").text
    assert actions(book).count("export_case") == 2


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "/\n/evil"])
def test_signing_in_leads_nowhere_else(address: str):
    assert inside(address) == "/"


def test_every_answer_is_strict(book: CaseBook):
    for answer in (client(book, "ana").get("/"), client(book).get("/nowhere"), client(book).get("/review.css")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_tables_hold_no_formula():
    given = pl.DataFrame({"note": ["=1+1", " +2", "-3", "@x", "\tx", "plain", "", None], "figure": [-1.0] * 8})
    told = harmless(given)
    assert told["note"].to_list() == ["'=1+1", "' +2", "'-3", "'@x", "'\tx", "plain", "", None]
    assert told["figure"].to_list() == [-1.0] * 8

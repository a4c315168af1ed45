"""The first screen of a case and the queue: what is shown at once, what on request, and what is written down of it."""

import re
from collections.abc import Iterator

import pytest
from case_world import CUSTOMERS, SCRIPT, Ring, World
from fastapi.testclient import TestClient
from test_web import PASSWORD, actions, client, send

from ringsight.cases.case import Reason
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.web.app import create_app
from ringsight.web.proposed_reasons import KEYS, keyed
from ringsight.web.settings import SiteSettings

pytestmark = pytest.mark.slow

RING = CUSTOMERS[:3]


@pytest.fixture
def book(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    """K1: C00 to C02, who share script and telephone."""
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run_alike(), world.bank)
        for name, role in (("ana", Role.analyst), ("eva", Role.auditor)):
            book.accounts.add(name, role, PASSWORD, SYSTEM)
        yield book


@pytest.fixture
def several(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    """Two cases without ledgers, notes or images."""
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run(Ring("R1", CUSTOMERS[20:23]), Ring("R2", CUSTOMERS[:4])), world.bank)
        book.accounts.add("ana", Role.analyst, PASSWORD, SYSTEM)
        yield book


def told(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_case_begins_with_one_sentence_and_what_ties_them(book: CaseBook):
    page = client(book, "ana").get("/cases/K1").text
    assert "All 3 share one phone (3 customers of the bank have it)" in page
    assert page.index("headline") < page.index("What ties them") < page.index("Looked at, says nothing")
    assert page.index("What ties them") < page.index("data-graph")
    assert "data:image" not in page
    assert SCRIPT not in page


def test_a_cell_opens_its_transactions_and_that_is_recorded(book: CaseBook):
    ana = client(book, "ana")
    asked = {"customer": "C01", "kind": "day", "value": "2026-06-30"}
    part = ana.get("/cases/K1/transactions", params=asked).text
    assert "T1-0" in part
    assert "T1-180" not in part
    assert "T2-0" not in part
    assert actions(book)[-1] == "view_transactions"
    for wrong in ({"customer": "C09"}, {"customer": "../../etc/passwd"}):
        assert ana.get("/cases/K1/transactions", params=asked | wrong).status_code == 400
    assert ana.get("/cases/K1/transactions", params=asked | {"kind": "secret"}).status_code == 422
    assert "None." in ana.get("/cases/K1/transactions", params=asked | {"value": '"><b>'}).text


def test_all_cards_come_at_once_on_request_and_each_is_recorded(book: CaseBook):
    ana = client(book, "ana")
    sheet = send(ana, "/cases/K1/cards").text
    assert sheet.count("data:image/jpeg") == 3
    assert actions(book).count("view_photo") == 3


def test_a_card_is_compared_with_those_most_like_it(book: CaseBook):
    ana = client(book, "ana")
    pairs = send(ana, "/cases/K1/comparison", customer="C00").text
    assert "<blockquote>" not in pairs
    assert pairs.count("C00") >= pairs.count('class="pair"')
    assert "No pair of records stands out" in send(ana, "/cases/K1/comparison", customer="C09").text


def test_a_role_that_may_not_see_photographs_sees_none_of_them_anywhere(book: CaseBook):
    app = create_app(book, SiteSettings(photographs=[Role.analyst]))
    eva = TestClient(app, base_url="http://localhost")
    eva.post("/sign-in", data={"name": "eva", "password": PASSWORD})
    page = eva.get("/cases/K1").text
    assert "Your role does not see photographs" in page
    assert "/cases/K1/cards" not in page
    assert send(eva, "/cases/K1/cards").status_code == 403
    parts = [send(eva, "/cases/K1/comparison").text, send(eva, "/cases/K1/records", customer="C00").text]
    assert not any("data:image" in part for part in parts)
    assert "view_photo" not in actions(book)
    assert SCRIPT in told(parts[1])


def test_around_a_member_are_others_and_their_cases_and_that_is_recorded(book: CaseBook):
    ana = client(book, "ana")
    send(ana, "/cases/K1/claim")
    send(ana, "/cases/K1/split", version=2, subjects=["C00"])
    around = told(send(ana, "/cases/K1/around", customer="C01").text)
    assert "phone ••••22 : 3 customers of the bank, 2 of them here; outside: C00 ( K2 )" in around
    assert actions(book)[-1] == "view_neighbours"
    assert send(ana, "/cases/K1/around", customer="C09").status_code == 400


def test_without_a_script_none_is_offered(several: CaseBook):
    ana = client(several, "ana")
    assert 'data-into="script"' not in ana.get("/cases/K1").text
    assert send(ana, "/cases/K1/script").status_code == 400


def test_members_without_records_have_a_screen(several: CaseBook):
    ana = client(several, "ana")
    assert "stands out beyond chance" in ana.get("/cases/K2").text
    assert "None of them has an ID image" in ana.get("/cases/K2").text
    assert "No ID image: members 1, 2, 3, 4." in send(ana, "/cases/K2/cards").text


def test_enter_decides_and_comes_to_the_next(several: CaseBook):
    ana = client(several, "ana")
    send(ana, "/cases/K1/claim")
    page = send(ana, "/cases/K1/decide", version=2, judgement="different", reasons=["household"], then="next")
    assert page.url.path == "/cases/K2"
    assert "is decided: different. This is the next case." in told(page.text)
    assert (several.case("K1").verdict, several.case("K2").holder) == ("different", "ana")
    last = send(ana, "/cases/K2/decide", version=2, judgement="unsure", then="next")
    assert last.url.path == "/"
    assert "There is no further case that you could claim" in told(last.text)


def test_a_refused_decision_stays_where_it_is(several: CaseBook):
    ana = client(several, "ana")
    send(ana, "/cases/K1/claim")
    page = send(ana, "/cases/K1/decide", version=1, judgement="different", note="late", then="next")
    assert page.status_code == 409
    assert ">late</textarea>" in page.text
    assert several.case("K2").holder == ""


def test_same_hand_without_the_chosen(several: CaseBook):
    ana = client(several, "ana")
    send(ana, "/cases/K2/claim")
    send(ana, "/cases/K2/decide", version=2, judgement="without", subjects=["C00", "C01"])
    decided = {each.decision.subjects: each.decision.judgement for each in several.case("K2").decisions}
    assert decided == {("C00",): "different", ("C01",): "different", (): "same_hand"}


def test_reasons_have_nine_keys_and_those_proposed_come_first():
    first, others = keyed((Reason.workplace, Reason.same_rhythm))
    assert first[:2] == [Reason.workplace, Reason.same_rhythm]
    assert len(first) == KEYS
    assert sorted([*first, *others]) == sorted(Reason)


def test_the_queue_says_what_each_case_is_about_and_has_no_empty_column(book: CaseBook):
    ana = client(book, "ana")
    page = ana.get("/").text
    assert "All 3 share one phone" in page
    assert "one phone" in page
    for name in ("Held by", "Judged", "New"):
        assert f">{name}</th>" not in page
    assert ">0.05<" not in page
    send(ana, "/cases/K1/claim")
    assert ">Held by</th>" in ana.get("/").text


def test_while_evidence_is_gathered_no_case_tells_anything(book: CaseBook):
    app = create_app(book)
    app.state.shared.runs._ready.clear()
    ana = TestClient(app, base_url="http://localhost")
    ana.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    page = ana.get("/").text
    assert "still being gathered" in page
    assert "share one phone" not in page

"""A case as a file: whole in itself, every statement cited, the trail in it, and nothing that was not asked for."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from case_world import ADDRESS, PHONE, SCRIPT, World

from ringsight.cases.case import Decision, Judgement, Scope
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import Role, User
from ringsight.web.dossier import Dossier, as_json, as_page, gather
from ringsight.web.reviewed_runs import Runs

pytestmark = pytest.mark.slow

ANA, ADA = User("ana", Role.analyst), User("ada", Role.admin)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def book(world: World, sqlite_url: str) -> Iterator[CaseBook]:
    with open_casebook(sqlite_url) as book:
        book.import_run(world.run_alike(), world.bank)
        book.audit.record(ANA, "view_photo", "IC00", customer="C00", case_id="K1")
        decision = Decision(Scope.ring, Judgement.same_hand, note=HOSTILE)
        book.decide("K1", ANA, decision, book.claim("K1", ANA).version)
        yield book


@pytest.fixture
def dossier(book: CaseBook) -> Dossier:
    return gather(book, Runs(), book.case("K1"), ANA)


class Page(HTMLParser):
    """Every list item's text, and every attribute that could lead elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.items: list[str] = []
        self.leads: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()
        self._within = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.leads += [each for each in attrs if each[0] in ("src", "href", "action", "srcset", "data")]
        if tag == "li":
            self._within = True
            self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "li"

    def handle_data(self, data: str) -> None:
        if self._within:
            self.items[-1] += data


def test_the_page_leads_nowhere_and_runs_nothing(dossier: Dossier):
    page = Page(as_page(dossier))
    assert page.leads == []
    assert not page.tags & {"script", "link", "iframe", "img", "form", "object"}
    assert not re.search(r"url\(|@import|https?:", as_page(dossier))


def test_every_statement_cites_what_it_rests_on(dossier: Dossier):
    items = Page(as_page(dossier)).items
    assert len(items) == len(dossier.statements) + len(dossier.alike) > 3
    assert all(re.search(r"\[[^\[\]]+\]$", item.strip()) for item in items)
    cited = " ".join(items)
    for record in ("NC00", "NC01", "NC02"):
        assert record in cited
    assert dossier.source.startswith("ring R1 of run run1, records ")
    said = json.loads(as_json(dossier))
    assert all(each["records"] or each["source"] for each in said["statements"])


def test_the_trail_of_the_case_is_in_it_with_what_was_looked_at(dossier: Dossier, book: CaseBook):
    said = json.loads(as_json(dossier))
    assert [entry["action"] for entry in said["trail"]] == ["opened", "view_photo", "claimed", "decided"]
    assert said["trail_head"] == book.audit.head()
    page = as_page(dossier)
    assert "view photo: IC00" in page
    assert said["trail"][-1]["hash"][:12] in page
    book.audit.verify(said["trail_head"])


def test_no_record_and_no_markup_of_a_note_is_in_it(dossier: Dossier):
    for text in (as_page(dossier), as_json(dossier)):
        assert SCRIPT not in text
        assert "data:image" not in text
    assert HOSTILE not in as_page(dossier)
    assert "&lt;script&gt;" in as_page(dossier)


def test_it_prints(dossier: Dossier):
    page = as_page(dossier)
    assert "@media print" in page
    assert "table-header-group" in page


def test_a_case_whose_run_is_gone_still_has_its_decisions(book: CaseBook, world: World):
    (Path(book.case("K1").run) / "summary.json").unlink()
    dossier = gather(book, Runs(), book.case("K1"), ANA)
    assert dossier.score is None
    assert "not here any more" in as_page(dossier)
    assert "same hand" in as_page(dossier)
    assert json.loads(as_json(dossier))["ledger"] is None


def test_shared_values_are_named_and_not_told_in_the_page(dossier: Dossier):
    page = as_page(dossier)
    assert "phone" in page
    assert PHONE not in page
    assert ADDRESS not in page

"""The first screen before an analyst: four keys and no scrolling, cells that open in place, members left out by key."""

import pytest
from offices import Office, claim
from playwright.sync_api import expect

from ringsight.cases.case import Scope

pytestmark = pytest.mark.slow

IN_VIEW = "element => { const box = element.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight }"


def test_a_case_takes_four_keys_and_no_scrolling(office: Office):
    page = office.sign_in("ana")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case K")
    case_id = page.locator("h1").inner_text().removeprefix("Case ")
    page.keyboard.press("p")
    expect(page.locator("#cards img").first).to_be_visible()
    page.keyboard.press("s")
    page.keyboard.press("1")
    for needed in (".headline", "#cards", ".matrix", ".judgements", ".reasons", "[data-next]"):
        assert page.locator(needed).first.evaluate(IN_VIEW), needed
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Enter")
    expect(page.locator("p[role=status]")).to_contain_text(f"{case_id} is decided: same hand")
    [decided] = office.book.case(case_id).decisions
    assert (decided.decision.scope, len(decided.decision.reasons)) == (Scope.ring, 1)
    assert office.actions(case_id).count("view_photo") > 0
    expect(page.get_by_role("button", name="Decide")).to_be_visible()


def test_enter_without_a_judgement_decides_nothing(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    expect(page.locator("[name=reasons]").first).to_be_checked()
    assert office.book.case("K1").decisions == ()


def test_a_cell_opens_its_transactions_in_place(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    cell = page.locator(".matrix a[data-part]").first
    times = int(cell.inner_text())
    cell.click()
    expect(page.locator("#cited tbody tr")).to_have_count(times)
    assert page.locator("#cited").evaluate(IN_VIEW)
    expect(cell).to_have_attribute("aria-current", "true")
    assert page.url.endswith("/cases/K1")
    assert office.actions("K1").count("view_transactions") == 1


def test_the_chosen_are_left_out_by_one_key(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    gone = page.locator("input[name=subjects]").nth(0).input_value()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("w")
    expect(page.locator("#about")).to_have_text("the ring, without the 1 chosen")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged same hand")).to_be_visible()
    assert [each.decision.subjects for each in office.book.case("K1").decisions] == [(gone,), ()]

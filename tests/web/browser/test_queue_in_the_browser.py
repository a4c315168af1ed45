"""Signing in, finding a case, and the filters saved for next time."""

import pytest
from offices import PASSWORD, Office
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


def shown(page: Page) -> list[str]:
    return page.locator("tr[data-row] th").all_inner_texts()


def test_whoever_signs_in_comes_to_what_was_asked_for(office: Office):
    office.refusals |= {401}
    page = office.page()
    page.goto("/cases/K2")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    for password, heading in (("wrong", "Sign in"), (PASSWORD, "Case K2")):
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password").fill(password)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_most_valuable_case_stands_first(office: Office):
    page = office.sign_in("ana")
    money = page.locator("tr[data-row] td.money").all_inner_texts()
    values = [float(text.split()[0].replace(",", "")) for text in money]
    assert len(values) == 6
    assert values == sorted(values, reverse=True)


def test_the_line_of_capacity_is_drawn_below_what_can_be_opened_today(office: Office):
    page = office.sign_in("lea")
    page.get_by_label("Cases a day").fill("2")
    page.get_by_role("button", name="Set").click()
    rows = page.locator(".queue tbody tr")
    expect(rows.nth(2)).to_contain_text("Capacity")
    assert rows.count() == 7


def test_a_customer_is_found_and_the_filter_saved_and_deleted(office: Office):
    page = office.sign_in("ana")
    page.keyboard.press("/")
    expect(page.get_by_label("Customer")).to_be_focused()
    page.keyboard.type(office.book.case("K3").members[0].lower())
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert shown(page) == ["K3"]
    page.get_by_label("Save this filter as").fill('mine & "yours"')
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tr[data-row]")).to_have_count(6)
    page.get_by_role("link", name='mine & "yours"').click()
    assert shown(page) == ["K3"]
    page.get_by_role("button", name="Delete the filter").click()
    expect(page.get_by_role("link", name='mine & "yours"')).to_have_count(0)


def test_filters_by_status_size_and_hand(office: Office):
    page = office.sign_in("ana")
    page.keyboard.press("n")
    taken = page.locator("h1").inner_text().removeprefix("Case ")
    page.goto("/")
    page.get_by_label("held by me").check()
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert shown(page) == [taken]
    page.goto("/?status=decided")
    expect(page.get_by_text("No case passes this filter.")).to_be_visible()
    page.goto("/?size=4")
    sizes = {case: len(office.book.case(case).members) for case in ("K1", "K2", "K3", "K4", "K5", "K6")}
    assert sorted(shown(page)) == [case for case, size in sizes.items() if size >= 4]


def test_the_keys_walk_the_queue_and_open_a_case(office: Office):
    page = office.sign_in("ana")
    order = shown(page)
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(page.locator("tr.current th")).to_have_text(order[at])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case {order[1]}")
    page.keyboard.press("q")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")

"""A case in hand: decided by keyboard, undone, put away, handed on, joined, parted; in a race, in two tabs."""

import pytest
from offices import PASSWORD, Office, claim
from playwright.sync_api import Page, expect

from ringsight.cases.case import Judgement, Reason, Scope, Status

pytestmark = pytest.mark.slow


def write_note(page: Page, note: str) -> None:
    page.keyboard.press("t")
    page.keyboard.type(note)
    page.keyboard.press("Escape")


def open_drawer(page: Page) -> None:
    page.get_by_text("Release, snooze, escalate, merge").click()


def test_a_case_is_taken_decided_and_undone_by_keyboard_alone(office: Office):
    page = office.sign_in("ana")
    page.keyboard.press("n")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Case K")
    case_id = heading.inner_text().removeprefix("Case ")
    page.keyboard.press("s")
    write_note(page, "one studio, one script")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged same hand")).to_be_visible()
    [decided] = office.book.case(case_id).decisions
    assert (decided.decision.scope, decided.decision.note) == (Scope.ring, "one studio, one script")
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Decide")).to_be_enabled()
    assert office.book.case(case_id).status is Status.claimed
    assert office.book.case(case_id).verdict is None


def test_reasons_are_ticked_by_keyboard(office: Office):
    page = office.sign_in("ana", "/cases/K4")
    claim(page)
    page.keyboard.press("d")
    reason = page.get_by_label("household")
    reason.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged different")).to_be_visible()
    assert office.book.case("K4").decisions[0].decision.reasons == (Reason.household,)


def test_a_key_typed_into_a_note_is_a_letter(office: Office):
    page = office.sign_in("ana", "/cases/K4")
    claim(page)
    write_note(page, "nqczlrb?")
    expect(page.locator("[data-note]")).to_have_value("nqczlrb?")
    assert office.book.case("K4").holder == "ana"


def test_every_key_is_in_the_key_map(office: Office):
    page = office.sign_in("ana", "/cases/K4")
    claim(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    listed = dialog.locator("dt kbd").all_inner_texts()
    keyed = page.locator("[data-key]").evaluate_all("all => all.map(each => each.dataset.key)")
    assert {*keyed, "j", "k", "x", "o", "t", "q", "/", "+", "-"} <= {*listed}
    page.keyboard.press("n")
    assert office.book.case("K4").holder == "ana"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_members_chosen_by_key_and_click_say_what_is_decided(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    about, decide = page.locator("#about"), page.get_by_role("button", name="Decide")
    expect(about).to_contain_text("the ring")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(about).to_contain_text("the member")
    page.locator("[data-node='2']").click()
    expect(about).to_contain_text("the link")
    page.locator("input[name=subjects]").nth(2).check()
    expect(about).to_contain_text("too many")
    expect(decide).to_be_disabled()
    page.locator("input[name=subjects]").nth(2).uncheck()
    page.keyboard.press("u")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".history")).to_contain_text("decided: unsure")
    [standing] = office.book.case("K1").decisions
    assert (standing.decision.scope, standing.decision.judgement) == (Scope.link, Judgement.unsure)
    assert office.book.case("K1").status is Status.claimed


def test_of_two_who_race_for_a_case_one_holds_it_and_the_other_is_told_who(office: Office):
    office.refusals |= {409}
    ana, ben = office.sign_in("ana", "/cases/K1"), office.sign_in("ben", "/cases/K1")
    claim(ana)
    ben.keyboard.press("c")
    expect(ben.get_by_role("alert")).to_contain_text("Case K1 is held by ana")
    expect(ben.get_by_role("button", name="Decide")).to_have_count(0)
    assert office.book.case("K1").holder == "ana"
    ben.keyboard.press("n")
    expect(ben.get_by_role("heading", level=1)).not_to_have_text("Case K1")
    expect(ben.get_by_role("button", name="Decide")).to_be_visible()


def test_a_case_is_let_go_and_put_away(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Claim this case")).to_be_visible()
    assert office.book.case("K1").holder == ""
    claim(page)
    open_drawer(page)
    page.get_by_label("Snooze for").fill("3")
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator(".vitals .status")).to_have_text("snoozed")
    page.goto("/?status=snoozed")
    expect(page.locator("tr[data-row]")).to_contain_text("until")


def test_an_escalated_case_is_the_leads(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    open_drawer(page)
    page.get_by_label("Escalate, because").fill("a colleague is among them")
    page.get_by_role("button", name="Escalate").click()
    expect(page.locator(".held")).to_have_text("Escalated: a colleague is among them")
    expect(page.get_by_role("button", name="Claim this case")).to_have_count(0)
    lead = office.sign_in("lea", "/cases/K1")
    claim(lead)
    lead.keyboard.press("d")
    lead.keyboard.press("Control+Enter")
    expect(lead.get_by_text("judged different")).to_be_visible()
    assert office.book.case("K1").status is Status.decided


def test_a_lead_takes_a_case_out_of_anothers_hands(office: Office):
    ana = office.sign_in("ana", "/cases/K1")
    claim(ana)
    lead = office.sign_in("lea", "/cases/K1")
    lead.keyboard.press("l")
    expect(lead.get_by_role("button", name="Claim this case")).to_be_visible()
    assert office.book.case("K1").holder == ""


def test_members_are_split_off_and_brought_back(office: Office):
    before = office.book.case("K1").members
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    boxes = page.locator("input[name=subjects]")
    leaving = [boxes.nth(at).input_value() for at in range(3)]
    for at in range(3):
        boxes.nth(at).check()
    page.get_by_role("button", name="Split the chosen members off").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Case K7")
    assert sorted(office.book.case("K7").members) == sorted(leaving)
    page.get_by_role("link", name="K1").click()
    open_drawer(page)
    page.get_by_label("Merge in case").fill("K7")
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text(f"{len(before)} members").first).to_be_visible()
    assert office.book.case("K1").members == before
    page.goto("/cases/K7")
    expect(page.get_by_text("This case was merged into")).to_be_visible()


def test_a_session_that_ends_in_mid_decision_loses_nothing(office: Office):
    office.refusals |= {401}
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    page.locator("input[name=subjects]").first.check()
    page.get_by_label("same rhythm").check()
    page.keyboard.press("d")
    write_note(page, 'half a "thought" & <more>')
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-note]")).to_have_value('half a "thought" & <more>')
    expect(page.get_by_role("radio", name="different")).to_be_checked()
    expect(page.get_by_label("same rhythm")).to_be_checked()
    expect(page.locator("#about")).to_contain_text("the member")
    assert office.book.case("K1").decisions == ()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".history")).to_contain_text("decided: different")
    [standing] = office.book.case("K1").decisions
    assert standing.decision.note == 'half a "thought" & <more>'


def test_a_second_tab_cannot_decide_over_the_first(office: Office):
    office.refusals |= {409}
    first = office.sign_in("ana", "/cases/K1")
    claim(first)
    second = first.context.new_page()
    second.goto("/cases/K1")
    for page, key, note in ((first, "s", "in the first"), (second, "d", "in the second")):
        page.keyboard.press(key)
        write_note(page, note)
        page.keyboard.press("Control+Enter")
    expect(second.get_by_role("alert")).to_be_visible()
    expect(second.locator("[data-note]")).to_have_value("in the second")
    expect(first.get_by_text("judged same hand")).to_be_visible()
    assert [each.decision.note for each in office.book.case("K1").decisions] == ["in the first"]

"""What is shown on request alone and recorded, what hostile records come to, and what leaves as a file."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from offices import HOSTILE, SCRIPT, Finished, Office, claim
from playwright.sync_api import Page, expect

from ringsight.records.opened_pictures import copy_name
from ringsight.web import app

pytestmark = pytest.mark.slow

KEPT = 600
"""Characters of a long note that are shown; far fewer than it has."""


def show_records(page: Page, customer: str) -> None:
    page.get_by_role("button", name=f"Show notes and photographs of {customer}").click()


def test_the_score_is_shown_on_request_and_recorded(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    expect(page.get_by_text("q-value")).to_be_visible()
    assert "24.0" not in page.locator("main").inner_text()
    assert "view_score" not in office.actions("K1")
    page.keyboard.press("r")
    expect(page.locator(".scored")).to_contain_text("24.0 bits")
    assert office.actions("K1").count("view_score") == 1


def test_photographs_and_notes_are_shown_on_request_and_each_is_recorded(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    expect(page.locator("img, blockquote")).to_have_count(0)
    assert office.actions("K1") == ["opened", "view_case"]
    for number in range(1, len(office.book.case("K1").members) + 1):
        page.keyboard.press("j")
        page.keyboard.press("o")
        expect(page.locator(f"#records-{number} .person")).to_be_visible()
    notes, photos = page.locator("blockquote").count(), page.locator("[id^=records-] img").count()
    assert min(notes, photos) > 0
    seen = office.actions("K1")
    assert (seen.count("view_note"), seen.count("view_photo")) == (notes, photos)


def test_records_side_by_side_are_recorded(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    page.keyboard.press("b")
    expect(page.locator("#comparison .pair").first).to_be_visible()
    assert office.actions("K1").count("view_note") == 2 * page.locator("#comparison .pair:has(blockquote)").count()
    assert office.actions("K1").count("view_photo") == page.locator("#comparison img").count() > 0


def test_shared_values_are_masked_until_asked_for(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    masked = page.locator(".chips bdi").first
    expect(masked).to_contain_text("••••")
    page.locator("input[name=subjects]").first.check()
    page.get_by_role("button", name="Show masked values").click()
    expect(page.get_by_role("button", name="Show masked values")).to_have_count(0)
    expect(masked).not_to_contain_text("•")
    expect(page.locator("input[name=subjects]").first).to_be_checked()
    assert office.actions("K1").count("unmask") == len(office.book.case("K1").members)


def test_markup_in_a_note_and_in_a_name_is_text(office: Office):
    page = office.sign_in("ana", "/cases/K6")
    for customer in HOSTILE:
        expect(page.get_by_role("rowheader", name=customer, exact=True)).to_be_visible()
    show_records(page, HOSTILE[0])
    expect(page.locator("blockquote")).to_contain_text(SCRIPT)
    expect(page.locator("#taken")).to_have_count(0)
    assert "taken" not in page.title()


def test_a_photograph_with_quotes_in_its_name_is_drawn(office: Office):
    page = office.sign_in("ana", "/cases/K6")
    show_records(page, HOSTILE[0])
    photo = page.locator(".photos img")
    expect(photo).to_be_visible()
    assert photo.evaluate("image => image.naturalWidth") > 0


def test_an_endless_note_is_cut_and_says_so(office: Office):
    page = office.sign_in("ana", "/cases/K6")
    show_records(page, HOSTILE[1])
    expect(page.locator("blockquote")).to_contain_text("more characters")
    assert len(page.locator("blockquote").inner_text()) < 2 * KEPT


def test_a_photograph_that_is_lost_or_lies_elsewhere_is_said_to_be_missing(office: Office, finished: Finished):
    for kept in (finished.bank / "id_images" / "lost.jpg", finished.run / "pictures" / copy_name("id_images/lost.jpg")):
        kept.unlink(missing_ok=True)
    page = office.sign_in("ana", "/cases/K6")
    for customer, said in ((HOSTILE[1], "no such file"), (HOSTILE[2], "no ID image")):
        show_records(page, customer)
        expect(page.locator(".missing").last).to_contain_text(said)
    expect(page.locator(".photos img")).to_have_count(0)


def test_a_note_of_fifty_thousand_characters_is_taken_whole(office: Office):
    page = office.sign_in("ana", "/cases/K2")
    claim(page)
    page.get_by_role("radio", name="unsure").check()
    long = "<b>é</b> 🜚 " * 5000
    page.locator("[data-note]").fill(long)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged unsure")).to_be_visible()
    assert office.book.case("K2").decisions[0].decision.note == long


@pytest.mark.parametrize(
    "address",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/....//app.py", "/cases/../../x"],
)
def test_no_address_leads_out_of_the_pages(office: Office, address: str):
    assert (Path(app.__file__).parent / "static" / "../app.py").is_file()
    page = office.sign_in("ana")
    answer = page.context.request.get(f"{office.address}{address}", max_redirects=0)
    assert answer.status == 404
    assert "import" not in answer.text()


def test_an_auditor_looks_on(office: Office):
    office.refusals |= {403}
    ana = office.sign_in("ana", "/cases/K1")
    claim(ana)
    page = office.sign_in("eva", "/cases/K1")
    expect(page.get_by_text("You can see this case, but not decide it.")).to_be_visible()
    expect(page.locator(".decision button")).to_have_count(0)
    for key in ("c", "n", "z", "l", "s", "Control+Enter"):
        page.keyboard.press(key)
    for step in ("claim", "release", "undo", "decide", "snooze", "escalate", "merge", "split"):
        sent: dict[str, str | float | bool] = {
            "version": "2",
            "days": "1",
            "reason": "x",
            "other": "K2",
            "judgement": "unsure",
        }
        sent["subjects"] = office.book.case("K1").members[0]
        refused = page.context.request.post(f"{office.address}/cases/K1/{step}", form=sent)
        assert refused.status == 403, step
    assert (office.book.case("K1").holder, office.book.case("K1").version) == ("ana", 2)
    page.get_by_role("link", name="Audit trail").click()
    page.get_by_role("link", name="Verify that nothing was changed").click()
    expect(page.get_by_role("status")).to_contain_text("entries are unchanged")


def test_a_case_leaves_as_one_page_that_needs_nothing_else(office: Office):
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    page.keyboard.press("s")
    page.locator("[data-note]").fill("for the file & <the court>")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged same hand")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="HTML").click()
    kept = started.value.path().read_text(encoding="utf-8")
    reader = office.page(offline=True)
    reader.set_content(kept)
    expect(reader.get_by_role("heading", level=1)).to_have_text("Case K1")
    expect(reader.locator("table").last).to_contain_text("for the file & <the court>")
    for action in ("opened", "claimed", "decided", "view case", "export case"):
        expect(reader.locator("table").last).to_contain_text(action)
    cited = office.book.case("K1").members
    for customer in cited:
        expect(reader.locator("body")).to_contain_text(customer)
    assert not re.search(r"(src|href)=", kept)


def test_a_case_leaves_as_data_in_which_every_statement_of_records_cites_them(office: Office):
    page = office.sign_in("eva", "/cases/K1")
    with page.expect_download() as started:
        page.get_by_role("link", name="JSON").click()
    kept = json.loads(started.value.path().read_text(encoding="utf-8"))
    assert [event["action"] for event in kept["trail"]][:1] == ["opened"]
    assert all(each["records"] or each["source"] for each in kept["statements"])
    of_records = [each for each in kept["statements"] if re.search(r"\b[CNIT]\d", each["text"])]
    assert of_records
    assert all(each["records"] for each in of_records)


def test_decided_pairs_leave_as_a_table_without_formulae(office: Office):
    page = office.sign_in("ana", "/cases/K6")
    claim(page)
    page.keyboard.press("s")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("judged same hand")).to_be_visible()
    lead = office.sign_in("lea")
    with lead.expect_download() as started:
        lead.get_by_role("link", name="Decisions (CSV)").click()
    rows = list(csv.reader(io.StringIO(started.value.path().read_text(encoding="utf-8"))))
    cells = {cell for row in rows[1:] for cell in row}
    assert {f"'{HOSTILE[0]}", f"'{HOSTILE[1]}", HOSTILE[2]} <= cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]

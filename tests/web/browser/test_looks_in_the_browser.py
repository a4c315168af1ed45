"""Every page, light and dark, on a desk and on a tablet: nothing runs off the side, and axe finds nothing to mend."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from offices import Office, claim
from playwright.sync_api import Page, ViewportSize, expect

pytestmark = pytest.mark.slow

Scheme = Literal["light", "dark"]
DESK: ViewportSize = {"width": 1280, "height": 800}
TABLET: ViewportSize = {"width": 820, "height": 1180}
LOOKS: tuple[tuple[Scheme, ViewportSize], ...] = (("light", DESK), ("dark", TABLET))
STANDARD = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def signing_in(office: Office, scheme: Scheme = "light") -> Page:
    page = office.page()
    page.emulate_media(color_scheme=scheme)
    page.goto("/sign-in")
    return page


def case_in_hand(office: Office) -> Page:
    """With everything opened that can be."""
    page = office.sign_in("ana", "/cases/K1")
    claim(page)
    page.keyboard.press("r")
    page.keyboard.press("b")
    page.get_by_role("button", name="Show notes and photographs").first.click()
    for opened in page.locator("summary").all():
        opened.click()
    page.locator("input[name=subjects]").first.check()
    expect(page.locator("#comparison .pair").first).to_be_visible()
    expect(page.locator(".scored")).to_be_visible()
    expect(page.locator(".person").first).to_be_visible()
    return page


def keys(office: Office) -> Page:
    page = office.sign_in("ana")
    page.keyboard.press("?")
    return page


def at(name: str, address: str) -> Callable[[Office], Page]:
    return lambda office: office.sign_in(name, address)


PAGES: dict[str, Callable[[Office], Page]] = {
    "sign in": signing_in,
    "queue": at("lea", "/?size=1"),
    "case": at("eva", "/cases/K1"),
    "case in hand": case_in_hand,
    "hostile case": at("ana", "/cases/K6"),
    "key map": keys,
    "trail": at("eva", "/trail?verify=1"),
    "figures": at("lea", "/figures"),
    "accounts": at("ada", "/accounts"),
}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_it_and_nothing_runs_off_the_side(office: Office, name: str):
    page, axe = PAGES[name](office), Axe()
    for scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        found = axe.run(page, options=STANDARD)
        assert found.violations_count == 0, found.generate_report()


def test_axe_sees_what_is_wrong(office: Office):
    page = signing_in(office)
    page.locator("h1").evaluate("heading => { heading.style.color = '#eee'; }")
    page.locator("input[name=name]").evaluate("field => field.closest('label').replaceWith(field)")
    found = {each["id"] for each in Axe().run(page, options=STANDARD).response["violations"]}
    assert found == {"color-contrast", "label"}


@pytest.mark.parametrize(("scheme", "least", "most"), [("light", 200, 255), ("dark", 0, 60)])
def test_the_pages_follow_the_system_in_light_and_dark(office: Office, scheme: Scheme, least: int, most: int):
    page = signing_in(office, scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert least <= min(ground[:3]) <= max(ground[:3]) <= most

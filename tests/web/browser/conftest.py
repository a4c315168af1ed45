"""A team's browsers before the pages: one Chromium, and for each test a server over a case book of its own."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from offices import Finished, Office, served, write_world
from playwright.sync_api import Browser, expect, sync_playwright

from means import Means, lack
from ringsight.cases.casebook import open_casebook
from ringsight.web.app import create_app

QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
ALONE = ("--disable-background-networking", "--disable-component-update")
expect.set_options(timeout=20_000)

REFUSAL = re.compile(r"Failed to load resource: .* status of (\d+)")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        lack(Means.browser, "neither chromium nor google-chrome is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, *ALONE])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A bank, a run, its records as the pages read them, and a case book with the run imported."""
    return write_world(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(finished: Finished, chromium: Browser, tmp_path: Path) -> Iterator[Office]:
    """Pages over a fresh case book. At the end nothing may have gone wrong in any browser, unless it was announced."""
    shutil.copy(finished.casebook, tmp_path / "cases.db")
    with open_casebook(f"sqlite:///{tmp_path / 'cases.db'}") as book:
        app = create_app(book)
        app.state.shared = replace(app.state.shared, runs=finished.runs)
        with served(app) as address:
            team = Office(address, book, chromium)
            yield team
            team.close()
    refused = [REFUSAL.match(fault) for fault in team.faults]
    surprising = [
        fault
        for fault, status in zip(team.faults, refused, strict=True)
        if not status or int(status[1]) not in team.refusals
    ]
    assert not surprising

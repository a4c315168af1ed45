"""What the tests in the browser share: a world with a hostile case in it, a server, and people who sign in."""

import csv
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from reviewed import write_run

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.evaluation.truth import read_truth
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.web.reviewed_runs import Runs

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live as long as a test
TEAM = {"ana": Role.analyst, "ben": Role.analyst, "lea": Role.lead, "eva": Role.auditor, "ada": Role.admin}
SMALL = SyntheticBankConfig(customers=40, days=60, transactions_per_customer=20, rings=3, ring_size_max=6)
SCRIPT = '<script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'">'
HOSTILE = ("=1+2", "@sum(A1)", "\"><b id=taken>'x")
"""Customers whose ids are formulae and markup."""
QUOTED = "a \"photo\" of 'me'.jpg"
PATIENCE = 10.0
"""Seconds that a server has to begin."""


@dataclass(frozen=True)
class Finished:
    """A finished run. Cases: K1 to K3 planted rings, K4 and K5 of honest customers, K6 the hostile one."""

    bank: Path
    run: Path
    casebook: Path
    runs: Runs


def write_world(folder: Path) -> Finished:
    bank, run, casebook = folder / "bank", folder / "run", folder / "cases.db"
    generate_bank(SMALL, 7, bank)
    planted = read_truth(bank / "truth").rings
    in_rings = frozenset[str]().union(*planted.values())
    honest = [name for name in pl.read_csv(bank / "customers.csv")["customer_id"] if name not in in_rings]
    _add_hostile(bank)
    write_run(bank, run, planted | {"Rplain": honest[:3], "Rother": honest[3:6], "Rhostile": HOSTILE})
    with open_casebook(f"sqlite:///{casebook}") as book:
        book.import_run(run, bank)
        for name, role in TEAM.items():
            book.accounts.add(name, role, PASSWORD, SYSTEM)
    return Finished(bank, run, casebook, Runs())


def _add_hostile(bank: Path) -> None:
    """Customers with notes that are markup or endless, and with images that are oddly named, lost, or elsewhere."""
    first = next(iter((bank / "id_images").iterdir()))
    shutil.copy(first, bank / "id_images" / QUOTED)
    shutil.copy(first, bank / "id_images" / "lost.jpg")
    shutil.copy(first, bank.parent / "outside.jpg")
    images = [f"id_images/{QUOTED}", "id_images/lost.jpg", "../outside.jpg"]
    texts = [SCRIPT, "endless " * 6250, "a call about a card that was lost on the way home from the office"]
    for table, rows in {
        "customers": [{"customer_id": name, "opened_at": "2024-05-01T10:00:00.000"} for name in HOSTILE],
        "call_notes": [
            {"note_id": f"NX{at}", "customer_id": name, "timestamp": "2026-06-01T10:00:00.000", "text": texts[at]}
            for at, name in enumerate(HOSTILE)
        ],
        "id_images": [
            {"image_id": f"IX{at}", "customer_id": name, "path": images[at]} for at, name in enumerate(HOSTILE)
        ],
    }.items():
        path = bank / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as read:
            columns = next(csv.reader(read))
        with path.open("a", encoding="utf-8", newline="") as written:
            csv.DictWriter(written, columns).writerows(rows)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the pages on a free port of this machine; gives their address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        began = time.monotonic()
        while not server.started:
            assert time.monotonic() - began < PATIENCE, "the server does not begin"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(PATIENCE)


def claim(page: Page) -> None:
    """Take the case that is shown, and wait until it is in hand: keys pressed meanwhile would be lost."""
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Decide")).to_be_visible()


@dataclass
class Office:
    """A team before its pages."""

    address: str
    book: CaseBook
    browser: Browser
    refusals: set[int] = field(default_factory=set)
    """Statuses that a test brings about on purpose; a browser reports each as an error."""
    faults: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def page(self, *, offline: bool = False) -> Page:
        """A page of a browser of its own, not signed in."""
        context = self.browser.new_context(base_url=self.address, offline=offline)
        context.set_default_timeout(20_000)
        context.on("request", self._requested)
        context.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        self._contexts.append(context)
        return context.new_page()

    def sign_in(self, name: str, at: str = "/") -> Page:
        """Somebody who has signed in, and looks at a page."""
        page = self.page()
        token = self.book.accounts.sign_in(name, PASSWORD, "127.0.0.1")
        page.context.add_cookies([{"name": "ringsight_session", "value": token, "url": self.address}])
        page.goto(at)
        return page

    def actions(self, case_id: str) -> list[str]:
        """What the trail says was done to a case or seen of it."""
        auditor = next(user for user in self.book.accounts.users() if user.role is Role.auditor)
        return [each.action for each in self.book.audit.entries(auditor, 0, 10_000) if each.case_id == case_id]

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"asked elsewhere: {request.url}")

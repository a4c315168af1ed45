"""The analysts' pages, looked at: the screenshots of the documentation, and an analyst who decides by keys alone.

    python benchmarks/review_pages.py --bank out/demo/bank --run out/demo --out docs

Serves a finished run over a case book of its own. The analyst claims the largest case, and then the next ones as they
come: looks at all photographs, leaves out whom the page proposes to leave out, gives the first reason, decides. Counted
are the keys until the next case is there, and how far the page was scrolled for them.
"""

import argparse
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
import uvicorn
from page_load import ALONE, ANALYST, PASSWORD, chromium
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from reviewed import write_run

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.evaluation.truth import read_truth
from ringsight.web.app import create_app

DESK: ViewportSize = {"width": 1280, "height": 800}
CASES = 3
"""That the analyst decides."""
IN_VIEW = """element => { const box = element.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth }"""
NEEDED = (".headline", "#cards", ".matrix", ".judgements", ".reasons", "[data-next]")
"""What a decision needs, and must be in view."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one case took."""

    case_id: str
    members: int
    keys: int
    scrolled: int
    """Pixels."""
    hidden: tuple[str, ...]
    """Of `NEEDED`, what was not wholly in view when the decision was sent."""
    seconds: float

    def row(self) -> str:
        """A row of the table."""
        hidden = ", ".join(self.hidden) or "nothing"
        return f"| {self.case_id} | {self.members} | {self.keys} | {self.scrolled} | {hidden} | {self.seconds:.1f} |"


def main() -> None:
    """Take the screenshots, play the analyst, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, required=True, help="folder of the bank")
    parser.add_argument("--run", type=Path, help="folder of the finished run; by default one as --members says")
    parser.add_argument("--members", type=int, default=10, help="of each ring: planted ones, filled up with strangers")
    parser.add_argument("--case", default="K1", help="that is shown in the screenshot")
    parser.add_argument("--out", type=Path, help="folder of the screenshots; none are taken by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_casebook(f"sqlite:///{folder}/cases.db") as book:
        run = asked.run or filled_up(asked.bank, asked.members, Path(folder) / "run")
        book.import_run(run, asked.bank)
        book.accounts.add(ANALYST, Role.analyst, PASSWORD, SYSTEM)
        largest = max(book.cases(), key=lambda case: (len(case.members), case.case_id)).case_id
        with served(book) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ALONE)
            page = signed_in(browser, book, address)
            if asked.out:
                take(page, asked.case, asked.out)
            print("| case | members | keys | scrolled, px | not in view | seconds |\n|---|---|---|---|---|---|")
            page.goto(f"/cases/{largest}")
            press(page, "c", "[data-next]:enabled")
            for _ in range(CASES):
                print(decide(page, book).row())
                if not page.locator("[data-next]").count():
                    break
            browser.close()


def filled_up(bank: Path, members: int, run: Path) -> Path:
    """Write a run that flagged the planted rings, each filled up with strangers; gives its folder."""
    planted = read_truth(bank / "truth").rings
    taken = frozenset[str]().union(*planted.values())
    others = iter(sorted(set(pl.read_csv(bank / "id_images.csv")["customer_id"]) - taken))
    rings = {ring: [*sorted(who), *islice(others, members)][:members] for ring, who in sorted(planted.items())[:CASES]}
    write_run(bank, run, rings)
    return run


@contextmanager
def served(book: CaseBook) -> Iterator[str]:
    """Serve the pages of a case book on a free port; gives their address once all evidence is gathered."""
    app = create_app(book)
    app.state.shared.runs.prepare(book.cases()).join()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def signed_in(browser: Browser, book: CaseBook, address: str) -> Page:
    """A page of an analyst who has signed in."""
    context = browser.new_context(base_url=address, viewport=DESK, color_scheme="light")
    token = book.accounts.sign_in(ANALYST, PASSWORD, "127.0.0.1")
    context.add_cookies([{"name": "ringsight_session", "value": token, "url": address}])
    return context.new_page()


def take(page: Page, case_id: str, out: Path) -> None:
    """The screenshots: the queue, and a case with its photographs."""
    page.goto("/")
    page.screenshot(path=out / "review_queue.png")
    page.goto(f"/cases/{case_id}")
    press(page, "c", "[data-next]:enabled")
    press(page, "p", "#cards img")
    if page.locator("[data-without]:visible").count():
        press(page, "w", "[data-without] input:checked")
    page.screenshot(path=out / "review_case.png")
    press(page, "l", "[data-key=c]")


def decide(page: Page, book: CaseBook) -> Decided:
    """Decide the case that is shown, and come to the next."""
    began, case_id = time.monotonic(), page.locator("body").get_attribute("data-path") or ""
    keys = 0
    apart = page.locator("[data-without]:visible").count()
    for key, until in (
        ("p", "#cards img"),
        ("w" if apart else "s", ".judgements input:checked"),
        ("1", ".reasons input:checked"),
    ):
        press(page, key, until)
        keys += 1
    scrolled = page.evaluate("scrollY")
    hidden = [name for name in NEEDED if not page.locator(name).first.evaluate(IN_VIEW)]
    page.keyboard.press("Enter")
    page.wait_for_function("path => document.body.dataset.path !== path", arg=case_id)
    named = case_id.removeprefix("/cases/")
    seconds = time.monotonic() - began
    return Decided(named, len(book.case(named).members), keys + 1, scrolled, tuple(hidden), seconds)


def press(page: Page, key: str, until: str) -> None:
    """Press a key, and wait for what it brings about."""
    page.keyboard.press(key)
    page.wait_for_selector(until)


if __name__ == "__main__":
    main()

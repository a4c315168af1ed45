"""How long an analyst waits: the first page of the queue, and cases of all sizes, in a headless Chromium.

    python benchmarks/page_load.py --starts 5 --loads 5

Starts `ringsight review` some times over a run whose rings are as large as asked, and loads each page in a browser that
has nothing cached, the largest case first. A queue is there when it is loaded; a case when every link is drawn and a
key is answered.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from banks import CACHE
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab
from reviewed import write_run

from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.users import SYSTEM, Role
from ringsight.evaluation.truth import read_truth
from ringsight.records.synthetic import Strength, SyntheticBankConfig, generate_bank
from ringsight.runs.run import Run

PROGRAM = Path(sys.executable).with_name("ringsight")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ALONE = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
ANALYST, PASSWORD = "ana", "correct horse battery"
LARGEST = 500
BANK = SyntheticBankConfig(
    customers=880,
    days=60,
    transactions_per_customer=30,
    rings=1,
    ring_size_min=LARGEST,
    ring_size_max=LARGEST,
    strength=Strength.blatant,
)
SIZES = (200, *[3] * 55)
"""Members of the other rings; they make more cases than a page of the queue holds."""
GOALS = {"queue": 1.0, "case": 2.0}
"""Seconds."""
LOAD = os.getloadavg()[0]
"""Of this machine, by others."""
PATIENCE = 120.0
"""Seconds that the server has to gather the evidence."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is loaded, and what was measured of it."""

    name: str
    path: str
    goal: float
    first: list[float] = field(default_factory=list)
    """Seconds of the first load after each start."""
    later: list[float] = field(default_factory=list)
    """Seconds of the others."""
    kilobytes: list[float] = field(default_factory=list)

    def row(self) -> str:
        """A row of the table."""
        low, middle, high = np.quantile(self.later, (0.1, 0.5, 0.9))
        first = f"{np.median(self.first):.2f} s | {max(self.first):.2f} s"
        spread = f"{middle:.2f} s | {low:.2f}–{high:.2f} s"
        return f"| {self.name} | {max(self.kilobytes):,.0f} kB | {first} | {spread} | {self.goal:.0f} s |"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--starts", type=int, default=5, help="of the server")
    parser.add_argument("--loads", type=int, default=5, help="of each page after its first, at each start")
    asked = parser.parse_args()
    bank, run = asked.cache / "page_load_bank", asked.cache / "page_load_run"
    prepare(bank, run)
    cookie = sign_in(run)
    pages = [Page(f"case, {size} members", f"/cases/{case}", GOALS["case"]) for size, case in _cases(run)]
    pages.append(Page("queue, 50 cases", "/", GOALS["queue"]))
    gathered: list[float] = []
    with sync_playwright() as playwright:
        for _ in range(asked.starts):
            began = time.monotonic()
            with serving(bank, run) as address:
                wait_for_evidence(address + pages[-2].path, cookie)
                gathered.append(time.monotonic() - began)
                browser = playwright.chromium.launch(executable_path=chromium(), args=ALONE)
                for page in pages:
                    for load in range(asked.loads + 1):
                        measure(browser, address, cookie, page, page.later if load else page.first)
                browser.close()
    print("| page | sent | first load, median | the slowest | later loads, median | 10 %–90 % | goal |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(each.row() for each in reversed(pages)))
    print(f"\nFrom the command until evidence is there: {np.median(gathered):.1f} s, {max(gathered):.1f} s at most.")
    print(f"{asked.starts} starts, {asked.loads} later loads each; {os.cpu_count()} cores, load {LOAD:.1f} before.")


def prepare(bank: Path, run: Path) -> None:
    """Write the bank and the run, where they are not there already."""
    if Run(run).finished:
        return
    generate_bank(BANK, 1, bank)
    planted = read_truth(bank / "truth").rings
    taken = frozenset[str]().union(*planted.values())
    others = iter(sorted(set(pl.read_csv(bank / "customers.csv")["customer_id"]) - taken))
    honest = {f"R{at}": [next(others) for _ in range(size)] for at, size in enumerate(SIZES)}
    write_run(bank, run, planted | honest)
    with open_casebook(casebook_of(run, "")) as book:
        book.import_run(run, bank)
        book.accounts.add(ANALYST, Role.analyst, PASSWORD, SYSTEM)


def sign_in(run: Path) -> str:
    """A session of the analyst."""
    with open_casebook(casebook_of(run, "")) as book:
        return book.accounts.sign_in(ANALYST, PASSWORD, "127.0.0.1")


@contextmanager
def serving(bank: Path, run: Path) -> Iterator[str]:
    """Run `ringsight review` on a free port; gives its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("review", f"bank.path={bank}", f"run={run}", f"port={port}")
    server = subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL)
    address, began = f"http://127.0.0.1:{port}", time.monotonic()
    try:
        while not _answers(f"{address}/healthz"):
            if server.poll() is not None or time.monotonic() - began > PATIENCE:
                raise SystemExit("the server does not begin")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address) as answer:  # noqa: S310 - of this machine
        return bool(answer.status == 200)
    return False


def wait_for_evidence(address: str, cookie: str) -> None:
    """Ask for a case until it has its links: right after a start the evidence is still being gathered."""
    asked = urllib.request.Request(address, headers={"Cookie": f"ringsight_session={cookie}"})  # noqa: S310 - as below
    began = time.monotonic()
    while True:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - of this machine
            if b"data-node" in answer.read():
                return
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"no evidence: {address}")
        time.sleep(0.1)


def measure(browser: Browser, address: str, cookie: str, page: Page, seconds: list[float]) -> None:
    """Load a page once, in a browser that has nothing cached."""
    context = browser.new_context()
    context.add_cookies([{"name": "ringsight_session", "value": cookie, "url": address}])
    shown = context.new_page()
    seconds.append((_loaded if page.path == "/" else _opened)(shown, address + page.path))
    page.kilobytes.append(shown.evaluate(SENT) / 1000)
    context.close()


SENT = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .reduce((sum, each) => sum + each.transferSize, 0)"""


def _loaded(page: Tab, address: str) -> float:
    page.goto(address)
    return float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")) / 1000


def _opened(page: Tab, address: str) -> float:
    """Seconds from asking for a case until its links are drawn and the key `?` is answered."""
    page.goto(address, wait_until="domcontentloaded")
    page.wait_for_selector("[data-node]", state="attached")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    return float(page.evaluate("performance.now()")) / 1000


def _cases(run: Path) -> list[tuple[int, str]]:
    """One case of each size, the largest first: (members, case id)."""
    with open_casebook(casebook_of(run, "")) as book:
        return sorted({len(case.members): case.case_id for case in book.cases()}.items(), reverse=True)


def chromium() -> str:
    """The browser's program."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise SystemExit("neither chromium nor google-chrome is on the PATH")
    return found


if __name__ == "__main__":
    main()

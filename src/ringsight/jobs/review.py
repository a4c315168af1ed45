"""`ringsight review`: the analysts' pages over a finished run."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from ringsight.cases import clock
from ringsight.cases.casebook import CaseBook, casebook_of, open_casebook
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import SYSTEM, Role
from ringsight.errors import SettingsError
from ringsight.jobs.command import Command
from ringsight.records.bank import BankConfig
from ringsight.web.app import create_app
from ringsight.web.settings import SiteSettings, private

HIGHEST_PORT = 65_535
DAY = 24 * 60 * 60
"""Seconds."""
FIRST = {Role.admin: "adds accounts, erases customers", Role.lead: "reviews cases, exports decisions"}
"""Accounts that are made where there is none, named after their roles, and what each does."""


@dataclass(kw_only=True, slots=True)
class ReviewJob:
    """What `ringsight review` can be told."""

    bank: BankConfig
    """The bank that was searched."""
    run: Path = Path("out/run")
    """Folder of the finished run."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""
    cases: CaseSettings = field(default_factory=CaseSettings)
    """How cases are taken in, ranked and decided."""
    site: SiteSettings = field(default_factory=SiteSettings)
    """The address of the pages, the proxies before them, and a provider by which people sign in."""
    host: str = "127.0.0.1"
    """Address to listen at. Put a proxy with TLS before any other than this machine's own, and name it in `site`."""
    port: int = 8080

    def __post_init__(self) -> None:
        """Refuse a port that there is not.

        Raises:
            SettingsError: if the port is out of bounds.
        """
        if not 1 <= self.port <= HIGHEST_PORT:
            raise SettingsError(f"port must be 1 to {HIGHEST_PORT} (got {self.port})")


def run(config: ReviewJob) -> None:
    """Take the run in, and serve the pages until stopped.

    Raises:
        RingsightError: for what a user can mend.
    """
    console = Console(highlight=False, markup=False)
    with open_casebook(casebook_of(config.run, config.database), config.cases) as book:
        changed = book.import_run(config.run, config.bank.path)
        console.print(f"{changed} cases are new or changed.")
        for role, password in first_accounts(book, config).items():
            said = f"An account was made: {role}, password {password}  (shown once; {FIRST[role]})"
            console.print(said, soft_wrap=True)
        app = create_app(book, config.site, config.host)
        app.state.shared.runs.prepare(book.cases())
        address = config.site.root or f"http://{config.host}:{config.port}"
        console.print(f"Review: {address}/  (Ctrl-C stops it)")
        stopped = Event()
        house = Thread(target=keep_house, args=(book, config.cases.retention_days, stopped), name="house", daemon=True)
        house.start()
        try:
            serve(app, config)
        finally:
            stopped.set()
            house.join()


def serve(app: FastAPI, config: ReviewJob) -> None:
    """Serve the pages until stopped. What a client says of its own address is believed of the named proxies alone."""
    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(config.site.proxies),
        forwarded_allow_ips=config.site.proxies,
    )


def first_accounts(book: CaseBook, config: ReviewJob) -> dict[Role, str]:
    """Make accounts where there is none, and give their passwords: an admin, who sees no case, adds the others.

    On the embedded default, where the pages are for whoever sits at this machine, a lead too.
    """
    if book.accounts.users() or not config.site.local_sign_in:
        return {}
    alone = not config.database and not config.site.root and private(urlsplit(f"http://{config.host}"))
    passwords = {role: secrets.token_urlsafe(15) for role in FIRST if role is Role.admin or alone}
    for role, password in passwords.items():
        book.accounts.add(role.value, role, password, SYSTEM)
    return passwords


def keep_house(book: CaseBook, retention_days: int, stopped: Event) -> None:
    """Erase, once a day until stopped, the members of cases that were closed longer ago than they are kept."""
    while retention_days:
        book.expire(clock.now() - timedelta(days=retention_days), SYSTEM)
        if stopped.wait(DAY):
            return


COMMAND = Command("review", ReviewJob, run, verbatim=("database",))

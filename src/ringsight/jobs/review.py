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
from ringsight.errors import require_port
from ringsight.jobs.command import Command
from ringsight.runs.run import open_run
from ringsight.web.app import create_app
from ringsight.web.settings import SiteSettings, private

DAY = 24 * 60 * 60
"""Seconds."""
GRACE = 5
"""Seconds that requests have to end once the server is asked to stop; event streams would never end."""
FIRST = {Role.admin: "adds accounts, erases customers", Role.lead: "reviews cases, exports decisions"}
"""Accounts that are made at the first start, named after their roles, and what each is for."""


@dataclass(kw_only=True, slots=True)
class SearchedBank:
    """Where the bank of a run lies."""

    path: Path | None = None
    """Its folder; by default where the run found it."""


@dataclass(kw_only=True, slots=True)
class ReviewJob:
    """The settings of `ringsight review`."""

    bank: SearchedBank = field(default_factory=SearchedBank)
    """The bank that was searched; it is read as the run read it."""
    run: Path = Path("out/run")
    """Folder of the finished run."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""
    cases: CaseSettings = field(default_factory=CaseSettings)
    """How cases are imported, ranked and decided."""
    site: SiteSettings = field(default_factory=SiteSettings)
    """The address of the pages, the hosts they answer, the proxies before them, and the provider to sign in with."""
    host: str = "127.0.0.1"
    """Address to listen at. Before any other than this machine's own, put a proxy with TLS, and name it in `site`."""
    port: int = 8080

    def __post_init__(self) -> None:
        """Refuse a port that does not exist.

        Raises:
            SettingsError: if the port is out of bounds.
        """
        require_port(self.port)


def run(config: ReviewJob) -> None:
    """Import the run, and serve the pages until stopped.

    Raises:
        RingsightError: for anything that a user can repair.
    """
    console = Console(highlight=False, markup=False)
    with open_casebook(casebook_of(config.run, config.database), config.cases) as book:
        changed = book.import_run(config.run, open_run(config.run).bank_config(config.bank.path).path)
        console.print(f"{changed} cases are new or changed.")
        for role, password in first_accounts(book, config).items():
            said = f"An account was made: {role}, password {password}  (shown once; {FIRST[role]})"
            console.print(said, soft_wrap=True)
        app = create_app(book, config.site, config.host)
        app.state.shared.runs.prepare(book.cases())
        address = config.site.root or f"http://{config.host}:{config.port}"
        console.print(f"Review: {address}/  (Ctrl-C stops it)")
        stopped = Event()
        retention = Thread(target=expire_daily, args=(book, config.cases.retention_days, stopped), daemon=True)
        retention.start()
        try:
            serve(app, config)
        finally:
            stopped.set()
            retention.join()


def serve(app: FastAPI, config: ReviewJob) -> None:
    """Serve the pages until stopped. A client's forwarded address is believed from the named proxies alone."""
    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=bool(config.site.proxies),
        forwarded_allow_ips=config.site.proxies,
    )


def first_accounts(book: CaseBook, config: ReviewJob) -> dict[Role, str]:
    """Make accounts if there are none, and give their passwords: an admin, who sees no case, adds the others.

    A lead is made too if the pages are for the person at this machine alone: by default.
    """
    if book.accounts.users() or not config.site.local_sign_in:
        return {}
    alone = not config.database and not config.site.root and private(urlsplit(f"http://{config.host}"))
    passwords = {role: secrets.token_urlsafe(15) for role in FIRST if role is Role.admin or alone}
    for role, password in passwords.items():
        book.accounts.add(role.value, role, password, SYSTEM)
    return passwords


def expire_daily(book: CaseBook, retention_days: int, stopped: Event) -> None:
    """Once a day until stopped, erase the members of cases that were closed more than `retention_days` ago."""
    while retention_days:
        book.expire(clock.now() - timedelta(days=retention_days), SYSTEM)
        if stopped.wait(DAY):
            return


COMMAND = Command("review", ReviewJob, run, verbatim=("database",))

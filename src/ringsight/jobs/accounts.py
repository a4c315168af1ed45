"""`ringsight accounts`: who may sign in to the review, and as what."""

import getpass
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.users import SYSTEM, Role, User
from ringsight.errors import SettingsError
from ringsight.jobs.command import Command


class AccountsAction(StrEnum):
    """What can be done with accounts."""

    show = "show"
    add = "add"
    change = "change"
    close = "close"


@dataclass(kw_only=True, slots=True)
class AccountsJob:
    """The settings of `ringsight accounts`."""

    do: AccountsAction = AccountsAction.show
    """`show` them, `add` one, `change` the password and role of one, `close` one. A password is asked for, or read
    as a line from standard input; it is never a setting."""
    name: str = ""
    """The name of the account; `show` needs none."""
    role: Role = Role.analyst
    """`analyst`, `lead`, `auditor` or `admin`."""
    run: Path = Path("out/run")
    """Folder of the run whose cases they are."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run."""

    def __post_init__(self) -> None:
        """Refuse an action without the name of an account.

        Raises:
            SettingsError: if no account is named.
        """
        if self.do is not AccountsAction.show and not self.name:
            raise SettingsError(f"do={self.do} needs a name", remedy=f"ringsight accounts do={self.do} name=NAME")


def run(config: AccountsJob) -> list[User]:
    """Do what is asked, and list the open accounts.

    Raises:
        CaseError: if the name or the password is refused.
    """
    with open_casebook(casebook_of(config.run, config.database)) as book:
        match config.do:
            case AccountsAction.show:
                pass
            case AccountsAction.add:
                book.accounts.add(config.name, config.role, _password(), SYSTEM)
            case AccountsAction.change:
                book.accounts.change(config.name, SYSTEM, role=config.role, password=_password())
            case AccountsAction.close:
                book.accounts.close(config.name, SYSTEM)
        users = book.accounts.users()
    for user in users:
        Console(highlight=False, markup=False).print(f"{user.name}  {user.role}")
    return users


def _password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


COMMAND = Command("accounts", AccountsJob, run, verbatim=("name", "database"))

"""`ringsight keys`: who may ask the service for what."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from ringsight.arrivals.api_keys import ApiKey, ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase, log_of
from ringsight.errors import SettingsError
from ringsight.jobs.command import Command


class KeysAction(StrEnum):
    """What can be done with keys."""

    show = "show"
    add = "add"
    close = "close"


@dataclass(kw_only=True, slots=True)
class KeysJob:
    """The settings of `ringsight keys`."""

    do: KeysAction = KeysAction.show
    """`show` them, `add` one, `close` one. A key that is added is printed once; its hash alone is kept."""
    name: str = ""
    """The name of the key; `show` needs none."""
    scopes: list[KeyScope] = field(default_factory=lambda: [KeyScope.read])
    """What it may be used for: `read`, `write` (customers come, change and leave), `erase` (also out of the log)."""
    run: Path = Path("out/run")
    """Folder of the run that is served."""
    database: str = ""
    """Where the arrivals are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `arrivals.db` inside the
    run."""

    def __post_init__(self) -> None:
        """Refuse an action without the name of a key.

        Raises:
            SettingsError: if no key is named.
        """
        if self.do is not KeysAction.show and not self.name:
            raise SettingsError(f"do={self.do} needs a name", remedy=f"ringsight keys {self.do} name=NAME")


def run(config: KeysJob) -> list[ApiKey]:
    """Do what is asked, and list the keys.

    Raises:
        RingsightError: if the name or the scopes are refused, or the database cannot be used.
    """
    console = Console(highlight=False, markup=False)
    database = ArrivalDatabase(log_of(config.run, config.database))
    try:
        keys = ApiKeys(database)
        match config.do:
            case KeysAction.show:
                pass
            case KeysAction.add:
                key = keys.add(config.name, config.scopes)
                console.print(f"A key was made: {key}  (shown once)", soft_wrap=True)
            case KeysAction.close:
                keys.close(config.name)
        every = keys.all()
    finally:
        database.close()
    for each in every:
        state = "" if each.open else "  closed"
        console.print(f"{each.name}  {', '.join(sorted(each.scopes))}{state}")
    return every


COMMAND = Command("keys", KeysJob, run, verbatim=("name", "database"))

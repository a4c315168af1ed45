"""The database of arrivals: SQLite or PostgreSQL, as for the case book, with the tables of the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ringsight.arrivals.errors import LogError
from ringsight.cases.database import Database
from ringsight.runs.paths import RunPaths

PATIENCE = 5
"""Seconds that a request waits for a database that is busy or gone; after that the answer is 503."""
GONE = "the service answers again by itself once the database does; send the request again, with its idempotency key"


def log_of(run: Path, database: str = "") -> str:
    """The database URL of a run's log: `database` if it is given, else `arrivals.db` inside the run."""
    return database or f"sqlite:///{RunPaths(run).arrivals}"


class ArrivalDatabase(Database):
    """Transactions over the log: what is committed is on disk."""

    kept = "log of arrivals"
    refused = LogError
    migrations = Path(__file__).with_name("migrations")
    patience = PATIENCE

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing.

        Raises:
            LogError: if the database cannot be reached.
        """
        with _reachable(), super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction beside which no other writes; an error undoes all of it.

        Raises:
            LogError: if the database cannot be reached or written.
        """
        with _reachable(), super().writing() as connection:
            yield connection


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        told = str(getattr(error, "orig", None) or error).splitlines()[0][:200]
        raise LogError(f"the log of arrivals cannot be used ({told})", remedy=GONE) from error

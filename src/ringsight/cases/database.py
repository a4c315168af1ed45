"""One database behind a case book: SQLite or PostgreSQL, migrated on opening, with one writer at a time.

The log is a chain, so entries are written one after another: a writing transaction locks the whole SQLite database
(`BEGIN IMMEDIATE`), or takes an advisory lock on PostgreSQL. Readers never wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from ringsight.cases.errors import BookError
from ringsight.errors import RingsightError

PATIENCE = 60
"""Seconds that whoever writes cases waits for the one before."""
WRITER = 0x72696E67
"""Number of the advisory lock."""
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


class Database:
    """Transactions over one database."""

    kept: ClassVar[str] = "case book"
    """What is kept in it, as errors name it."""
    refused: ClassVar[type[RingsightError]] = BookError
    """The error of a database that cannot be opened."""
    migrations: ClassVar[Path] = Path(__file__).with_name("migrations")
    patience: ClassVar[int] = PATIENCE
    """Seconds that a writer waits for the one before it, and that a server has to answer."""

    def __init__(self, url: str, *, new: bool = True) -> None:
        """Connect, and migrate to this version's tables.

        Args:
            url: of the database.
            new: whether an SQLite file is made if there is none.

        Raises:
            RingsightError: of the kind `refused`, if it is unreachable, absent, of another kind, or made by a later
                version.
        """
        self.url = self._parsed(url)
        if not new and self.url.get_backend_name() == "sqlite" and not Path(str(self.url.database)).is_file():
            raise self.refused(
                f"there is no {self.kept} here", where=str(self.url.database), remedy="name the run, or the database"
            )
        self._engine = _engine(self.url, self.patience)
        self._writing = self._engine.execution_options(writing=True)
        self._reading = self._engine
        if self.url.get_backend_name() == "postgresql":
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            self._migrate()
        except OperationalError as error:
            self.close()
            raise self.refused(
                f"the {self.kept} cannot be opened: {str(error.orig).splitlines()[0]}",
                where=self.url.render_as_string(hide_password=True),
                remedy="check the address, that the server runs, and that the folder can be written to",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction beside which no other writes; an error undoes all of it."""
        with self._writing.begin() as connection:
            if self.url.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER})
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def scrub(self) -> None:
        """Remove what was overwritten from the disk, as far as the database allows.

        SQLite overwrites with zeros, and its write-ahead log is emptied here. PostgreSQL removes it by its own vacuum,
        and by the end of its archived log.
        """
        if self.url.get_backend_name() == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        with self.writing() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise self.refused(
                    f"the {self.kept} was made by a later version of ringsight",
                    where=self.url.render_as_string(hide_password=True),
                    remedy="open it with that version",
                ) from error

    @classmethod
    def _parsed(cls, given: str) -> URL:
        try:
            url = make_url(given)
            kind = url.get_backend_name()
        except (ArgumentError, NoSuchModuleError) as error:
            raise cls.refused(
                "the database address cannot be read", remedy="write sqlite:///FILE or postgresql://USER@HOST/NAME"
            ) from error
        if kind not in DRIVERS or (kind == "sqlite" and url.database in (None, "", ":memory:")):
            raise cls.refused(
                f"an SQLite file or PostgreSQL is needed, not {kind} {url.database or ''}".rstrip(),
                remedy="write sqlite:///FILE or postgresql://USER@HOST/NAME",
            )
        return url.set(drivername=DRIVERS[kind])


def _engine(url: URL, patience: int) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=patience,
            connect_args={"connect_timeout": patience},
        )
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": patience, "isolation_level": None})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - of any driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Begin as SQLite needs it: a writer takes its lock at once, so that no transaction fails half-way."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

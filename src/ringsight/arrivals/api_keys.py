"""API keys: who may ask the service for what. A key is shown once; its hash alone is kept."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update

from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.log_tables import API_KEYS
from ringsight.cases import clock
from ringsight.errors import SettingsError

BEGINS = "rsk_"
"""By which a key is known where it should not be."""


class KeyScope(StrEnum):
    """What a key may be used for."""

    read = "read"
    write = "write"
    erase = "erase"
    metrics = "metrics"
    """Figures of the service, of no customer."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, as it is kept."""

    name: str
    scopes: frozenset[KeyScope]
    open: bool
    made_at: str


class ApiKeys:
    """The keys of one service."""

    def __init__(self, database: ArrivalDatabase) -> None:
        """Keep the keys in the database of the log."""
        self._database = database

    def add(self, name: str, scopes: Iterable[KeyScope]) -> str:
        """Make a key, and give it: it cannot be shown again.

        Keys have 256 bits drawn at random, so that a plain SHA-256 of them is as good as a slow hash.

        Raises:
            SettingsError: if the name is taken or empty, or there is no scope.
        """
        asked = sorted(set(scopes))
        if not name or not asked:
            raise SettingsError("a key needs a name and a scope", remedy="name=NAME scopes=[read,write]")
        key = BEGINS + secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            if connection.execute(select(API_KEYS.c.name).where(API_KEYS.c.name == name)).first():
                raise SettingsError(f"there is a key called {name!r}", remedy="take another name, or close that one")
            connection.execute(
                API_KEYS.insert().values(
                    name=name,
                    key_hash=hashed(key),
                    scopes=",".join(asked),
                    made_at=clock.written(clock.now()),
                    open=True,
                )
            )
        return key

    def close(self, name: str) -> None:
        """Let a key open nothing any more.

        Raises:
            SettingsError: if there is no such key.
        """
        with self._database.writing() as connection:
            closed = connection.execute(update(API_KEYS).where(API_KEYS.c.name == name).values(open=False))
        if closed.rowcount == 0:
            raise SettingsError(f"there is no key called {name!r}", remedy="`ringsight keys list` names them")

    def all(self) -> list[ApiKey]:
        """Every key, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(API_KEYS).order_by(API_KEYS.c.name)).all()
        return [ApiKey(row.name, _scopes(row.scopes), row.open, row.made_at) for row in rows]

    def find(self, key: str) -> ApiKey | None:
        """The open key that was given; None where there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(API_KEYS).where(API_KEYS.c.key_hash == hashed(key))).first()
        return ApiKey(row.name, _scopes(row.scopes), True, row.made_at) if row and row.open else None


def hashed(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _scopes(text: str) -> frozenset[KeyScope]:
    return frozenset(KeyScope(each) for each in text.split(","))

"""Sessions: a token that the browser keeps, of which only a hash is stored."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from ringsight.cases import clock
from ringsight.cases.audit_trail import append
from ringsight.cases.database import Database
from ringsight.cases.schema import ACCOUNTS, SESSIONS
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import Role, User

RENEWED = timedelta(minutes=1)
"""Use prolongs a session at most this often, so that not every request writes."""


class Sessions:
    """The sessions of one case book. Each ends some hours after its last use, and a day after it began at most."""

    def __init__(self, database: Database, settings: CaseSettings) -> None:
        """Keep them in this database."""
        self._database = database
        self._idle = timedelta(hours=settings.session_hours)
        self._longest = timedelta(hours=settings.longest_session_hours)

    def begin(self, connection: Connection, name: str) -> str:
        """Begin a session, within a writing transaction; gives its token, 256 random bits in URL-safe letters."""
        token, now = secrets.token_urlsafe(32), clock.now()
        connection.execute(delete(SESSIONS).where(SESSIONS.c.ends_at <= clock.written(now)))
        began, ends = clock.written(now), clock.written(now + min(self._idle, self._longest))
        row = {"token_hash": hash_secret(token), "name": name, "began_at": began, "ends_at": ends}
        connection.execute(insert(SESSIONS).values(**row))
        return token

    def user_of(self, token: str, *, prolong: bool = True) -> User | None:
        """The user of a session, which this prolongs unless nobody asked; None if it has ended."""
        now, this = clock.now(), SESSIONS.c.token_hash == hash_secret(token)
        with self._database.reading() as connection:
            row = connection.execute(
                select(SESSIONS.c.began_at, SESSIONS.c.ends_at, ACCOUNTS.c.name, ACCOUNTS.c.role)
                .join(ACCOUNTS)
                .where(this, SESSIONS.c.ends_at > clock.written(now), ACCOUNTS.c.open)
            ).first()
        if row is None:
            return None
        ends = min(now + self._idle, clock.read(row.began_at) + self._longest)
        if prolong and ends - clock.read(row.ends_at) > RENEWED:
            with self._database.writing() as connection:
                connection.execute(update(SESSIONS).where(this).values(ends_at=clock.written(ends)))
        return User(row.name, Role(row.role))

    def end(self, token: str) -> None:
        """End a session, unless it has ended already."""
        user = self.user_of(token)
        if user is not None:
            with self._database.writing() as connection:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.token_hash == hash_secret(token)))
                append(connection, user.name, "signed_out", {})


def hash_secret(secret: str) -> str:
    """The hash that is stored in place of a token, or of a typed name, which may be a password by mistake."""
    return hashlib.sha256(secret.encode()).hexdigest()

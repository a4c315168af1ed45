"""Local accounts: argon2 hashes, and a limit on guessing. The audit trail has every change and every sign-in."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ringsight.cases import clock
from ringsight.cases.audit_trail import append
from ringsight.cases.database import Database
from ringsight.cases.errors import CaseError, SignInError
from ringsight.cases.schema import ACCOUNTS, ATTEMPTS, SESSIONS
from ringsight.cases.sessions import Sessions, hash_secret
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import NAME, NOBODY, RESERVED, Right, Role, User

SHORTEST, LONGEST = 12, 1024
"""Characters of a password."""
SHARED_ADDRESS = 10
"""One address may fail this many times as often as one name: a whole office may share it."""
CHANGED = "account_changed"
"""The action of a change of role or password."""
_HASHING = PasswordHash.recommended()


class Accounts:
    """The accounts of one case book."""

    def __init__(self, database: Database, sessions: Sessions, settings: CaseSettings) -> None:
        """Keep them in this database."""
        self._database = database
        self._sessions = sessions
        self._attempts = settings.attempts
        self._window = timedelta(minutes=settings.attempt_minutes)

    def add(self, name: str, role: Role, password: str, by: User) -> User:
        """Add an account.

        Raises:
            ForbiddenError: without the right `manage`.
            CaseError: if the name is taken or malformed, or the password is too short or too long.
        """
        by.require(Right.manage)
        if not NAME.fullmatch(name) or name in RESERVED:
            raise CaseError(
                f"an account cannot be called {name!r}",
                remedy="use lower-case letters and digits, with . _ @ - between them",
            )
        hashed = _hashed(password)
        with self._database.writing() as connection:
            if _account(connection, name):
                raise CaseError(
                    f"there is an account {name!r} already", remedy="choose another name; names are never used twice"
                )
            connection.execute(insert(ACCOUNTS).values(name=name, role=role.value, password_hash=hashed, open=True))
            append(connection, by.name, "account_added", {"account": name, "role": role})
        return User(name, role)

    def change(self, name: str, by: User, *, role: Role | None = None, password: str = "") -> User:
        """Change an account's role or password, which ends its sessions. Everybody may change their own password.

        Raises:
            ForbiddenError: without the right `manage`, unless users change their own password and nothing else.
            CaseError: if there is no such account, or the password is too short or too long.
        """
        if by.name != name or role is not None:
            by.require(Right.manage)
        changes = {"role": role.value} if role else {}
        changes |= {"password_hash": _hashed(password)} if password else {}
        content = {"account": name, "role": role, "password": bool(password)}
        return self._alter(name, by, changes, CHANGED, content)

    def close(self, name: str, by: User) -> None:
        """Close an account for good; its name stays in the audit trail and is never used again.

        Raises:
            ForbiddenError: without the right `manage`.
            CaseError: if there is no such account.
        """
        by.require(Right.manage)
        self._alter(name, by, {"open": False}, "account_closed", {"account": name})

    def users(self) -> list[User]:
        """Users with an open account, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.open).order_by(ACCOUNTS.c.name)).all()
        return [User(row.name, Role(row.role)) for row in rows]

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session; `address` is where the request comes from.

        Returns:
            The session's token, 256 random bits in URL-safe letters; only its hash is stored.

        Raises:
            SignInError: if name or password is wrong (it does not say which), the account is closed, or there were
                too many failed attempts lately.
        """
        attempt, genuine = self._attempt(name, address)
        right = len(password) <= LONGEST and _HASHING.verify(password, genuine or _nobody())
        who = name if genuine else NOBODY
        with self._database.writing() as connection:
            if not (right and genuine):
                append(connection, who, "sign_in_failed", {"address": address})
            else:
                connection.execute(
                    delete(ATTEMPTS).where((ATTEMPTS.c.number == attempt) | (ATTEMPTS.c.name_hash == hash_secret(name)))
                )
                append(connection, who, "signed_in", {"address": address})
                return self._sessions.begin(connection, who)
        raise SignInError("the name or the password is wrong")

    def _attempt(self, name: str, address: str) -> tuple[int, str]:
        """Count this attempt as failed before the password is checked, so that many attempts at once gain nothing.

        Returns:
            The attempt's number, and the account's password hash; an empty one if there is no such account.
        """
        now = clock.now()
        with self._database.writing() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at < clock.written(now - self._window)))
            count = select(func.count()).select_from(ATTEMPTS)
            of_name = connection.execute(count.where(ATTEMPTS.c.name_hash == hash_secret(name))).scalar_one()
            of_address = connection.execute(count.where(ATTEMPTS.c.address == address)).scalar_one()
            if of_name >= self._attempts or of_address >= self._attempts * SHARED_ADDRESS:
                raise SignInError("too many failed attempts", remedy="wait a quarter of an hour, or ask an admin")
            made = insert(ATTEMPTS).values(at=clock.written(now), name_hash=hash_secret(name), address=address)
            number = connection.execute(made.returning(ATTEMPTS.c.number)).scalar_one()
            genuine = select(ACCOUNTS.c.password_hash).where(ACCOUNTS.c.name == name, ACCOUNTS.c.open)
            return int(number), connection.execute(genuine).scalar_one_or_none() or ""

    def _alter(self, name: str, by: User, changes: Mapping[str, Any], action: str, content: Mapping[str, Any]) -> User:
        with self._database.writing() as connection:
            former = _account(connection, name)
            if former is None:
                raise CaseError(f"there is no account {name!r}")
            if former.subject and action == CHANGED:
                raise CaseError(
                    f"the account {name} signs in by a provider", remedy="change its role and password there"
                )
            if changes:
                connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(**changes))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))
            append(connection, by.name, action, content)
        return User(name, Role(str(changes.get("role", former.role))))


def _account(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.name == name)).first()


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise CaseError(f"a password has {SHORTEST} to {LONGEST:,} characters", remedy="a sentence is easy to remember")
    return _HASHING.hash(password)


@cache
def _nobody() -> str:
    """A hash that no password has: a name without an account takes as long to refuse as one with an account."""
    return _HASHING.hash(secrets.token_hex(32))

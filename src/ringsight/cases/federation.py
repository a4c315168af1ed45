"""People who sign in by a provider: their pending sign-ins, and their accounts.

An account belongs to the provider's own id of a person, not to a name: a person who is given another's name there does
not get the other's account here. The role is taken from the provider at every sign-in.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from ringsight.cases import clock
from ringsight.cases.audit_trail import append
from ringsight.cases.database import Database
from ringsight.cases.errors import SignInError
from ringsight.cases.schema import ACCOUNTS, SESSIONS, SIGN_INS
from ringsight.cases.sessions import Sessions, hash_secret
from ringsight.cases.users import NAME, NOBODY, RESERVED, SYSTEM, Role

TIME_LIMIT = timedelta(minutes=10)
"""How long a sign-in may be pending."""
FROM_ONE_ADDRESS = 50
"""Sign-ins that may be pending from one address; a whole office may share it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a provider identifies them."""

    issuer: str
    subject: str
    """The provider's own id of this person; never another's."""
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that waits for the provider's answer."""

    nonce: str
    verifier: str
    after: str
    """Where to go once signed in."""
    draft: str
    """What was entered before a session ended."""


class Federation:
    """The people of one case book who sign in by a provider."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        """Keep them in this database."""
        self._database = database
        self._sessions = sessions

    def begin(self, state: str, pending: PendingSignIn, address: str) -> None:
        """Remember a sign-in under its state; `address` is where the request comes from.

        Raises:
            SignInError: if too many are pending from there.
        """
        now = clock.now()
        with self._database.writing() as connection:
            connection.execute(delete(SIGN_INS).where(SIGN_INS.c.ends_at <= clock.written(now)))
            count = select(func.count()).select_from(SIGN_INS).where(SIGN_INS.c.address == address)
            if connection.execute(count).scalar_one() >= FROM_ONE_ADDRESS:
                raise SignInError("too many sign-ins are pending", remedy="try again in ten minutes")
            connection.execute(
                insert(SIGN_INS).values(
                    state_hash=hash_secret(state),
                    nonce=pending.nonce,
                    verifier=pending.verifier,
                    after=pending.after,
                    draft=pending.draft,
                    address=address,
                    ends_at=clock.written(now + TIME_LIMIT),
                )
            )

    def resume(self, state: str) -> PendingSignIn:
        """The sign-in of a state, which cannot be used again.

        Raises:
            SignInError: if none is pending.
        """
        this = SIGN_INS.c.state_hash == hash_secret(state)
        with self._database.writing() as connection:
            row = connection.execute(select(SIGN_INS).where(this)).first()
            connection.execute(delete(SIGN_INS).where(this))
        if row is None or row.ends_at <= clock.written(clock.now()):
            raise SignInError("this sign-in was not begun here, or too long ago", remedy="sign in again")
        return PendingSignIn(row.nonce, row.verifier, row.after, row.draft)

    def sign_in(self, person: Person, address: str) -> str:
        """Begin a session, in a new account if the person has none; gives the session's token.

        Raises:
            SignInError: if the account is closed, or the name is taken.
        """
        with self._database.writing() as connection:
            name = _account(connection, person)
            append(connection, name, "signed_in", {"address": address, "by": person.issuer})
            return self._sessions.begin(connection, name)

    def record_failure(self, address: str, why: str) -> None:
        """Record a sign-in that failed."""
        with self._database.writing() as connection:
            append(connection, NOBODY, "sign_in_failed", {"address": address, "why": why})


def _account(connection: Connection, person: Person) -> str:
    subject = f"{person.issuer} {person.subject}"
    known = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.subject == subject)).first()
    if known is None:
        _add(connection, person, subject)
        return person.name
    if not known.open:
        raise SignInError("this account is closed", remedy="ask an admin")
    name = str(known.name)
    if known.role != person.role:
        connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(role=person.role.value))
        connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))
        content = {"account": name, "role": person.role, "password": False}
        append(connection, SYSTEM.name, "account_changed", content)
    return name


def _add(connection: Connection, person: Person, subject: str) -> None:
    taken = select(ACCOUNTS.c.name).where(ACCOUNTS.c.name == person.name)
    if not NAME.fullmatch(person.name) or person.name in RESERVED or connection.execute(taken).first():
        raise SignInError(f"the name {person.name!r} is taken or malformed", remedy="ask an admin")
    connection.execute(
        insert(ACCOUNTS).values(name=person.name, role=person.role.value, password_hash="", open=True, subject=subject)
    )
    append(connection, SYSTEM.name, "account_added", {"account": person.name, "role": person.role})

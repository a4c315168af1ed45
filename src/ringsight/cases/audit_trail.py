"""The audit trail: one append-only log of everything, in which the hash of each entry covers all entries before it.

The hash covers the hash before it and a commitment: the salted hash of the entry's content. The content is stored
apart, so that personal data can be erased while the chain still holds. An erasure is itself an entry. It lists every
entry that it redacted, with the commitment of the new content. The chain proves that nothing inside it was changed. But
somebody who can rewrite the whole table can write another chain, so note the `head` elsewhere from time to time.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, RowMapping, select

from ringsight.cases import clock
from ringsight.cases.case import CaseEntry
from ringsight.cases.database import Database
from ringsight.cases.errors import BrokenTrailError
from ringsight.cases.former_names import in_todays_names
from ringsight.cases.schema import CONTENTS, ENTRIES
from ringsight.cases.users import Right, User

BEGINNING = "0" * 64
"""The hash before that of the first entry."""
FORGOTTEN = "forgotten"
"""The action of an erasure."""
RESTORE = "compare the database with a backup; the entries before this one are unchanged"
"""What to do about an entry that was changed."""


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One entry of the trail, as an auditor reads it."""

    number: int
    at: datetime
    user: str
    action: str
    case_id: str
    content: Mapping[str, Any]
    hash: str


class AuditTrail:
    """The audit trail of one case book."""

    def __init__(self, database: Database) -> None:
        """Keep the trail in this database."""
        self._database = database

    def record(self, user: User, action: str, subject: str, *, customer: str = "", case_id: str = "") -> None:
        """Record that somebody did or saw something.

        Args:
            user: who.
            action: what was done, in one word; a `Look` if something was looked at.
            subject: to what: for example the id of an image, a note or a case.
            customer: whose data it is; an erasure finds the entry by it.
            case_id: the case that was worked on; minutes by case are measured by it.
        """
        with self._database.writing() as connection:
            append(connection, user.name, action, {"subject": subject, "customer": customer}, (case_id, None))

    def verify(self, head: str = "") -> int:
        """Check that the trail is as it was written; `head` is a hash noted earlier, which must be in it.

        Returns:
            How many entries there are.

        Raises:
            BrokenTrailError: naming the first entry that was changed or removed.
        """
        with self._database.reading() as connection:
            redacted = _redactions(connection)
            previous, seen, number = BEGINNING, not head, 0
            with _streamed(connection) as rows:
                for number, row in enumerate(rows.mappings(), start=1):
                    _check(row, number, previous, redacted.get(number))
                    previous = row["hash"]
                    seen = seen or previous == head
        if not seen:
            raise BrokenTrailError(
                f"no entry has the hash {head}: entries were removed, or the whole trail was rewritten",
                remedy="compare the database with a backup",
            )
        return number

    def head(self) -> str:
        """The hash of the last entry, which covers all entries before it."""
        with self._database.reading() as connection:
            return _last(connection)[1]

    def entries(self, user: User, after: int = 0, limit: int = 200) -> list[TrailEntry]:
        """At most `limit` entries in their order, from the one after number `after`. That they were read is recorded.

        Raises:
            ForbiddenError: without the right `inspect`.
        """
        user.require(Right.inspect)
        self.record(user, "view_trail", f"after {after}")
        with self._database.reading() as connection:
            rows = connection.execute(_joined().where(ENTRIES.c.number > after).limit(limit)).all()
        return [_trail_entry(row) for row in rows]

    def everything(self, user: User) -> Iterator[TrailEntry]:
        """The whole trail in its order, one entry at a time. That it was exported is recorded.

        Raises:
            ForbiddenError: without the right `inspect`.
        """
        user.require(Right.inspect)
        self.record(user, "export_trail", "")
        with self._database.reading() as connection, _streamed(connection) as rows:
            for row in rows:
                yield _trail_entry(row)

    def of_case(self, case_id: str, user: User) -> list[TrailEntry]:
        """Everything that was done to a case or looked at in it, oldest first.

        Raises:
            ForbiddenError: without the right `see`.
        """
        user.require(Right.see)
        with self._database.reading() as connection:
            rows = connection.execute(_joined().where(ENTRIES.c.case_id == case_id)).all()
        return [_trail_entry(row) for row in rows]


def append(
    connection: Connection,
    user: str,
    action: str,
    content: Mapping[str, Any],
    about: tuple[str, int | None] = ("", None),
) -> CaseEntry:
    """Append an entry, within a writing transaction.

    Args:
        connection: of `Database.writing`.
        user: who.
        action: what was done, in one word.
        content: everything else, as JSON can hold it.
        about: the case, and the version of the case that this entry makes; None if the entry does not change it.
    """
    before, previous = _last(connection)
    number, moment, (case_id, version) = before + 1, clock.now(), about
    salt, text = salted(content)
    row = {
        "number": number,
        "at": clock.written(moment),
        "user": user,
        "action": action,
        "case_id": case_id or None,
        "version": version,
        "commitment": commitment(salt, text),
        "previous": previous,
    }
    connection.execute(ENTRIES.insert().values(**row, hash=_hash(row)))
    connection.execute(CONTENTS.insert().values(number=number, salt=salt, content=text))
    return CaseEntry(number, version or 0, moment, user, action, json.loads(text))


def events(connection: Connection, case_ids: Sequence[str] | None = None) -> dict[str, list[CaseEntry]]:
    """The entries that made each case, oldest first, in today's names; of all cases, or of those given."""
    wanted = _joined().where(ENTRIES.c.version.is_not(None))
    if case_ids is not None:
        wanted = wanted.where(ENTRIES.c.case_id.in_(case_ids))
    found: dict[str, list[CaseEntry]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.case_id, []).append(_event(row))
    return found


def last_of(connection: Connection, action: str) -> CaseEntry | None:
    """The last entry with an action, about any case or none."""
    wanted = _joined().where(ENTRIES.c.action == action).order_by(None).order_by(ENTRIES.c.number.desc()).limit(1)
    row = connection.execute(wanted).first()
    return None if row is None else _event(row)


def _event(row: Row[Any]) -> CaseEntry:
    content = in_todays_names(json.loads(row.content))
    return CaseEntry(row.number, row.version or 0, clock.read(row.at), row.user, row.action, content)


def salted(content: Mapping[str, Any]) -> tuple[str, str]:
    """A fresh salt, and the content as canonical JSON."""
    return secrets.token_hex(16), canonical(content)


def canonical(content: object) -> str:
    """JSON that is the same for the same content: keys sorted, ASCII, no blanks."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def commitment(salt: str, text: str) -> str:
    """The salted hash of a content: it fixes the content without revealing it."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def _hash(row: Mapping[Any, Any]) -> str:
    fields = ("number", "at", "user", "action", "case_id", "version", "commitment", "previous")
    return hashlib.sha256(canonical([row[field] for field in fields]).encode()).hexdigest()


def _trail_entry(row: Row[Any]) -> TrailEntry:
    return TrailEntry(
        row.number, clock.read(row.at), row.user, row.action, row.case_id or "", json.loads(row.content), row.hash
    )


def _joined() -> Any:  # noqa: ANN401 - a select whose row type SQLAlchemy cannot name
    return select(ENTRIES, CONTENTS.c.salt, CONTENTS.c.content).outerjoin(CONTENTS).order_by(ENTRIES.c.number)


def _streamed(connection: Connection) -> CursorResult[Any]:
    """The whole trail, piece by piece; to be closed, for a server keeps its place."""
    return connection.execute(_joined(), execution_options={"yield_per": 1000})


def _last(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry."""
    newest = select(ENTRIES.c.number, ENTRIES.c.hash).order_by(ENTRIES.c.number.desc()).limit(1)
    row = connection.execute(newest).first()
    return (row.number, row.hash) if row else (0, BEGINNING)


def _redactions(connection: Connection) -> dict[int, str]:
    """By entry, the commitment of the content that the last erasure left there."""
    rows = connection.execute(_joined().where(ENTRIES.c.action == FORGOTTEN, CONTENTS.c.content.is_not(None)))
    return {int(number): new for row in rows for number, new in json.loads(row.content)["redacted"].items()}


def _check(row: RowMapping, number: int, previous: str, redacted: str | None) -> None:
    where = f"audit trail, entry {number}"
    if row["number"] != number:
        raise BrokenTrailError(f"it was removed: the next entry is {row['number']}", where=where, remedy=RESTORE)
    if row["previous"] != previous or row["hash"] != _hash(row):
        raise BrokenTrailError("it does not follow from the entry before it", where=where, remedy=RESTORE)
    if row["content"] is None:
        raise BrokenTrailError("its content was removed, and not by an erasure", where=where, remedy=RESTORE)
    if commitment(row["salt"], row["content"]) != (redacted or row["commitment"]):
        raise BrokenTrailError("its content was changed, and not by an erasure", where=where, remedy=RESTORE)

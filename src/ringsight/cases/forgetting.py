"""Erasing a customer from the case book, whose audit trail can still be verified.

A random pseudonym takes the place of the customer's id, so that cases still add up. Ids of the customer's records and
the free text of every case that the customer was in are blanked. The erasure is an entry of its own, with the
commitment of each redacted entry's new content. Random salts keep the old content from being guessed by its commitment.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from ringsight.cases.audit_trail import FORGOTTEN, append, commitment, events, salted
from ringsight.cases.case import Case, Status
from ringsight.cases.queue import filter_of, project
from ringsight.cases.replay import replay
from ringsight.cases.schema import CONTENTS, ENTRIES, SAVED_FILTERS, SIGN_INS
from ringsight.runs.erasure import ERASED, renamed

FREE_TEXT = ("note", "reason")
"""Fields that people write, in which they may name anybody."""


def forget(connection: Connection, customer_id: str, user: str, name: str) -> int:
    """Erase a customer, whose place the pseudonym `name` takes, within a writing transaction.

    Returns:
        How many entries were redacted.
    """
    named = CONTENTS.c.content.contains(json.dumps(customer_id), autoescape=True)
    joined = select(ENTRIES.c.number, ENTRIES.c.case_id, CONTENTS.c.content).join(CONTENTS)
    found = connection.execute(joined.where(named, ENTRIES.c.action != FORGOTTEN)).all()
    naming = [row for row in found if _names(json.loads(row.content), customer_id)]
    cases = sorted({row.case_id for row in naming if row.case_id})
    numbers = [row.number for row in naming]
    redacted = {}
    for row in connection.execute(joined.where(or_(ENTRIES.c.case_id.in_(cases), ENTRIES.c.number.in_(numbers)))).all():
        before = json.loads(row.content)
        after = _redacted(before, customer_id, name)
        if after != before:
            redacted[str(row.number)] = _rewrite(connection, row.number, after)
    _drop_saved_filters(connection, customer_id)
    connection.execute(update(SIGN_INS).values(draft=""))
    append(connection, user, FORGOTTEN, {"redacted": redacted})
    for case_id, history in events(connection, cases).items():
        project(connection, replay(case_id, history))
    return len(redacted)


def _names(content: Mapping[str, Any], customer_id: str) -> bool:
    """Whether a content names exactly this customer: to the database, upper and lower case are alike."""
    return bool(renamed(content, customer_id, "") != content)


def _rewrite(connection: Connection, number: int, content: Mapping[str, Any]) -> str:
    salt, text = salted(content)
    connection.execute(update(CONTENTS).where(CONTENTS.c.number == number).values(salt=salt, content=text))
    return commitment(salt, text)


def _redacted(content: Mapping[str, Any], customer_id: str, name: str) -> dict[str, Any]:
    after: dict[str, Any] = renamed(content, customer_id, name)
    after |= {key: "" for key in FREE_TEXT if after.get(key)}
    if content.get("customer") == customer_id:
        after["subject"] = ""
    return after


def _drop_saved_filters(connection: Connection, customer_id: str) -> None:
    for row in connection.execute(select(SAVED_FILTERS)).all():
        if filter_of(row.filter).customer.casefold() == customer_id.casefold():
            connection.execute(
                delete(SAVED_FILTERS).where(SAVED_FILTERS.c.user == row.user, SAVED_FILTERS.c.name == row.name)
            )


def expired(cases: Sequence[Case], before: datetime) -> list[str]:
    """Customers whose cases were all closed before a moment, sorted, without those who are erased already."""
    closed = (Status.decided, Status.merged)
    kept = {c for case in cases if case.status not in closed or case.changed_at >= before for c in case.members}
    return sorted({c for case in cases for c in case.members if not c.startswith(ERASED)} - kept)

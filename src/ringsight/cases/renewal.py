"""What the import of a run changes in the case book: cases are opened, renewed, or no longer listed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ringsight.cases.audit_trail import append, events, last_of
from ringsight.cases.case import Case
from ringsight.cases.incoming_run import IncomingRun, ListedRing
from ringsight.cases.replay import Action, replay
from ringsight.cases.schema import CASES
from ringsight.cases.steps import make, open_case
from ringsight.cases.users import SYSTEM

IMPORTED = "taken_in"
"""The action of an import, as it stands in the log."""


def renew_cases(connection: Connection, incoming: IncomingRun) -> int:
    """Open and renew the cases of a run, within a writing transaction; the run of the last import changes nothing.

    Returns:
        How many cases are new or changed.
    """
    last = last_of(connection, IMPORTED)
    if last is not None and last.content["digest"] == incoming.digest:
        return 0
    known = _by_ring(connection)
    changed = 0
    for listed in incoming.listed:
        case = known.pop(str(listed.ring["ring_id"]), None)
        content = _content(incoming, listed)
        if case is None:
            open_case(connection, SYSTEM.name, content)
        else:
            make(connection, case, SYSTEM.name, Action.renewed, content)
        changed += 1
    for case in known.values():
        if case.current:
            make(connection, case, SYSTEM.name, Action.faded, {"run": incoming.run})
            changed += 1
    append(connection, SYSTEM.name, IMPORTED, {"digest": incoming.digest, "run": incoming.run, **incoming.facts})
    return changed


def _by_ring(connection: Connection) -> dict[str, Case]:
    """Ring id -> its case, without the cases that were split off."""
    rows = connection.execute(select(CASES.c.ring_id, CASES.c.case_id).where(CASES.c.split_from == "")).all()
    histories = events(connection, [row.case_id for row in rows])
    return {row.ring_id: replay(row.case_id, histories[row.case_id]) for row in rows}


def _content(incoming: IncomingRun, listed: ListedRing) -> Mapping[str, Any]:
    return {
        "origin": listed.origin,
        "ring": dict(listed.ring),
        "members": dict(listed.members),
        "run": incoming.run,
        "bank": incoming.bank,
    }

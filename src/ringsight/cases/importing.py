"""What a run changes in the case book: cases opened, renewed, and no longer listed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ringsight.cases.audit_trail import append, events, last_of
from ringsight.cases.case import Case
from ringsight.cases.replay import Action, replay
from ringsight.cases.run_import import ListedRing, RunImport
from ringsight.cases.schema import CASES
from ringsight.cases.steps import make, open_case
from ringsight.cases.users import SYSTEM

TAKEN_IN = "taken_in"
"""The action of a run taken in."""


def import_run(connection: Connection, intake: RunImport) -> int:
    """Take a run in, within a writing transaction; how many cases are new or changed.

    The run that was taken in last changes nothing.
    """
    last = last_of(connection, TAKEN_IN)
    if last is not None and last.content["digest"] == intake.digest:
        return 0
    known = _by_ring(connection)
    changed = 0
    for listed in intake.listed:
        case = known.pop(str(listed.ring["ring_id"]), None)
        content = _content(intake, listed)
        if case is None:
            open_case(connection, SYSTEM.name, content)
        else:
            make(connection, case, SYSTEM.name, Action.renewed, content)
        changed += 1
    for case in known.values():
        if case.current:
            make(connection, case, SYSTEM.name, Action.faded, {"run": intake.run})
            changed += 1
    append(connection, SYSTEM.name, TAKEN_IN, {"digest": intake.digest, "run": intake.run, **intake.facts})
    return changed


def _by_ring(connection: Connection) -> dict[str, Case]:
    """Ring id -> its case; not those that were split off."""
    rows = connection.execute(select(CASES.c.ring_id, CASES.c.case_id).where(CASES.c.split_from == "")).all()
    histories = events(connection, [row.case_id for row in rows])
    return {row.ring_id: replay(row.case_id, histories[row.case_id]) for row in rows}


def _content(intake: RunImport, listed: ListedRing) -> Mapping[str, Any]:
    return {
        "origin": listed.origin,
        "ring": dict(listed.ring),
        "members": dict(listed.members),
        "run": intake.run,
        "bank": intake.bank,
    }

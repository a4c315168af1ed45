"""The queue: a row for each case, projected from its entries, ranked by expected value."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy import case as sql_case

from ringsight.cases import clock
from ringsight.cases.case import Case, CaseRow, Judgement, Origin, QueueFilter, Status
from ringsight.cases.replay import Action
from ringsight.cases.schema import CASE_MEMBERS, CASES, ENTRIES

RANK = (CASES.c.value.desc(), CASES.c.evidence.desc(), CASES.c.opened_at, CASES.c.case_id)
"""By expected value, then by evidence: a bank may have no transactions to measure exposure by."""


def project(connection: Connection, case: Case) -> None:
    """Rewrite the row of a case, and its members."""
    row = row_of(case)
    known = connection.execute(update(CASES).where(CASES.c.case_id == case.case_id).values(**row)).rowcount
    if not known:
        connection.execute(insert(CASES).values(**row))
    connection.execute(delete(CASE_MEMBERS).where(CASE_MEMBERS.c.case_id == case.case_id))
    members = [{"case_id": case.case_id, "customer_id": customer} for customer in case.members]
    if members:
        connection.execute(insert(CASE_MEMBERS), members)


def row_of(case: Case) -> dict[str, Any]:
    """A case as a row of `CASES`."""
    return {
        "case_id": case.case_id,
        "version": case.version,
        "status": case.status.value,
        "resting": case.resting.value,
        "origin": case.origin.value,
        "holder": case.holder,
        "until": clock.written(case.until) if case.until else None,
        "ring_id": case.ring_id,
        "size": len(case.exposures),
        "exposure": case.exposure,
        "evidence": case.evidence,
        "value": case.value,
        "news": len(case.news),
        "verdict": case.verdict.value if case.verdict else None,
        "split_from": case.split_from,
        "current": case.current,
        "opened_at": clock.written(case.opened_at),
        "changed_at": clock.written(case.changed_at),
    }


def out_of_sync(connection: Connection, cases: Mapping[str, Case]) -> list[str]:
    """Cases whose row or members differ from what their entries add up to, sorted."""
    rows = {row.case_id: dict(row._mapping) for row in connection.execute(select(CASES))}
    members: dict[str, set[str]] = {}
    for row in connection.execute(select(CASE_MEMBERS)):
        members.setdefault(row.case_id, set()).add(row.customer_id)
    return sorted(
        name
        for name in rows.keys() | cases.keys()
        if name not in cases
        or rows.get(name) != row_of(cases[name])
        or members.get(name, set()) != {*cases[name].members}
    )


def ranked(connection: Connection, which: QueueFilter, capacity: int) -> list[CaseRow]:
    """Cases that pass a filter, most valuable first.

    Args:
        connection: of `Database.reading` or `writing`.
        which: the filter.
        capacity: cases that the team can open in a day.
    """
    now = clock.now()
    rows = connection.execute(
        select(CASES, _status_at(now).label("now_status"))
        .where(*_conditions(which, now))
        .order_by(*RANK)
        .limit(which.limit)
        .offset(which.offset)
    ).all()
    within = _within(connection, capacity, now)
    return [_case_row(row, within) for row in rows]


def opened_today(connection: Connection) -> int:
    """How many cases were claimed since midnight UTC."""
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    claims = select(func.count(ENTRIES.c.case_id.distinct())).where(
        ENTRIES.c.action == Action.claimed, ENTRIES.c.at >= clock.written(midnight)
    )
    return int(connection.execute(claims).scalar_one())


def waiting(connection: Connection) -> int:
    """How many cases are open and case."""
    open_now = _conditions(QueueFilter(), clock.now())
    return int(connection.execute(select(func.count()).select_from(CASES).where(*open_now)).scalar_one())


def sharing(connection: Connection, case_id: str) -> dict[str, tuple[str, ...]]:
    """Other cases that share members with one: case id -> the members shared, sorted."""
    own = select(CASE_MEMBERS.c.customer_id).where(CASE_MEMBERS.c.case_id == case_id)
    rows = connection.execute(
        select(CASE_MEMBERS)
        .where(CASE_MEMBERS.c.customer_id.in_(own), CASE_MEMBERS.c.case_id != case_id)
        .order_by(CASE_MEMBERS.c.case_id, CASE_MEMBERS.c.customer_id)
    )
    shared: dict[str, tuple[str, ...]] = {}
    for row in rows:
        shared[row.case_id] = (*shared.get(row.case_id, ()), row.customer_id)
    return shared


def holding(connection: Connection, customer_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Customer id -> the cases whose members the customer is among, sorted."""
    named = CASE_MEMBERS.c.customer_id.in_(sorted(customer_ids))
    rows = connection.execute(select(CASE_MEMBERS).where(named).order_by(CASE_MEMBERS.c.case_id))
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.customer_id] = (*found.get(row.customer_id, ()), row.case_id)
    return found


def filter_text(which: QueueFilter) -> str:
    """A filter as JSON."""
    return json.dumps(asdict(which), sort_keys=True)


def filter_of(text: str) -> QueueFilter:
    """A filter from its JSON."""
    said = json.loads(text)
    said["statuses"] = tuple(Status(each) for each in said["statuses"])
    said["origins"] = tuple(Origin(each) for each in said["origins"])
    said["verdict"] = Judgement(said["verdict"]) if said["verdict"] else None
    return QueueFilter(**said)


def _status_at(now: datetime) -> ColumnElement[str]:
    """The status at a moment: a snoozed case whose time has come has its resting status again."""
    awake = and_(CASES.c.status == Status.snoozed.value, CASES.c.until <= clock.written(now))
    return sql_case((awake, CASES.c.resting), else_=CASES.c.status)


def _conditions(which: QueueFilter, now: datetime) -> list[ColumnElement[bool]]:
    passing: list[ColumnElement[bool]] = [CASES.c.value >= which.least_value, CASES.c.size >= which.least_size]
    if which.statuses:
        passing.append(_status_at(now).in_([each.value for each in which.statuses]))
    if which.origins:
        passing.append(CASES.c.origin.in_([each.value for each in which.origins]))
    if which.holder:
        passing.append(CASES.c.holder == which.holder)
    if which.verdict:
        passing.append(CASES.c.verdict == which.verdict.value)
    if not which.gone:
        passing.append(or_(CASES.c.current, CASES.c.holder != ""))
    if which.customer:
        part = which.customer.lower()
        ring = func.lower(CASES.c.ring_id).contains(part, autoescape=True)
        passing.append(or_(_has_member(part), ring, func.lower(CASES.c.case_id) == part))
    return passing


def _has_member(part: str) -> ColumnElement[bool]:
    customer = func.lower(CASE_MEMBERS.c.customer_id)
    return exists().where(CASE_MEMBERS.c.case_id == CASES.c.case_id, customer.contains(part, autoescape=True))


def _within(connection: Connection, capacity: int, now: datetime) -> Collection[str]:
    """The open cases that the team can still open today."""
    left = max(capacity - opened_today(connection), 0)
    return set(
        connection.execute(
            select(CASES.c.case_id).where(*_conditions(QueueFilter(), now)).order_by(*RANK).limit(left)
        ).scalars()
    )


def _case_row(row: Row[Any], within: Collection[str]) -> CaseRow:
    return CaseRow(
        case_id=row.case_id,
        version=row.version,
        status=Status(row.now_status),
        origin=Origin(row.origin),
        holder=row.holder,
        until=clock.read(row.until) if row.now_status == Status.snoozed else None,
        ring_id=row.ring_id,
        size=row.size,
        exposure=row.exposure,
        value=row.value,
        news=row.news,
        verdict=Judgement(row.verdict) if row.verdict else None,
        opened_at=clock.read(row.opened_at),
        changed_at=clock.read(row.changed_at),
        within_capacity=row.case_id in within,
    )

"""A case is what its entries add up to: `replay` is the only place that knows how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from ringsight.cases import clock
from ringsight.cases.case import Case, CaseEntry, Decision, Judgement, Origin, Reason, Scope, StandingDecision, Status
from ringsight.cases.errors import CaseError
from ringsight.runs.erasure import ERASED


class Action(StrEnum):
    """What can happen to a case."""

    opened = "opened"
    renewed = "renewed"
    """A run has found the ring again."""
    faded = "faded"
    """A run no longer lists the ring."""
    claimed = "claimed"
    released = "released"
    snoozed = "snoozed"
    escalated = "escalated"
    decided = "decided"
    undone = "undone"
    split_off = "split_off"
    """Some of its members moved into a case of their own."""
    merged = "merged"
    joined = "joined"
    """The members of another case moved in."""
    commented = "commented"
    """Somebody wrote a comment; nothing else changes."""


DISAGREEMENT = "two analysts disagree"
"""Why a case is escalated after its four-eyes review."""
BY_RUNS = (Action.renewed, Action.faded)
"""Actions of runs, not of people."""
BESIDE = (*BY_RUNS, Action.commented)
"""Actions that take nothing from what was done before: it can still be undone."""
UNDOABLE = (Action.decided, Action.snoozed, Action.escalated, Action.split_off, Action.joined)
"""Actions that can be undone as long as no person has done anything since."""


def replay(case_id: str, events: Sequence[CaseEntry]) -> Case:
    """Add up the entries of a case, oldest first.

    Raises:
        CaseError: if there is no such case.
    """
    if not events:
        raise CaseError(f"there is no case {case_id!r}")
    case = _opened(case_id, events[0])
    standing = {event.version for event in standing_events(events)}
    for event in events[1:]:
        case = step(case, event) if event.version in standing else _passed(case, event)
    return case


def step(case: Case, event: CaseEntry) -> Case:
    """A case after one more entry that stands."""
    return _passed(_STEPS[Action(event.action)](case, event), event)


def standing_events(events: Sequence[CaseEntry]) -> list[CaseEntry]:
    """The entries that were not undone, without the undoing itself."""
    undone = {event.content["version"] for event in events if event.action == Action.undone}
    return [event for event in events if event.action != Action.undone and event.version not in undone]


def last_by_people(events: Sequence[CaseEntry]) -> CaseEntry:
    """The last standing entry that a person made, comments aside; the opening if there is none."""
    return [event for event in standing_events(events) if event.action not in BESIDE or event.version == 1][-1]


def _passed(case: Case, event: CaseEntry) -> Case:
    return replace(case, version=event.version, changed_at=event.at)


def _opened(case_id: str, event: CaseEntry) -> Case:
    content = event.content
    holder = content.get("holder", "")
    return Case(
        case_id=case_id,
        version=event.version,
        status=Status.claimed if holder else Status.open,
        resting=Status.open,
        origin=Origin(content["origin"]),
        holder=holder,
        until=None,
        escalation="",
        ring=content["ring"],
        exposures=content["members"],
        found=frozenset(content["members"]),
        run=content["run"],
        bank=content["bank"],
        current=True,
        opened_at=event.at,
        changed_at=event.at,
        split_from=content.get("split_from", ""),
    )


def _renewed(case: Case, event: CaseEntry) -> Case:
    """New members of the ring join, and former ones leave; members whom analysts have moved stay where they are.

    An erased customer is never a new member, whatever the pseudonym.
    """
    ring: Mapping[str, float] = event.content["members"]
    joined = {name for name in ring.keys() - case.found if not name.startswith(ERASED)}
    kept = case.exposures.keys() - (case.found - ring.keys())
    exposures = {name: ring.get(name, case.exposures.get(name, 0.0)) for name in sorted(kept | joined)}
    closed = case.status is Status.merged or case.resting is Status.decided
    reopened = closed and bool(joined)
    at_rest = case.status in (Status.decided, Status.merged)
    return replace(
        case,
        status=Status.open if reopened and at_rest else case.status,
        resting=Status.open if reopened else case.resting,
        origin=Origin(event.content["origin"]),
        ring=event.content["ring"],
        exposures=exposures,
        found=frozenset(ring),
        run=event.content["run"],
        bank=event.content["bank"],
        current=True,
        news=tuple(sorted((set(case.news) & exposures.keys()) | (joined if case.verdict or closed else set()))),
    )


def _faded(case: Case, _event: CaseEntry) -> Case:
    return replace(case, current=False)


def _claimed(case: Case, event: CaseEntry) -> Case:
    resting = case.resting if case.status in (Status.claimed, Status.snoozed) else case.status
    return replace(case, status=Status.claimed, resting=resting, holder=event.user, until=None)


def _released(case: Case, _event: CaseEntry) -> Case:
    return replace(case, status=case.resting, holder="")


def _snoozed(case: Case, event: CaseEntry) -> Case:
    return replace(case, status=Status.snoozed, holder="", until=clock.read(event.content["until"]))


def _escalated(case: Case, event: CaseEntry) -> Case:
    reason = event.content["reason"]
    return replace(case, status=Status.escalated, resting=Status.escalated, holder="", escalation=reason)


def _decided(case: Case, event: CaseEntry) -> Case:
    decision = decision_of(event.content)
    status = Status(event.content["status"])
    final = status is Status.decided
    standing = StandingDecision(decision, event.user, event.at, event.version, case.members, final)
    if decision.scope is not Scope.ring:
        return replace(case, decisions=(*case.decisions, standing))
    return replace(
        case,
        status=status,
        resting=status,
        holder="",
        news=() if final else case.news,
        escalation=DISAGREEMENT if status is Status.escalated else case.escalation,
        decisions=(*(_seen(each) if final else each for each in case.decisions), standing),
    )


def _seen(standing: StandingDecision) -> StandingDecision:
    """A decision on a member or a link counts once the case is closed."""
    return standing if standing.decision.scope is Scope.ring else replace(standing, final=True)


def _split_off(case: Case, event: CaseEntry) -> Case:
    return replace(case, exposures=_without(case.exposures, event.content["members"]))


def _merged(case: Case, event: CaseEntry) -> Case:
    into = event.content["into"]
    return replace(case, status=Status.merged, holder="", until=None, exposures={}, merged_into=into)


def _joined(case: Case, event: CaseEntry) -> Case:
    return replace(case, exposures={**case.exposures, **event.content["members"]})


def _commented(case: Case, _event: CaseEntry) -> Case:
    return case


def decision_of(content: Mapping[str, Any]) -> Decision:
    """A decision from the content of its entry."""
    return Decision(
        Scope(content["scope"]),
        Judgement(content["judgement"]),
        tuple(content["subjects"]),
        tuple(Reason(reason) for reason in content["reasons"]),
        content["note"],
    )


def _without(exposures: Mapping[str, float], left: Sequence[str]) -> dict[str, float]:
    return {name: amount for name, amount in exposures.items() if name not in left}


_STEPS: Mapping[Action, Callable[[Case, CaseEntry], Case]] = {
    Action.renewed: _renewed,
    Action.faded: _faded,
    Action.claimed: _claimed,
    Action.released: _released,
    Action.snoozed: _snoozed,
    Action.escalated: _escalated,
    Action.decided: _decided,
    Action.split_off: _split_off,
    Action.merged: _merged,
    Action.joined: _joined,
    Action.commented: _commented,
}

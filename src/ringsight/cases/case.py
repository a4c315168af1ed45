"""The types of the review: a case, its status, and a decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ringsight.cases.errors import CaseError


class Status(StrEnum):
    """The status of a case, which says what is to be done next."""

    open = "open"
    """Waits in the queue."""
    claimed = "claimed"
    """An analyst holds it."""
    snoozed = "snoozed"
    """Comes back by itself at `Case.until`."""
    escalated = "escalated"
    """Waits for a lead."""
    second_review = "second_review"
    """Four-eyes review: one analyst has judged the ring, and another must. Nobody holds the case."""
    decided = "decided"
    merged = "merged"
    """Its members are in another case now."""


PRESUMED = 0.95
"""What a ring drawn at random counts in the queue."""


class Origin(StrEnum):
    """How a ring became a case."""

    flagged = "flagged"
    """Above the line: in the list at the error rate asked."""
    held = "held"
    """Would be flagged, but a protected column explains it."""
    sample = "sample"
    """Drawn at random from the rings below the line, to estimate what is missed."""


class Scope(StrEnum):
    """What a decision is about."""

    ring = "ring"
    """All members of the case; closes it."""
    member = "member"
    """One customer, against all other members."""
    link = "link"
    """Two customers."""


class Judgement(StrEnum):
    """What was decided."""

    same_hand = "same_hand"
    different = "different"
    unsure = "unsure"


class Reason(StrEnum):
    """Why, from a fixed list, so that reasons can be counted."""

    same_document = "same_document"
    """One photograph, template or studio behind the ID images."""
    same_wording = "same_wording"
    """One script in the notes."""
    same_rhythm = "same_rhythm"
    """Transactions that move together."""
    shared_contact = "shared_contact"
    """Devices, phones or addresses that strangers do not share."""
    passed_on_money = "passed_on_money"
    """Money that goes round among the members, or through them to one place."""
    known_offender = "known_offender"
    """A member is known from an earlier case."""
    household = "household"
    workplace = "workplace"
    """Colleagues: one payday, one address of work."""
    branch_habit = "branch_habit"
    """A photo booth, a template note, a habit of a branch or an agent."""
    residence = "residence"
    """A dormitory, a home, a large building."""
    coincidence = "coincidence"
    """What they share is more common than it seems."""
    too_little = "too_little"
    """Too few records to tell."""
    waiting = "waiting"
    """More records have been asked for."""
    other = "other"
    """See the note."""


LONGEST_NOTE = 100_000
"""Characters of a decision's note."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A typed judgement on a ring, a member or a link.

    `subjects` are customer ids: none for a ring, one for a member, two for a link.
    """

    scope: Scope
    judgement: Judgement
    subjects: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be a decision; sort the two ids of a link.

        Raises:
            CaseError: if the number of subjects does not fit the scope, or the note is too long.
        """
        wanted = {Scope.ring: 0, Scope.member: 1, Scope.link: 2}[self.scope]
        if len(set(self.subjects)) != wanted or len(self.subjects) != wanted:
            raise CaseError(
                f"a decision on a {self.scope} names {wanted} customers (got {len(self.subjects)})",
                remedy="name nobody for the ring, one customer for a member, two for a link",
            )
        if len(self.note) > LONGEST_NOTE:
            raise CaseError(
                f"the note has {len(self.note):,} characters, more than {LONGEST_NOTE:,}", remedy="shorten it"
            )
        object.__setattr__(self, "subjects", tuple(sorted(self.subjects)))


@dataclass(frozen=True, slots=True)
class StandingDecision:
    """A decision that has not been undone: by whom, when, and as which version of the case."""

    decision: Decision
    user: str
    at: datetime
    version: int
    members: tuple[str, ...]
    """Members of the case at that moment."""
    final: bool
    """Whether it counts: it needs no four-eyes review, or has passed it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its entries in the log make it. Times are UTC, with their time zone."""

    case_id: str
    version: int
    """Number of its entries; a change of the case is a higher version."""
    status: Status
    resting: Status
    """Its status once it is released, or once its snooze has ended."""
    origin: Origin
    holder: str
    """Who holds it; empty if nobody does."""
    until: datetime | None
    """End of the snooze."""
    escalation: str
    """Why it was escalated; empty otherwise."""
    ring: Mapping[str, Any]
    """Row of `Results.rings`, as of `run`."""
    exposures: Mapping[str, float]
    """Customer id of each member -> exposure, in the bank's currency (`CaseSettings`). The members are those of the
    ring, less those split off, plus those merged in."""
    found: frozenset[str]
    """Members of the ring as the last run found it."""
    run: str
    """Folder of the last run that listed it."""
    bank: str
    """The bank's folder of that run."""
    current: bool
    """Whether the last run still lists the ring: flagged, held, or drawn."""
    opened_at: datetime
    changed_at: datetime
    """When its last entry was made."""
    decisions: tuple[StandingDecision, ...] = ()
    """Those that stand, oldest first."""
    news: tuple[str, ...] = ()
    """Members who joined since the ring was last decided, sorted."""
    split_from: str = ""
    merged_into: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """Customer ids, sorted."""
        return tuple(sorted(self.exposures))

    @property
    def exposure(self) -> float:
        """The sum over all members."""
        return sum(self.exposures.values())

    @property
    def evidence(self) -> float:
        """Chance that the ring is coordinated beyond its innocent explanation: 1 - adjusted_q_value.

        Where no rate is stated, a weight from 0 to 1 that grows with the adjusted score, and orders cases alike. A ring
        drawn at random counts as a flagged one would: neither its value nor its place in the queue may tell it.
        """
        if self.origin is Origin.sample:
            return PRESUMED
        q = self.ring["adjusted_q_value"]
        if q is not None:
            return 1.0 - float(q)
        score = max(float(self.ring["adjusted_score"]), 0.0)
        return score / (1.0 + score)

    @property
    def value(self) -> float:
        """Expected value: exposure x evidence, in the bank's currency."""
        return self.exposure * self.evidence

    @property
    def ring_id(self) -> str:
        """The ring that the case was opened for."""
        return str(self.ring["ring_id"])

    @property
    def opinions(self) -> tuple[StandingDecision, ...]:
        """The standing judgements on the ring, oldest first."""
        return tuple(each for each in self.decisions if each.decision.scope is Scope.ring)

    @property
    def verdict(self) -> Judgement | None:
        """The last standing judgement on the ring, whether it counts yet or not."""
        return self.opinions[-1].decision.judgement if self.opinions else None

    @property
    def settled(self) -> Judgement | None:
        """The last judgement on the ring that counts."""
        final = [each.decision.judgement for each in self.opinions if each.final]
        return final[-1] if final else None

    @property
    def waiting(self) -> tuple[StandingDecision, ...]:
        """Decisions on members and links that do not count yet."""
        return tuple(each for each in self.decisions if each.decision.scope is not Scope.ring and not each.final)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in the queue. It has neither score nor q-value: evidence comes first, the score on request."""

    case_id: str
    version: int
    status: Status
    origin: Origin
    holder: str
    until: datetime | None
    ring_id: str
    size: int
    """How many members it has."""
    exposure: float
    value: float
    """Expected value."""
    news: int
    """How many members joined since it was last decided."""
    verdict: Judgement | None
    opened_at: datetime
    changed_at: datetime
    within_capacity: bool
    """Whether the team can still open it today: it stands above the line of capacity."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which cases to list, and how many. An empty field does not filter."""

    statuses: tuple[Status, ...] = (Status.open,)
    """A snoozed case whose time has come has its resting status again."""
    origins: tuple[Origin, ...] = ()
    holder: str = ""
    customer: str = ""
    """Part of a member's customer id or of the ring's, or the case's id; upper and lower case are alike."""
    least_value: float = 0.0
    least_size: int = 0
    verdict: Judgement | None = None
    gone: bool = False
    """Whether to list the cases whose ring the last run no longer lists, too."""
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One entry of a case's history."""

    number: int
    """Its number in the audit trail."""
    version: int
    at: datetime
    user: str
    action: str
    content: Mapping[str, Any] = field(default_factory=dict)

"""Four-eyes review: which decisions count at once, and which only when a second analyst agrees."""

from ringsight.cases.case import Case, Decision, Judgement, Scope, Status
from ringsight.cases.settings import FourEyes
from ringsight.cases.users import User


def status_after(case: Case, user: User, decision: Decision, four_eyes: FourEyes) -> Status:
    """The status of a case after a decision: it counts (`decided`), waits (`second_review`), or is `escalated`.

    A judgement on the ring waits until somebody else gives the same judgement on all members that the case has now. A
    decision on a member or a link waits until somebody else closes the case. So users cannot close a case in which
    decisions of their own wait.
    """
    if decision.scope is not Scope.ring:
        return Status.second_review if _needs(decision.judgement, four_eyes) else Status.decided
    judgement = decision.judgement
    if four_eyes is FourEyes.never:
        return Status.decided
    if case.resting is Status.second_review and judgement is not case.verdict:
        return Status.escalated
    if any(each.user == user.name for each in case.waiting):
        return Status.second_review
    if not _needs(judgement, four_eyes) or _confirmed(case, user, judgement):
        return Status.decided
    return Status.second_review


def _needs(judgement: Judgement, four_eyes: FourEyes) -> bool:
    match four_eyes:
        case FourEyes.never:
            return False
        case FourEyes.same_hand:
            return judgement is Judgement.same_hand
        case FourEyes.always:
            return True


def _confirmed(case: Case, user: User, judgement: Judgement) -> bool:
    """Whether somebody else has given this judgement on all members that the case has now."""
    return case.resting in (Status.second_review, Status.escalated) and any(
        each.user != user.name and each.decision.judgement is judgement and set(case.members) <= set(each.members)
        for each in case.opinions
    )

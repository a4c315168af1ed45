"""The second pair of eyes: what a case is after a decision, and whether the decision counts."""

from ringsight.cases.case import Case, Decision, Judgement, Scope, Status
from ringsight.cases.settings import FourEyes
from ringsight.cases.users import User


def after(case: Case, user: User, decision: Decision, four_eyes: FourEyes) -> Status:
    """What a decision leads to: it counts (`decided`), waits for a colleague (`second_review`), or is escalated.

    A judgement on the ring that waits is confirmed by the same judgement of somebody else on all of today's members.
    What waits on members and links counts once another than who said it closes the case; so nobody closes a case in
    which own words wait.
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
    """Whether somebody else has judged so, of every member that the case has now."""
    return case.resting in (Status.second_review, Status.escalated) and any(
        each.user != user.name and each.decision.judgement is judgement and set(case.members) <= set(each.members)
        for each in case.opinions
    )

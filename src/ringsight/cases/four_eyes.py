"""The second pair of eyes: what a case is after a decision, and whether the decision counts."""

from ringsight.cases.case import Case, Decision, Judgement, Scope, Status
from ringsight.cases.settings import SecondPair
from ringsight.cases.users import User


def after(case: Case, user: User, decision: Decision, second_pair: SecondPair) -> Status:
    """What becomes of a decision: it counts (`decided`), waits for a colleague (`seconding`), or divides two analysts.

    A judgement on the ring that waits is confirmed by the same judgement of somebody else on all of today's members.
    What waits on members and links counts once another than who said it closes the case; so nobody closes a case in
    which own words wait.
    """
    if decision.scope is not Scope.ring:
        return Status.seconding if _needs(decision.judgement, second_pair) else Status.decided
    judgement = decision.judgement
    if second_pair is SecondPair.never:
        return Status.decided
    if case.resting is Status.seconding and judgement is not case.verdict:
        return Status.escalated
    if any(each.user == user.name for each in case.waiting):
        return Status.seconding
    if not _needs(judgement, second_pair) or _confirmed(case, user, judgement):
        return Status.decided
    return Status.seconding


def _needs(judgement: Judgement, second_pair: SecondPair) -> bool:
    match second_pair:
        case SecondPair.never:
            return False
        case SecondPair.same_hand:
            return judgement is Judgement.same_hand
        case SecondPair.always:
            return True


def _confirmed(case: Case, user: User, judgement: Judgement) -> bool:
    """Whether somebody else has judged so, of every member that the case has now."""
    return case.resting in (Status.seconding, Status.escalated) and any(
        each.user != user.name and each.decision.judgement is judgement and set(case.members) <= set(each.members)
        for each in case.opinions
    )

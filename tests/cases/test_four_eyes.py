"""Four-eyes review: what needs it does not count before two people have judged the same members alike."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from case_world import CUSTOMERS, Ring, World, flagged_rings

from ringsight.cases.case import Case, Decision, Judgement, Origin, QueueFilter, Scope, Status
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.errors import ForbiddenError
from ringsight.cases.settings import CaseSettings, FourEyes
from ringsight.cases.users import User

SAME, DIFFERENT = (Decision(Scope.ring, judgement) for judgement in (Judgement.same_hand, Judgement.different))
LINK = Decision(Scope.link, Judgement.same_hand, ("C00", "C01"))
Opened = Callable[[FourEyes], AbstractContextManager[CaseBook]]


@pytest.fixture
def opened(url: str, world: World) -> Opened:
    """A book with cases K1 (R0: C00 C01 C02) and K2 (R1: C03 C04 C05) of a team that works so."""

    @contextmanager
    def open_so(four_eyes: FourEyes) -> Iterator[CaseBook]:
        with open_casebook(url, CaseSettings(four_eyes=four_eyes)) as book:
            book.import_run(world.run(*flagged_rings(2)), world.bank)
            yield book

    return open_so


@pytest.fixture
def pair(opened: Opened) -> Iterator[CaseBook]:
    """Of a team in which everything is seen twice."""
    with opened(FourEyes.always) as book:
        yield book


def decided(book: CaseBook, case_id: str, user: User, *decisions: Decision) -> Case:
    """Claim, and decide in this order."""
    case = book.claim(case_id, user)
    for decision in decisions:
        case = book.decide(case_id, user, decision, case.version)
    return case


def exported(book: CaseBook, lead: User) -> dict[tuple[str, str], str]:
    columns = ("customer_a", "customer_b", "decision")
    return {(a, b): decision for a, b, decision in book.export_decisions(lead).select(columns).iter_rows()}


@pytest.mark.parametrize(
    ("needed", "judgement", "status"),
    [
        (FourEyes.same_hand, Judgement.same_hand, Status.second_review),
        (FourEyes.same_hand, Judgement.different, Status.decided),
        (FourEyes.always, Judgement.unsure, Status.second_review),
        (FourEyes.never, Judgement.same_hand, Status.decided),
    ],
)
def test_which_decisions_need_it(opened: Opened, ana: User, needed: FourEyes, judgement: Judgement, status: Status):
    with opened(needed) as book:
        assert decided(book, "K1", ana, Decision(Scope.ring, judgement)).status is status


@pytest.mark.parametrize(
    ("needed", "judgement", "counts"),
    [
        (FourEyes.never, Judgement.same_hand, True),
        (FourEyes.same_hand, Judgement.same_hand, False),
        (FourEyes.same_hand, Judgement.different, True),
        (FourEyes.always, Judgement.different, False),
    ],
)
def test_a_link_that_needs_no_second_analyst_counts_at_once(
    opened: Opened, ana: User, needed: FourEyes, judgement: Judgement, counts: bool
):
    with opened(needed) as book:
        case = decided(book, "K1", ana, Decision(Scope.link, judgement, ("C00", "C01")))
        assert [each.final for each in case.decisions] == [counts]
        assert len(case.waiting) == (not counts)


def test_two_who_agree_close_a_case_and_two_who_do_not_pass_it_to_a_lead(
    opened: Opened, ana: User, ben: User, lea: User
):
    with opened(FourEyes.same_hand) as book:
        for case_id in ("K1", "K2"):
            decided(book, case_id, ana, SAME)
        assert exported(book, lea) == {}
        with pytest.raises(ForbiddenError, match="waits for a second analyst"):
            book.claim("K1", ana)
        assert book.claim_next(ana) is None
        agreed, disagreed = decided(book, "K1", ben, SAME), decided(book, "K2", ben, DIFFERENT)
        assert (agreed.status, disagreed.status) == (Status.decided, Status.escalated)
        assert [each.final for each in agreed.decisions] == [False, True]
        assert disagreed.escalation == "two analysts disagree"
        assert decided(book, "K2", lea, DIFFERENT).verdict is Judgement.different
        assert set(exported(book, lea).values()) == {"same_hand", "different"}


def test_a_colleague_who_puts_the_case_away_does_not_hand_it_back(pair: CaseBook, ana: User, ben: User):
    decided(pair, "K1", ana, SAME)
    pair.claim("K1", ben)
    pair.snooze("K1", ben, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(ForbiddenError, match="waits for a second analyst"):
        pair.claim("K1", ana)
    assert pair.claim("K1", ben).holder == "ben"


def test_a_case_that_a_lead_puts_away_stays_the_leads(opened: Opened, ana: User, ben: User, lea: User):
    with opened(FourEyes.never) as book:
        book.claim("K1", ana)
        book.escalate("K1", ana, "beyond me")
        book.claim("K1", lea)
        book.snooze("K1", lea, datetime.now(UTC) + timedelta(hours=1))
        with pytest.raises(ForbiddenError, match="escalated"):
            book.claim("K1", ben)


def test_a_lead_alone_is_one_pair_of_eyes(pair: CaseBook, ben: User, lea: User):
    pair.claim("K1", lea)
    pair.escalate("K1", lea, "to myself")
    assert decided(pair, "K1", lea, SAME).status is Status.second_review
    with pytest.raises(ForbiddenError, match="waits for a second analyst"):
        pair.claim("K1", lea)
    assert decided(pair, "K1", ben, SAME).status is Status.decided


def test_a_lead_who_agrees_with_neither_is_not_alone_right(pair: CaseBook, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, SAME)
    decided(pair, "K1", ben, DIFFERENT)
    assert decided(pair, "K1", lea, Decision(Scope.ring, Judgement.unsure)).status is Status.second_review


def test_a_lead_s_own_earlier_judgement_does_not_confirm_her(pair: CaseBook, ben: User, lea: User):
    decided(pair, "K1", lea, SAME)
    assert decided(pair, "K1", ben, DIFFERENT).status is Status.escalated
    assert decided(pair, "K1", lea, SAME).status is Status.second_review
    assert exported(pair, lea) == {}
    assert decided(pair, "K1", ben, SAME).status is Status.decided


def test_a_lead_who_agrees_with_one_of_two_closes_the_case(pair: CaseBook, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, SAME)
    decided(pair, "K1", ben, DIFFERENT)
    assert decided(pair, "K1", lea, SAME).status is Status.decided
    assert set(exported(pair, lea).values()) == {"same_hand"}


def test_a_closed_case_that_a_lead_takes_up_is_judged_by_two_again(pair: CaseBook, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, SAME)
    decided(pair, "K1", ben, SAME)
    assert decided(pair, "K1", lea, SAME).status is Status.second_review
    assert decided(pair, "K1", ben, SAME).status is Status.decided


def test_a_member_whom_the_first_never_saw_is_seen_twice(pair: CaseBook, world: World, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, SAME)
    pair.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    assert decided(pair, "K1", ben, SAME).status is Status.second_review
    assert exported(pair, lea) == {}
    closed = decided(pair, "K1", ana, SAME)
    assert (closed.status, closed.news) == (Status.decided, ())
    assert ("C00", "C20") in exported(pair, lea)


def test_members_brought_in_after_the_first_opinion_are_seen_twice(pair: CaseBook, ana: User, ben: User):
    decided(pair, "K1", ana, SAME)
    pair.claim("K1", ben)
    merged = pair.merge("K2", "K1", ben, pair.case("K2").version)
    assert pair.decide("K1", ben, SAME, merged.version).status is Status.second_review


def test_a_link_counts_once_a_colleague_has_closed_the_case(pair: CaseBook, ana: User, ben: User, lea: User):
    case = decided(pair, "K1", ana, LINK)
    assert [each.decision for each in case.waiting] == [LINK]
    pair.decide("K1", ana, DIFFERENT, case.version)
    assert exported(pair, lea) == {}
    closed = decided(pair, "K1", ben, DIFFERENT)
    assert (closed.status, closed.waiting) == (Status.decided, ())
    assert exported(pair, lea) == {
        ("C00", "C01"): "same_hand",
        ("C00", "C02"): "different",
        ("C01", "C02"): "different",
    }


def test_what_the_second_adds_is_seen_by_the_first(pair: CaseBook, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, DIFFERENT)
    assert decided(pair, "K1", ben, LINK, DIFFERENT).status is Status.second_review
    with pytest.raises(ForbiddenError, match="waits for a second analyst"):
        pair.claim("K1", ben)
    assert decided(pair, "K1", ana, DIFFERENT).status is Status.decided
    assert exported(pair, lea)["C00", "C01"] == "same_hand"


def test_an_accusing_link_is_seen_twice_in_a_ring_that_is_cleared(opened: Opened, ana: User, ben: User):
    with opened(FourEyes.same_hand) as book:
        assert decided(book, "K1", ana, LINK, DIFFERENT).status is Status.second_review
        assert decided(book, "K1", ben, DIFFERENT).waiting == ()
        assert decided(book, "K2", ana, DIFFERENT).status is Status.decided


def test_an_undone_confirmation_waits_again(pair: CaseBook, ana: User, ben: User, lea: User):
    decided(pair, "K1", ana, LINK, SAME)
    closed = decided(pair, "K1", ben, SAME)
    undone = pair.undo("K1", ben, closed.version)
    assert (undone.status, undone.holder, len(undone.waiting)) == (Status.claimed, "ben", 1)
    assert exported(pair, lea) == {}
    assert pair.release("K1", ben).status is Status.second_review
    assert pair.out_of_sync() == []


def test_a_team_that_gives_it_up_closes_what_waited(url: str, opened: Opened, ana: User, ben: User, lea: User):
    with opened(FourEyes.always) as book:
        decided(book, "K1", ana, LINK, SAME)
        decided(book, "K2", ana, SAME)
    with open_casebook(url) as book:
        assert decided(book, "K1", ben, SAME).status is Status.decided
        assert exported(book, lea)["C00", "C01"] == "same_hand"
        assert decided(book, "K2", ben, DIFFERENT).status is Status.decided


def test_what_is_missed_is_estimated_from_what_counts(url: str, world: World, ana: User, ben: User):
    below = [Ring(f"B{n}", [f"C{n:02}", "C28", "C29"], q=0.9, flagged=False) for n in range(10)]
    with open_casebook(url, CaseSettings(sample=2, four_eyes=FourEyes.always)) as book:
        book.import_run(world.run(*below), world.bank)
        first = book.queue(QueueFilter(origins=(Origin.sample,)))[0].case_id
        decided(book, first, ana, SAME)
        assert book.workload.missed().decided == 0
        decided(book, first, ben, SAME)
        assert (book.workload.missed().decided, book.workload.missed().confirmed) == (1, 1)

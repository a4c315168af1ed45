"""Decided pairs from cases: which decision counts, what contradicts, and what undoing, splitting and merging leave."""

from pathlib import Path

import pytest
from case_world import CUSTOMERS, Ring, World, flagged_rings

from ringsight.cases.case import Decision, Judgement, Scope
from ringsight.cases.casebook import CaseBook
from ringsight.cases.decided_pairs import PAIRS, decided_pairs
from ringsight.cases.users import User

pytestmark = pytest.mark.slow

A, B, C = CUSTOMERS[:3]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/cases.db"


@pytest.fixture
def two(book: CaseBook, world: World, ana: User) -> CaseBook:
    """Two cases of three, both in ana's hands; K1 is of A, B and C."""
    book.import_run(world.run(*flagged_rings(2)), world.bank)
    for case_id in ("K1", "K2"):
        book.claim(case_id, ana)
    return book


def decide(book: CaseBook, user: User, scope: Scope, judgement: Judgement, *subjects: str, case: str = "K1") -> None:
    book.decide(case, user, Decision(scope, judgement, subjects), book.case(case).version)


def said(book: CaseBook) -> dict[tuple[str, str], str]:
    pairs, _ = decided_pairs(book.cases())
    return {(row[0], row[1]): row[2] for row in pairs.rows()}


def test_nothing_decided_is_no_pair(two: CaseBook):
    pairs, against = decided_pairs(two.cases())
    assert pairs.columns == list(PAIRS)
    assert pairs.is_empty()
    assert against.is_empty()


def test_a_ring_decided_is_all_its_pairs_and_undoing_takes_them_back(two: CaseBook, ana: User):
    decide(two, ana, Scope.ring, Judgement.same_hand)
    assert said(two) == dict.fromkeys([(A, B), (A, C), (B, C)], "same_hand")
    two.undo("K1", ana, two.case("K1").version)
    assert said(two) == {}


def test_a_member_outweighs_the_ring_and_a_link_the_member(two: CaseBook, ana: User):
    decide(two, ana, Scope.link, Judgement.unsure, A, C)
    decide(two, ana, Scope.member, Judgement.different, C)
    decide(two, ana, Scope.ring, Judgement.same_hand)
    assert said(two) == {(A, B): "same_hand", (A, C): "unsure", (B, C): "different"}


@pytest.mark.parametrize(
    ("of_a", "of_b", "kept"),
    [
        (Judgement.same_hand, Judgement.different, Judgement.different),
        (Judgement.different, Judgement.same_hand, Judgement.different),
        (Judgement.same_hand, Judgement.unsure, Judgement.unsure),
        (Judgement.unsure, Judgement.same_hand, Judgement.unsure),
        (Judgement.different, Judgement.unsure, Judgement.different),
        (Judgement.same_hand, Judgement.same_hand, Judgement.same_hand),
    ],
)
def test_of_decisions_on_two_members_the_one_that_sets_them_further_apart_counts_for_their_pair(
    two: CaseBook, ana: User, of_a: Judgement, of_b: Judgement, kept: Judgement
):
    decide(two, ana, Scope.member, of_a, A)
    decide(two, ana, Scope.member, of_b, B)
    assert said(two) == {(A, B): kept, (A, C): of_a, (B, C): of_b}


def test_of_two_decisions_on_a_member_the_later_counts(two: CaseBook, ana: User):
    decide(two, ana, Scope.member, Judgement.different, B)
    decide(two, ana, Scope.member, Judgement.same_hand, A)
    decide(two, ana, Scope.member, Judgement.same_hand, B)
    assert set(said(two).values()) == {"same_hand"}
    decide(two, ana, Scope.member, Judgement.unsure, A)
    assert said(two)[A, B] == "unsure"


def test_two_cases_that_decide_a_pair_both_ways_are_listed_with_both(book: CaseBook, world: World, ana: User):
    book.import_run(world.run(Ring("R1", [A, B, C])), world.bank)
    book.claim("K1", ana)
    decide(book, ana, Scope.ring, Judgement.same_hand)
    book.import_run(world.run(Ring("R2", [A, B, CUSTOMERS[3]])), world.bank)
    book.claim("K2", ana)
    decide(book, ana, Scope.ring, Judgement.different, case="K2")
    against = book.contradictions().filter(kind="direct")
    assert against.select("customer_a", "customer_b", "decision", "source", "case_id", "tied_by").rows() == [
        (A, B, "same_hand", "ring", "K1", ""),
        (A, B, "different", "ring", "K2", ""),
    ]
    assert (A, B) not in said(book)


def test_of_two_cases_a_firm_decision_counts_before_an_unsure_one_and_the_later_before_the_earlier(
    book: CaseBook, world: World, ana: User
):
    judgements = (Judgement.same_hand, Judgement.same_hand, Judgement.unsure)
    for number, judgement in enumerate(judgements, start=1):
        book.import_run(world.run(Ring(f"R{number}", [A, B, CUSTOMERS[2 + number]])), world.bank)
        book.claim(f"K{number}", ana)
        decide(book, ana, Scope.ring, judgement, case=f"K{number}")
    pairs, against = decided_pairs(book.cases())
    of_both = pairs.filter(customer_a=A, customer_b=B)
    assert of_both.select("decision", "case_id").rows() == [("same_hand", "K2")]
    assert against.is_empty()


def test_a_pair_held_apart_that_others_tie_is_left_out_and_listed(two: CaseBook, ana: User):
    decide(two, ana, Scope.link, Judgement.different, A, C)
    decide(two, ana, Scope.ring, Judgement.same_hand)
    against = two.contradictions()
    assert (A, C) not in said(two)
    assert against.select("customer_a", "customer_b", "kind", "tied_by").rows() == [(A, C, "implied", "K1")]


def test_members_split_off_are_in_no_pair_of_the_ring(two: CaseBook, ana: User):
    two.split("K1", ana, [C], two.case("K1").version)
    decide(two, ana, Scope.ring, Judgement.same_hand)
    assert said(two) == {(A, B): "same_hand"}


def test_members_merged_in_are_in_the_pairs_of_the_ring(two: CaseBook, ana: User):
    two.merge("K2", "K1", ana, two.case("K2").version)
    decide(two, ana, Scope.ring, Judgement.different)
    assert len(said(two)) == 15
    assert set(said(two).values()) == {"different"}

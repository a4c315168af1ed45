"""Cases whose ring a later run finds again: what is taken over from the run, and who is news."""

import shutil
from pathlib import Path

import pytest
from case_world import CUSTOMERS, Ring, World

from ringsight.cases.case import Decision, Judgement, Scope, Status
from ringsight.cases.casebook import CaseBook
from ringsight.cases.users import User

SAME = Decision(Scope.ring, Judgement.same_hand)


@pytest.fixture
def one(book: CaseBook, world: World) -> CaseBook:
    """A book with one case, of four customers."""
    book.import_run(world.run(Ring("R1", CUSTOMERS[:4])), world.bank)
    return book


def grown(book: CaseBook, world: World) -> None:
    """The next run finds one customer more in the ring."""
    book.import_run(world.run(Ring("R1", CUSTOMERS[:5])), world.bank)


def test_it_names_the_bank_of_the_later_run(one: CaseBook, world: World, tmp_path: Path):
    moved = tmp_path / "moved"
    shutil.copytree(world.bank, moved)
    one.import_run(world.run(Ring("R1", CUSTOMERS[:4])), moved)
    assert one.case("K1").bank == str(moved)


def test_new_members_of_a_case_that_nobody_has_judged_are_no_news(one: CaseBook, world: World):
    grown(one, world)
    assert (one.case("K1").members, one.case("K1").news) == (tuple(CUSTOMERS[:5]), ())


def test_new_members_of_a_decided_case_are_news_and_open_it_again(one: CaseBook, world: World, ana: User):
    one.decide("K1", ana, SAME, one.claim("K1", ana).version)
    grown(one, world)
    assert (one.case("K1").news, one.case("K1").status) == ((CUSTOMERS[4],), Status.open)


def test_new_members_are_news_though_the_case_was_opened_again_before(one: CaseBook, world: World, ana: User):
    one.decide("K1", ana, SAME, one.claim("K1", ana).version)
    grown(one, world)
    one.import_run(world.run(Ring("R1", CUSTOMERS[:6])), world.bank)
    assert one.case("K1").news == tuple(CUSTOMERS[4:6])


def test_news_are_over_once_the_ring_is_decided_again(one: CaseBook, world: World, ana: User):
    one.decide("K1", ana, SAME, one.claim("K1", ana).version)
    grown(one, world)
    assert one.decide("K1", ana, SAME, one.claim("K1", ana).version).news == ()

"""Same hand without some: one step, in which those left out are judged different; and comments, which judge nobody."""

import pytest
from case_world import World, flagged_rings

from ringsight.cases.case import Decision, Judgement, Reason, Scope, Status
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.errors import CaseError, ForbiddenError, StaleError
from ringsight.cases.settings import CaseSettings, FourEyes
from ringsight.cases.users import SYSTEM, Role, User

LEA = User("lea", Role.lead)


@pytest.fixture
def one(book: CaseBook, world: World) -> CaseBook:
    """With case K1 of C00 to C04."""
    book.import_run(world.run(*flagged_rings(1, 5)), world.bank)
    return book


def test_those_left_out_are_exported_as_different_from_all(one: CaseBook, ana: User):
    version = one.claim("K1", ana).version
    case = one.decide_without("K1", ana, ["C04"], (Reason.same_document,), "four cards", version)
    assert (case.status, case.verdict, case.holder) == (Status.decided, "same_hand", "")
    assert [each.decision.scope for each in case.decisions] == [Scope.member, Scope.ring]
    pairs = {(a, b): said for a, b, said, *_ in one.export_decisions(LEA).iter_rows()}
    assert len(pairs) == 10
    assert {said for ends, said in pairs.items() if "C04" in ends} == {"different"}
    assert {said for ends, said in pairs.items() if "C04" not in ends} == {"same_hand"}
    assert one.out_of_sync() == []


@pytest.mark.parametrize("left_out", [[], ["C00", "C01", "C02", "C03"], ["C09"]], ids=["nobody", "all but one", "else"])
def test_it_is_refused_as_a_whole(one: CaseBook, ana: User, left_out: list[str]):
    version = one.claim("K1", ana).version
    with pytest.raises(CaseError):
        one.decide_without("K1", ana, left_out, (), "", version)
    assert one.case("K1").version == version
    with pytest.raises(StaleError):
        one.decide_without("K1", ana, ["C00"], (), "", version - 1)
    assert one.case("K1").decisions == ()


def test_each_of_its_decisions_is_undone_by_itself(one: CaseBook, ana: User):
    case = one.decide_without("K1", ana, ["C04"], (), "", one.claim("K1", ana).version)
    for left in (1, 0):
        case = one.undo("K1", ana, case.version)
        assert len(case.decisions) == left


def test_under_four_eyes_nothing_counts_until_a_second_agrees(world: World, sqlite_url: str, ana: User):
    with open_casebook(sqlite_url, CaseSettings(four_eyes=FourEyes.same_hand)) as book:
        book.import_run(world.run(*flagged_rings(1, 5)), world.bank)
        case = book.decide_without("K1", ana, ["C04"], (), "", book.claim("K1", ana).version)
        assert case.status is Status.second_review
        assert book.export_decisions(LEA).filter(decision="same_hand").is_empty()


def test_a_comment_changes_nothing_and_what_was_done_before_can_be_undone(one: CaseBook, ana: User, ben: User):
    before = one.decide("K1", ana, Decision(Scope.ring, Judgement.unsure), one.claim("K1", ana).version)
    after = one.comment("K1", ben, "seen at the branch")
    assert (after.status, after.verdict, after.version) == (before.status, before.verdict, before.version + 1)
    assert one.history("K1")[-1].content == {"note": "seen at the branch"}
    assert one.undo("K1", ana, after.version).verdict is None
    assert [each.action for each in one.history("K1")][-2:] == ["commented", "undone"]
    with pytest.raises(CaseError):
        one.comment("K1", ben, "  ")
    with pytest.raises(ForbiddenError):
        one.comment("K1", User("eva", Role.auditor), "no")
    one.forget("C00", SYSTEM)
    assert "seen at the branch" not in str(one.history("K1"))
    assert one.out_of_sync() == []

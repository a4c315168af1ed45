"""What each night brought: opened, decided, confirmed, and what waits; and how one of its cases is found again."""

from datetime import UTC, datetime, timedelta

import pytest
from case_world import World, flagged_rings

from ringsight.cases import clock
from ringsight.cases.case import Decision, Judgement, QueueFilter, Scope
from ringsight.cases.casebook import CaseBook
from ringsight.cases.nights import NIGHTS, nights
from ringsight.cases.users import User

FIRST = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_cases_are_counted_by_day(book: CaseBook, world: World, ana: User, monkeypatch: pytest.MonkeyPatch):
    assert nights([]).schema == NIGHTS
    monkeypatch.setattr(clock, "now", lambda: FIRST)
    book.import_run(world.run(*flagged_rings(3)), world.bank)
    monkeypatch.setattr(clock, "now", lambda: FIRST + timedelta(days=2))
    for case_id, judgement in (("K1", Judgement.same_hand), ("K2", Judgement.different)):
        book.decide(case_id, ana, Decision(Scope.ring, judgement), book.claim(case_id, ana).version)
    first, later = FIRST.date(), FIRST.date() + timedelta(days=2)
    assert nights(book.cases()).rows() == [(later, 0, 2, 1, 1), (first, 3, 0, 0, 3)]


def test_a_case_is_found_by_customer_ring_or_its_own_id(book: CaseBook, world: World):
    book.import_run(world.run(*flagged_rings(3)), world.bank)

    def found(part: str) -> list[str]:
        return [row.case_id for row in book.queue(QueueFilter(customer=part))]

    assert (found("c04"), found("r2"), found("k1")) == (["K2"], ["K3"], ["K1"])
    assert found("K") == found("%") == []

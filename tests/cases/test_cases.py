"""Cases: imported, ranked, claimed, decided, undone; over SQLite and PostgreSQL alike."""

import math
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from case_world import CUSTOMERS, WITHHELD, Ring, World, flagged_rings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ringsight.cases import clock
from ringsight.cases.case import Decision, Judgement, Origin, QueueFilter, Reason, Scope, Status
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.errors import CaseError, ClaimedError, ForbiddenError, StaleError
from ringsight.cases.settings import CaseSettings
from ringsight.cases.users import Role, User
from ringsight.errors import DataError

EVERYTHING = QueueFilter(statuses=(), gone=True)
SAME = Decision(Scope.ring, Judgement.same_hand, reasons=(Reason.same_document,))
DIFFERENT = Decision(Scope.ring, Judgement.different, reasons=(Reason.household,), note="A family.")


@pytest.fixture
def three(book: CaseBook, world: World) -> CaseBook:
    """With cases K1 (R0: C00 C01 C02), K2 and K3, the last the most valuable."""
    book.import_run(world.run(*flagged_rings(3)), world.bank)
    return book


def decided(book: CaseBook, case_id: str, user: User, decision: Decision = SAME):
    return book.decide(case_id, user, decision, book.claim(case_id, user).version)


def later(monkeypatch: pytest.MonkeyPatch, **passed: float) -> None:
    moment = datetime.now(UTC) + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: moment)


# --- importing -------------------------------------------------------------------------------------------------------


def test_an_empty_book(book: CaseBook, ana: User):
    assert book.queue(EVERYTHING) == []
    assert book.claim_next(ana) is None
    assert book.contradictions().is_empty()
    assert book.workload.missed().below == 0
    assert book.workload.overview().assurance is None
    assert book.out_of_sync() == []
    with pytest.raises(CaseError, match="no case 'K1'"):
        book.case("K1")
    with pytest.raises(CaseError, match="no case 'K1'"):
        book.history("K1")


def test_a_run_without_rings_is_imported(book: CaseBook, world: World):
    assert book.import_run(world.run(), world.bank) == 0
    assured = book.workload.overview().assurance
    assert assured is not None
    assert (assured.fdr, assured.expected) == (0.05, 0.2)


def test_exposure_is_what_moved_in_the_last_days_and_value_is_that_times_evidence(three: CaseBook):
    rows = three.queue(QueueFilter())
    assert [row.case_id for row in rows] == ["K3", "K2", "K1"]
    assert [row.exposure for row in rows] == [6 + 7 + 8, 3 + 4 + 5, 0 + 1 + 2]
    assert [row.value for row in rows] == pytest.approx([row.exposure * 0.99 for row in rows])


def test_cases_without_a_rate_are_ranked_by_their_score(url: str, world: World):
    """Nobody has anything at stake; a case of a former run, with its rate, stands among them."""
    settings = CaseSettings(exposure_column="at_stake", sample=0)
    world.write_bank(at_stake=[0.0] * len(CUSTOMERS))
    scores = (3.0, 25.0, -1.0, 11.0)
    rings = [Ring(f"R{n}", CUSTOMERS[3 * n : 3 * n + 3], q=None, score=score) for n, score in enumerate(scores)]
    with open_casebook(url, settings) as book:
        book.import_run(world.run(*rings, summary=WITHHELD), world.bank)
        assured = book.workload.overview().assurance
        assert assured is not None
        assert (assured.stated, assured.expected) == (False, None)
        assert [row.ring_id for row in book.queue(QueueFilter())] == ["R1", "R3", "R0", "R2"]
        evidence = [book.case(row.case_id).evidence for row in book.queue(QueueFilter())]
        assert evidence == sorted(evidence, reverse=True)
        assert (evidence[-1], max(evidence) < 1) == (0.0, True)
        assert book.out_of_sync() == []


def test_a_declared_column_says_the_exposure(url: str, world: World):
    world.write_bank(at_stake=[100.0 + number for number in range(len(CUSTOMERS))])
    with open_casebook(url, CaseSettings(exposure_column="at_stake")) as book:
        book.import_run(world.run(*flagged_rings(1)), world.bank)
        assert book.case("K1").exposures == {"C00": 100, "C01": 101, "C02": 102}


def test_a_column_of_words_cannot_say_the_exposure(url: str, world: World):
    world.write_bank(at_stake=["much"] * len(CUSTOMERS))
    with (
        open_casebook(url, CaseSettings(exposure_column="at_stake")) as book,
        pytest.raises(DataError, match="numeric"),
    ):
        book.import_run(world.run(*flagged_rings(1)), world.bank)


def test_without_anything_at_stake_evidence_ranks(url: str, world: World):
    world.write_bank(at_stake=[0.0] * len(CUSTOMERS))
    rings = [Ring("R0", CUSTOMERS[:3], q=0.04), Ring("R1", CUSTOMERS[3:6], q=0.001)]
    with open_casebook(url, CaseSettings(exposure_column="at_stake")) as book:
        book.import_run(world.run(*rings), world.bank)
        assert [row.ring_id for row in book.queue(QueueFilter())] == ["R1", "R0"]


def test_the_same_run_again_changes_nothing(three: CaseBook, world: World, ana: User):
    decided(three, "K1", ana)
    before = three.queue(EVERYTHING), three.audit.head()
    assert three.import_run(world.folder / "run1", world.bank) == 0
    assert (three.queue(EVERYTHING), three.audit.head()) == before


def test_a_run_of_other_records_is_refused(book: CaseBook, world: World):
    run = world.run(*flagged_rings(1))
    world.write_bank(segment=["retail"] * len(CUSTOMERS))
    with pytest.raises(DataError, match="not those that this run searched"):
        book.import_run(run, world.bank)


def test_a_later_run_renews_a_case_and_its_decision_stays(three: CaseBook, world: World, ana: User):
    decided(three, "K1", ana, DIFFERENT)
    assert three.import_run(world.run(Ring("R0", CUSTOMERS[:3], q=0.02)), world.bank) == 3
    renewed = three.case("K1")
    assert (renewed.status, renewed.verdict, renewed.ring["adjusted_q_value"]) == (
        Status.decided,
        Judgement.different,
        0.02,
    )
    assert not three.case("K2").current
    assert [row.case_id for row in three.queue(QueueFilter())] == []
    assert {row.case_id for row in three.queue(QueueFilter(gone=True))} == {"K2", "K3"}


def test_a_newcomer_reopens_a_decided_case_and_is_named(three: CaseBook, world: World, ana: User):
    decided(three, "K1", ana)
    three.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    reopened = three.case("K1")
    assert (reopened.status, reopened.news) == (Status.open, ("C20",))
    assert reopened.verdict is Judgement.same_hand
    assert decided(three, "K1", ana).news == ()


def test_a_newcomer_reopens_a_decided_case_that_a_lead_holds(three: CaseBook, world: World, ana: User, lea: User):
    decided(three, "K1", ana)
    three.claim("K1", lea)
    three.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    assert three.case("K1").holder == "lea"
    assert three.release("K1", lea).status is Status.open


def test_a_case_that_somebody_holds_is_shown_though_its_ring_is_gone(three: CaseBook, world: World, ana: User):
    three.claim("K1", ana)
    three.import_run(world.run(Ring("R9", CUSTOMERS[20:23])), world.bank)
    assert "K1" in {row.case_id for row in three.queue(QueueFilter(statuses=(Status.claimed,)))}


# --- the line and what lies below it -------------------------------------------------------------------------------


def test_held_rings_are_cases_and_a_seeded_sample_from_below_the_line(url: str, world: World):
    below = [Ring(f"B{n}", [CUSTOMERS[n], CUSTOMERS[n + 1], "C29"], q=0.9, flagged=False) for n in range(12)]
    run = world.run(*flagged_rings(1), Ring("H0", CUSTOMERS[6:9], flagged=False, held="nationality"), *below)
    with open_casebook(url, CaseSettings(sample=4)) as book:
        book.import_run(run, world.bank)
        origins = [row.origin for row in book.queue(QueueFilter())]
        drawn = {row.ring_id for row in book.queue(QueueFilter(origins=(Origin.sample,)))}
        assert sorted(origins) == sorted([Origin.flagged, Origin.held, *[Origin.sample] * 4])
        again = world.run(*flagged_rings(1), *below)
        book.import_run(again, world.bank)
        assert {row.ring_id for row in book.queue(QueueFilter(origins=(Origin.sample,)))} == drawn
        assert book.workload.missed().below == 12


def test_the_queue_does_not_tell_what_was_drawn_at_random(url: str, world: World):
    below = [Ring(f"B{n}", CUSTOMERS[3 * n + 6 : 3 * n + 9], q=0.99, flagged=False, score=-3.0) for n in range(3)]
    run = world.run(*flagged_rings(2), *below)
    with open_casebook(url, CaseSettings(sample=3)) as book:
        book.import_run(run, world.bank)
        rows = book.queue(QueueFilter())
        assert len(rows) == 5
        assert all(row.value >= 0.95 * row.exposure > 0 for row in rows)
        by_exposure = sorted(rows, key=lambda row: -row.exposure)
        assert [row.case_id for row in rows] == [row.case_id for row in by_exposure]


def test_what_is_missed_is_estimated_from_the_sample_alone(url: str, world: World, ana: User):
    below = [Ring(f"B{n}", [f"C{n:02}", "C28", "C29"], q=0.9, flagged=False) for n in range(20)]
    with open_casebook(url, CaseSettings(sample=5)) as book:
        book.import_run(world.run(*flagged_rings(1), *below), world.bank)
        assert math.isnan(book.workload.missed().estimate)
        assert (book.workload.missed().low, book.workload.missed().high) == (0, 20)
        for number, row in enumerate(book.queue(QueueFilter(origins=(Origin.sample,)))):
            decided(book, row.case_id, ana, SAME if number < 2 else DIFFERENT)
        decided(book, book.queue(QueueFilter())[0].case_id, ana)  # a flag: does not count
        missed = book.workload.missed()
    assert (missed.below, missed.drawn, missed.decided, missed.confirmed) == (20, 5, 5, 2)
    assert missed.estimate == 8
    assert 2 <= missed.low < 8 < missed.high <= 17


def test_the_capacity_line_falls_with_what_was_opened_today(three: CaseBook, ana: User, lea: User):
    three.workload.set_capacity(lea, 2)
    assert [row.within_capacity for row in three.queue(QueueFilter())] == [True, True, False]
    three.claim("K1", ana)
    assert [row.within_capacity for row in three.queue(QueueFilter())] == [True, False]
    overview = three.workload.overview()
    assert (overview.capacity, overview.opened_today, overview.open, overview.flags) == (2, 1, 2, 3)
    with pytest.raises(ForbiddenError, match="the analyst ana may not"):
        three.workload.set_capacity(ana, 100)


# --- filters ---------------------------------------------------------------------------------------------------


def test_filters(three: CaseBook, ana: User):
    three.claim("K2", ana)
    found = {
        "holder": QueueFilter(statuses=(), holder="ana"),
        "customer": QueueFilter(statuses=(), customer="c04"),
        "value": QueueFilter(statuses=(), least_value=10),
        "wild": QueueFilter(statuses=(), customer="%"),
        "page": QueueFilter(statuses=(), limit=1, offset=1),
    }
    rows = {name: [row.case_id for row in three.queue(which)] for name, which in found.items()}
    assert rows == {"holder": ["K2"], "customer": ["K2"], "value": ["K3", "K2"], "wild": [], "page": ["K2"]}


def test_a_saved_filter_is_its_users_own(three: CaseBook, ana: User, ben: User):
    mine = QueueFilter(statuses=(Status.claimed,), origins=(Origin.held,), holder="ana", verdict=Judgement.unsure)
    three.filters.save(ana, "mine", QueueFilter())
    three.filters.save(ana, "mine", mine)
    assert (three.filters.of(ana), three.filters.of(ben)) == ({"mine": mine}, {})
    three.filters.delete(ana, "mine")
    assert three.filters.of(ana) == {}


# --- claiming ------------------------------------------------------------------------------------------------------


def test_a_claimed_case_is_refused_to_others_by_name_of_the_holder(three: CaseBook, ana: User, ben: User):
    first = three.claim("K1", ana)
    assert three.claim("K1", ana) == first  # one's own, again
    with pytest.raises(ClaimedError, match="case K1 is held by ana") as refused:
        three.claim("K1", ben)
    assert refused.value.holder == "ana"
    assert three.release("K1", ana).status is Status.open
    assert three.claim("K1", ben).holder == "ben"


def test_the_next_case_is_the_most_valuable_that_one_may_take(three: CaseBook, ana: User, ben: User):
    taken = [three.claim_next(user) for user in (ana, ben, ana, ben)]
    assert [case and case.case_id for case in taken] == ["K3", "K2", "K1", None]


def race(url: str, name: str, start: Any, won: Any) -> None:  # noqa: ANN401 - of multiprocessing
    with open_casebook(url) as book:
        start.wait()
        for case_id in ("K1", "K2", "K3"):
            try:
                book.claim(case_id, User(name, Role.analyst))
                won.put((case_id, name))
            except ClaimedError as refused:
                won.put((case_id, f"not {name}, but {refused.holder}"))


@pytest.mark.slow
def test_of_two_who_race_for_a_case_exactly_one_gets_it(three: CaseBook, url: str):
    context = multiprocessing.get_context("spawn")
    start, won = context.Barrier(2), context.Queue()
    racers = [context.Process(target=race, args=(url, name, start, won)) for name in ("ana", "ben")]
    for racer in racers:
        racer.start()
    said = [won.get(timeout=60) for _ in range(6)]
    for racer in racers:
        racer.join(timeout=60)
    for case_id in ("K1", "K2", "K3"):
        winners = [name for case, name in said if case == case_id and name in ("ana", "ben")]
        assert len(winners) == 1
        assert three.case(case_id).holder == winners[0]
        assert any(name.endswith(f"but {winners[0]}") for case, name in said if case == case_id)


def test_a_snoozed_case_comes_back_by_itself(three: CaseBook, ana: User, monkeypatch: pytest.MonkeyPatch):
    three.claim("K3", ana)
    three.snooze("K3", ana, datetime.now(UTC) + timedelta(hours=1))
    assert [row.case_id for row in three.queue(QueueFilter())] == ["K2", "K1"]
    assert [row.case_id for row in three.queue(QueueFilter(statuses=(Status.snoozed,)))] == ["K3"]
    later(monkeypatch, hours=2)
    assert [row.case_id for row in three.queue(QueueFilter())] == ["K3", "K2", "K1"]
    assert three.case("K3").status is Status.open


@pytest.mark.parametrize("until", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1)])
def test_a_snooze_ends_in_time_to_come_and_in_a_zone(three: CaseBook, ana: User, until: datetime):
    three.claim("K1", ana)
    with pytest.raises(CaseError, match="in the future"):
        three.snooze("K1", ana, until)


def test_an_escalated_case_is_for_leads(three: CaseBook, ana: User, ben: User, lea: User):
    three.claim("K3", ana)
    three.escalate("K3", ana, "beyond me")
    with pytest.raises(ForbiddenError, match="escalated"):
        three.claim("K3", ben)
    assert three.claim("K3", lea).escalation == "beyond me"
    assert three.release("K3", lea).status is Status.escalated
    assert decided(three, "K3", lea).status is Status.decided


def test_a_lead_releases_what_another_holds(three: CaseBook, ana: User, ben: User, lea: User):
    three.claim("K1", ana)
    with pytest.raises(ClaimedError):
        three.release("K1", ben)
    assert three.release("K1", lea).holder == ""


# --- deciding ------------------------------------------------------------------------------------------------------


def test_a_decision_on_the_ring_closes_the_case(three: CaseBook, ana: User, ben: User, lea: User):
    case = decided(three, "K1", ana, DIFFERENT)
    assert (case.status, case.verdict, case.holder) == (Status.decided, Judgement.different, "")
    assert case.decisions[0].decision == DIFFERENT
    with pytest.raises(CaseError, match="is decided"):
        three.claim("K1", ben)
    assert three.claim("K1", lea).holder == "lea"


def test_who_decides_holds_the_case(three: CaseBook, ana: User, ben: User):
    with pytest.raises(CaseError, match="nobody holds"):
        three.decide("K1", ana, SAME, three.case("K1").version)
    version = three.claim("K1", ben).version
    with pytest.raises(ClaimedError, match="ben"):
        three.decide("K1", ana, SAME, version)


def test_a_decision_on_what_has_changed_meanwhile_is_refused(three: CaseBook, ana: User):
    version = three.claim("K1", ana).version
    link = Decision(Scope.link, Judgement.different, ("C01", "C00"))
    three.decide("K1", ana, link, version)
    with pytest.raises(StaleError, match=r"at version 3; version 2 was read") as refused:
        three.decide("K1", ana, SAME, version)  # the second of two tabs
    assert (refused.value.given, refused.value.current) == (2, 3)
    assert [each.decision for each in three.case("K1").decisions] == [link]


def test_a_stranger_is_no_subject(three: CaseBook, ana: User):
    version = three.claim("K1", ana).version
    with pytest.raises(CaseError, match="C05 is not a member"):
        three.decide("K1", ana, Decision(Scope.member, Judgement.different, ("C05",)), version)


@pytest.mark.parametrize(
    ("scope", "subjects"),
    [(Scope.ring, ("C00",)), (Scope.member, ()), (Scope.link, ("C00",)), (Scope.link, ("C00", "C00"))],
)
def test_subjects_fit_the_scope(scope: Scope, subjects: tuple[str, ...]):
    with pytest.raises(CaseError, match="names"):
        Decision(scope, Judgement.unsure, subjects)


@pytest.mark.parametrize("note", ["<script>alert(1)</script>", "x" * 50_000, "=cmd|' /C calc'!A0", 'ünï "quoted" \\ %'])
def test_a_note_is_kept_as_it_was_written(three: CaseBook, ana: User, note: str):
    decision = Decision(Scope.ring, Judgement.unsure, reasons=(Reason.other, Reason.too_little), note=note)
    assert decided(three, "K1", ana, decision).decisions[0].decision == decision
    assert three.case("K1").decisions[0].decision == decision


def test_undoing_restores_what_was_before(three: CaseBook, ana: User):
    before = three.claim("K1", ana)
    member = three.decide("K1", ana, Decision(Scope.member, Judgement.different, ("C01",)), before.version)
    ring = three.decide("K1", ana, SAME, member.version)
    undone = three.undo("K1", ana, ring.version)
    assert (undone.status, undone.holder, undone.decisions) == (Status.claimed, "ana", member.decisions)
    assert undone.version == ring.version + 1
    twice = three.undo("K1", ana, undone.version)
    assert twice.decisions == ()
    with pytest.raises(CaseError, match="cannot be undone: claimed") as refused:
        three.undo("K1", ana, twice.version)
    assert refused.value.remedy == "release the case"
    assert [event.action for event in three.history("K1")] == [
        *("opened", "claimed", "decided", "decided", "undone", "undone")
    ]
    assert three.out_of_sync() == []


def test_a_snooze_and_an_escalation_are_undone(three: CaseBook, ana: User, ben: User, lea: User):
    before = three.claim("K1", ana)
    snoozed = three.snooze("K1", ana, datetime.now(UTC) + timedelta(hours=1))
    back = three.undo("K1", ana, snoozed.version)
    assert (back.status, back.holder, back.until) == (Status.claimed, "ana", None)
    escalated = three.escalate("K1", ana, "beyond me")
    with pytest.raises(ForbiddenError, match="done by ana"):
        three.undo("K1", ben, escalated.version)
    back = three.undo("K1", ana, escalated.version)
    assert replace(back, version=before.version, changed_at=before.changed_at) == before
    escalated = three.escalate("K1", ana, "beyond me")
    three.claim("K1", lea)
    with pytest.raises(CaseError, match="cannot be undone: claimed"):
        three.undo("K1", lea, escalated.version + 1)
    assert three.out_of_sync() == []


def test_another_persons_decision_is_undone_by_a_lead_alone(three: CaseBook, ana: User, ben: User, lea: User):
    version = decided(three, "K1", ana).version
    with pytest.raises(ForbiddenError, match="done by ana"):
        three.undo("K1", ben, version)
    assert three.undo("K1", lea, version).decisions == ()


FEW_DOZEN = 36


def decide_often(url: str, number: int) -> None:
    """A hundred decisions on one case, each tried until it is the next."""
    ana, pairs = User("ana", Role.analyst), list(combinations(CUSTOMERS[:10], 2))
    with open_casebook(url) as book:
        for each in range(FEW_DOZEN):
            decision = Decision(Scope.link, Judgement.same_hand, pairs[each % len(pairs)], note=f"{number}-{each}")
            while True:
                try:
                    book.decide("K1", ana, decision, book.case("K1").version)
                    break
                except StaleError:
                    continue


@pytest.mark.slow
def test_four_processes_that_decide_at_once_lose_nothing(url: str, book: CaseBook, world: World, ana: User):
    book.import_run(world.run(Ring("R0", CUSTOMERS[:10])), world.bank)
    book.claim("K1", ana)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=decide_often, args=(url, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=300)
    case = book.case("K1")
    assert sorted(each.decision.note for each in case.decisions) == sorted(
        f"{n}-{e}" for n in range(4) for e in range(FEW_DOZEN)
    )
    last = 2 + 4 * FEW_DOZEN
    assert case.version == last
    assert [event.version for event in book.history("K1")] == list(range(1, last + 1))
    assert book.audit.verify() == last + 1
    assert book.out_of_sync() == []


# --- splitting and merging -----------------------------------------------------------------------------------------


def test_a_split_moves_members_and_a_later_run_leaves_them_there(three: CaseBook, world: World, ana: User):
    left, new = three.split("K1", ana, ["C02"], three.claim("K1", ana).version)
    assert (left.members, new.members) == (("C00", "C01"), ("C02",))
    assert (new.case_id, new.split_from, new.holder) == ("K4", "K1", "ana")
    assert left.exposure + new.exposure == 3
    three.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    assert three.case("K1").members == ("C00", "C01", "C20")
    assert three.case("K4").members == ("C02",)


@pytest.mark.parametrize("members", [[], ["C00", "C01", "C02"], ["C09"]])
def test_a_split_moves_some_of_the_members(three: CaseBook, ana: User, members: list[str]):
    with pytest.raises(CaseError, match="some of the members"):
        three.split("K1", ana, members, three.claim("K1", ana).version)


def test_a_merged_case_goes_into_the_other(three: CaseBook, world: World, ana: User, ben: User):
    three.claim("K2", ana)
    merged = three.merge("K1", "K2", ana, three.case("K1").version)
    assert merged.members == tuple(CUSTOMERS[:6])
    gone = three.case("K1")
    assert (gone.status, gone.merged_into, gone.members) == (Status.merged, "K2", ())
    with pytest.raises(CaseError, match="was merged into K2"):
        three.claim("K1", ben)
    with pytest.raises(CaseError, match="cannot be undone") as refused:
        three.undo("K1", ana, gone.version)
    assert refused.value.remedy == "undo the merge in case K2"
    with pytest.raises(CaseError, match="merged into itself"):
        three.merge("K2", "K2", ana, merged.version)
    three.import_run(world.run(*flagged_rings(3)), world.bank)
    assert three.case("K1").status is Status.merged
    three.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    assert (three.case("K1").status, three.case("K1").members) == (Status.open, ("C20",))


def test_a_case_that_a_user_may_not_claim_is_not_merged(three: CaseBook, ana: User, ben: User):
    three.claim("K2", ana)
    held = three.claim("K1", ben)
    with pytest.raises(ClaimedError, match="case K1 is held by ben"):
        three.merge("K1", "K2", ana, held.version)
    escalated = three.escalate("K1", ben, "beyond me")
    with pytest.raises(ForbiddenError, match="case K1 is escalated"):
        three.merge("K1", "K2", ana, escalated.version)
    assert three.case("K1").status is Status.escalated
    assert three.case("K2").members == tuple(CUSTOMERS[3:6])


def test_a_case_whose_snooze_has_ended_is_merged(three: CaseBook, ana: User, monkeypatch: pytest.MonkeyPatch):
    three.claim("K1", ana)
    three.snooze("K1", ana, datetime.now(UTC) + timedelta(hours=1))
    three.claim("K2", ana)
    later(monkeypatch, hours=2)
    three.merge("K1", "K2", ana, three.case("K1").version)
    assert three.out_of_sync() == []


def test_a_split_undone_brings_the_members_back(three: CaseBook, ana: User):
    before = three.claim("K1", ana)
    left, new = three.split("K1", ana, ["C02"], before.version)
    undone = three.undo("K1", ana, left.version)
    assert replace(undone, version=before.version, changed_at=before.changed_at) == before
    gone = three.case(new.case_id)
    assert (gone.status, gone.merged_into, gone.members, gone.holder) == (Status.merged, "K1", (), "")
    assert three.out_of_sync() == []
    three.audit.verify()


def test_a_merge_undone_parts_the_cases_again(three: CaseBook, ana: User):
    into, gone = three.claim("K2", ana), three.case("K1")
    merged = three.merge("K1", "K2", ana, gone.version)
    undone = three.undo("K2", ana, merged.version)
    assert replace(undone, version=into.version, changed_at=into.changed_at) == into
    back = three.case("K1")
    assert replace(back, version=gone.version, changed_at=gone.changed_at) == gone
    assert three.out_of_sync() == []


def test_a_split_is_not_undone_once_the_new_case_has_changed(three: CaseBook, ana: User):
    left, new = three.split("K1", ana, ["C02"], three.claim("K1", ana).version)
    with pytest.raises(CaseError, match="cannot be undone: opened") as refused:
        three.undo(new.case_id, ana, new.version)
    assert refused.value.remedy == "undo the split in case K1"
    three.decide(new.case_id, ana, Decision(Scope.ring, Judgement.different), new.version)
    with pytest.raises(CaseError, match=f"case {new.case_id} has changed since"):
        three.undo("K1", ana, left.version)
    assert three.case("K1").version == left.version
    three.undo(new.case_id, ana, three.case(new.case_id).version)
    assert three.undo("K1", ana, left.version).members == ("C00", "C01", "C02")


def test_a_merge_is_not_undone_once_a_run_and_a_person_have_taken_up_the_other(
    three: CaseBook, world: World, ana: User, ben: User
):
    three.claim("K2", ana)
    merged = three.merge("K1", "K2", ana, three.case("K1").version)
    three.import_run(world.run(Ring("R0", [*CUSTOMERS[:3], "C20"])), world.bank)
    three.claim("K1", ben)
    with pytest.raises(CaseError, match="case K1 has changed since"):
        three.undo("K2", ana, three.case("K2").version)
    assert set(three.case("K2").members) >= set(merged.members[:3])


def test_another_persons_split_is_undone_by_a_lead_alone(three: CaseBook, ana: User, ben: User, lea: User):
    left, _ = three.split("K1", ana, ["C02"], three.claim("K1", ana).version)
    with pytest.raises(ForbiddenError, match="ana"):
        three.undo("K1", ben, left.version)
    assert three.undo("K1", lea, left.version).members == ("C00", "C01", "C02")


def test_cases_that_share_members_name_each_other(book: CaseBook, world: World):
    book.import_run(world.run(Ring("R0", ["C00", "C01", "C02"]), Ring("R1", ["C02", "C03", "C01"])), world.bank)
    assert book.related("K1") == {"K2": ("C01", "C02")}


# --- rights and the table itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.auditor, Role.admin])
def test_who_may_not_decide_can_change_no_case(three: CaseBook, ana: User, role: Role):
    who = User("one", role)
    version = three.claim("K1", ana).version
    before = three.audit.head()
    attempts: list[Callable[[], object]] = [
        lambda: three.claim("K2", who),
        lambda: three.claim_next(who),
        lambda: three.release("K1", who),
        lambda: three.snooze("K1", who, datetime(2999, 1, 1, tzinfo=UTC)),
        lambda: three.escalate("K1", who, ""),
        lambda: three.decide("K1", who, SAME, version),
        lambda: three.undo("K1", who, version),
        lambda: three.split("K1", who, ["C00"], version),
        lambda: three.merge("K2", "K1", who, 1),
        lambda: three.workload.set_capacity(who, 5),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError, match="one may not"):
            attempt()
    assert three.audit.head() == before


def test_analysts_neither_export_nor_erase(three: CaseBook, ana: User):
    for attempt in (
        lambda: three.export_decisions(ana),
        lambda: three.forget("C00", ana),
        lambda: three.expire(datetime(2999, 1, 1, tzinfo=UTC), ana),
        lambda: three.audit.entries(ana),
    ):
        with pytest.raises(ForbiddenError):
            attempt()


def test_a_row_changed_behind_our_back_is_found(three: CaseBook):
    with three._database.writing() as connection:
        connection.execute(text("UPDATE cases SET status = 'decided' WHERE case_id = 'K3'"))
        connection.execute(text("DELETE FROM case_members WHERE case_id = 'K1' AND customer_id = 'C00'"))
    assert three.out_of_sync() == ["K1", "K3"]


@pytest.mark.parametrize("change", ["UPDATE entries SET version = 9", "DELETE FROM entries"])
def test_the_log_is_append_only(three: CaseBook, change: str):
    with pytest.raises(DBAPIError, match="append-only"), three._database.writing() as connection:
        connection.execute(text(change))
    assert three.audit.verify() > 0


def test_time_is_counted_by_case_and_pauses_are_cut(three: CaseBook, ana: User, monkeypatch: pytest.MonkeyPatch):
    start = datetime.now(UTC)
    for minutes, act in (
        (0, lambda: three.claim("K1", ana)),
        (3, lambda: three.audit.record(ana, "view_score", "K1", case_id="K1")),
        (63, lambda: three.decide("K1", ana, SAME, 2)),
        (64, lambda: three.claim("K2", ana)),
        (66, lambda: three.decide("K2", ana, SAME, 2)),
    ):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: start + timedelta(minutes=minutes))
        act()
    times = three.workload.times().sort("case_id")
    assert times["minutes"].to_list() == pytest.approx([13, 2])
    assert times["score_seen"].to_list() == [True, False]

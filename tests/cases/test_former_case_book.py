"""A case book of an earlier version, which had other names for a status and for columns, opens and works on."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from alembic import command
from alembic.config import Config
from case_world import CUSTOMERS, Ring, World
from sqlalchemy import MetaData, create_engine, select, text
from sqlalchemy.engine import make_url

from ringsight.cases import database
from ringsight.cases.case import Decision, Judgement, Origin, QueueFilter, Scope, Status
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.errors import ForbiddenError
from ringsight.cases.queue import row_of
from ringsight.cases.settings import CaseSettings, FourEyes
from ringsight.cases.users import Role, User

HERE = Path(__file__).parent
ENTRIES, HEAD = 53, "7e1168ee32c66b2853c32f852f7ef764b5ab6d8f89b4dfdf0824c60621ffc977"
"""What the earlier version says of its own audit trail."""
SAME = Decision(Scope.ring, Judgement.same_hand)


@pytest.fixture
def former(url: str, tmp_path: Path) -> str:
    """URL of a case book as the earlier version left it.

    K1 is decided by two, with one member erased; K2 waits for a second analyst, as do K5 (snoozed) and K6 (held by
    ben); K3 is open again; K4 is escalated, and K9 split off from it; K8 is merged into K7.
    """
    lines = (HERE / "case_book_0_1.sql").read_text(encoding="utf-8")
    dumped = tmp_path / "dumped.db"
    with sqlite3.connect(dumped) as connection:
        connection.executescript(lines)
    connection.close()
    if url.startswith("sqlite"):
        return f"sqlite:///{dumped}"
    copy_rows(f"sqlite:///{dumped}", url)
    return url


def copy_rows(source: str, target: str) -> None:
    """Make the earlier version's tables on PostgreSQL by its migrations, and fill them."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    engines = create_engine(source), create_engine(make_url(target).set(drivername="postgresql+psycopg"))
    tables = MetaData()
    with engines[0].connect() as reading, engines[1].begin() as writing:
        config.attributes["connection"] = writing
        command.upgrade(config, "0002")
        tables.reflect(reading)
        for table in tables.sorted_tables:
            rows = [dict(row._mapping) for row in reading.execute(select(table))]
            if rows and table.name != "alembic_version":
                writing.execute(table.insert(), rows)
    for engine in engines:
        engine.dispose()


@pytest.fixture
def book(former: str) -> Iterator[CaseBook]:
    with open_casebook(former, CaseSettings(four_eyes=FourEyes.same_hand)) as book:
        yield book


def stored(url: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The log as it lies in the database."""
    driver = "postgresql+psycopg" if url.startswith("postgresql") else "sqlite"
    engine = create_engine(make_url(url).set(drivername=driver))
    with engine.connect() as connection:
        found = tuple(
            [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY number"))]  # noqa: S608
            for table in ("entries", "contents")
        )
    engine.dispose()
    return found[0], found[1]


def test_the_log_stays_as_it_was_written_and_proves_itself(former: str):
    before = stored(former)
    assert "seconding" in str(before)
    with open_casebook(former) as book:
        assert book.audit.verify(HEAD) == ENTRIES
        assert book.audit.head() == HEAD
    assert stored(former) == before


def test_the_queue_shows_what_the_log_says(book: CaseBook):
    assert book.out_of_sync() == []
    assert {case.case_id: (case.status.value, case.resting.value) for case in book.cases()} == {
        "K1": ("decided", "decided"),
        "K2": ("second_review", "second_review"),
        "K3": ("open", "open"),
        "K4": ("escalated", "escalated"),
        "K5": ("snoozed", "second_review"),
        "K6": ("claimed", "second_review"),
        "K7": ("claimed", "open"),
        "K8": ("merged", "open"),
        "K9": ("decided", "decided"),
    }
    with book._database.reading() as connection:
        left = connection.execute(text("SELECT case_id FROM cases WHERE 'seconding' IN (status, resting)")).all()
    assert left == []


def test_its_decisions_are_exported_as_by_that_version(book: CaseBook, lea: User):
    exported = book.export_decisions(lea)
    assert exported.rows() == pl.read_csv(HERE / "case_book_0_1_decisions.csv").rows()
    assert exported.height == 13


def test_rings_have_todays_columns(book: CaseBook):
    for case_id, rate in (("K2", 0.015), ("K3", 0.01), ("K9", 0.025)):
        ring = book.case(case_id).ring
        figures = {name: ring[name] for name in ("adjusted_score", "adjusted_q_value", "inside_score", "basis")}
        assert figures == {"adjusted_score": 18.0, "adjusted_q_value": pytest.approx(rate)} | {
            "inside_score": 0.0,
            "basis": "across",
        }
        assert not {"score_beyond", "q_beyond", "bits_apart", "null"} & ring.keys()


def test_a_case_that_waits_for_a_second_analyst_works_on(book: CaseBook, ana: User, ben: User, lea: User):
    assert [row.case_id for row in book.queue(QueueFilter(statuses=(Status.second_review,)))] == ["K2"]
    with pytest.raises(ForbiddenError):
        book.claim("K2", ana)
    closed = book.decide("K2", ben, SAME, book.claim("K2", ben).version)
    assert (closed.status, closed.waiting) == (Status.decided, ())
    pairs = {(a, b): decision for a, b, decision, *_ in book.export_decisions(lea).rows()}
    assert (pairs["C04", "C05"], pairs["C05", "C06"], pairs["C06", "C07"]) == ("different", "same_hand", "same_hand")
    assert book.decide("K6", ben, SAME, book.case("K6").version).status is Status.decided
    assert book.undo("K6", ben, book.case("K6").version).resting is Status.second_review
    assert book.out_of_sync() == []
    assert book.audit.verify(HEAD) == ENTRIES + 5


def test_saved_filters_name_todays_statuses(book: CaseBook, ana: User, ben: User):
    assert book.filters.of(ana) == {"waits for a colleague": QueueFilter(statuses=(Status.second_review,))}
    assert book.filters.of(ben) == {
        "everything": QueueFilter(
            statuses=(Status.open, Status.claimed, Status.second_review), verdict=Judgement.same_hand, limit=50
        ),
        "held": QueueFilter(origins=(Origin.held,)),
    }


def test_accounts_the_capacity_and_the_last_run_are_kept(book: CaseBook):
    assert [user.name for user in book.accounts.users()] == ["ana", "ben", "lea"]
    assert book.accounts.sign_in("ana", "a sentence of ana", "::1")
    assert (book.workload.overview().capacity, book.workload.overview().flags) == (12, 5)
    assert (book.workload.missed().below, book.workload.missed().drawn) == (0, 0)


def test_a_later_run_renews_it(book: CaseBook, world: World):
    book.import_run(world.run(Ring("R1", [*CUSTOMERS[4:8], "C20"], q=0.001)), world.bank)
    renewed = book.case("K2")
    assert renewed.members == (*CUSTOMERS[4:8], "C20")
    assert renewed.status is Status.second_review
    assert renewed.evidence == pytest.approx(0.999)
    assert not book.case("K3").current
    assert book.out_of_sync() == []


def test_a_customer_is_erased_from_it(book: CaseBook):
    assert book.forget("C05", User("ada", Role.admin)) > 0
    case = book.case("K2")
    assert "C05" not in case.members
    assert case.status is Status.second_review
    assert book.audit.verify(HEAD) == ENTRIES + 1
    assert book.out_of_sync() == []


def test_a_split_of_a_former_ring_writes_todays_names(book: CaseBook, ben: User):
    case = book.case("K6")
    _, new = book.split("K6", ben, ["C20"], case.version)
    written = list(book.audit.everything(User("otto", Role.auditor)))
    opened = next(entry for entry in written if entry.case_id == new.case_id)
    assert "adjusted_q_value" in opened.content["ring"]
    assert row_of(new)["evidence"] == pytest.approx(case.evidence)

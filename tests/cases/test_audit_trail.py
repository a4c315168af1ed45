"""The audit trail: what was changed is found, and what is erased is gone while the chain still holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from case_world import World, flagged_rings
from sqlalchemy import Connection, delete, select, text, update

from ringsight.cases import audit_trail
from ringsight.cases.case import Decision, Judgement, QueueFilter, Scope
from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import BrokenTrailError, ForbiddenError
from ringsight.cases.schema import CONTENTS, ENTRIES
from ringsight.cases.users import Role, User

ADMIN, AUDITOR = User("ada", Role.admin), User("otto", Role.auditor)


@pytest.fixture
def used(book: CaseBook, world: World, ana: User) -> CaseBook:
    book.import_run(world.run(*flagged_rings(2)), world.bank)
    book.audit.record(ana, "view_photo", "image-of-C01", customer="C01", case_id="K1")
    note = Decision(Scope.member, Judgement.different, ("C01",), note="Mrs Example called about it.")
    book.decide("K1", ana, note, book.claim("K1", ana).version)
    return book


def test_an_empty_trail_holds(book: CaseBook):
    assert book.audit.verify() == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE contents SET content = '{}' WHERE number = 3", "entry 3: its content was changed"),
        ("DELETE FROM contents WHERE number = 4", "entry 4: its content was removed"),
        ("UPDATE contents SET salt = 'other' WHERE number = 2", "entry 2: its content was changed"),
    ],
)
def test_a_changed_content_is_found(used: CaseBook, change: str, told: str):
    assert used.audit.verify() == 6
    with used._database.writing() as connection:
        connection.execute(text(change))
    with pytest.raises(BrokenTrailError, match=told):
        used.audit.verify()


@pytest.mark.parametrize("column", ["user", "action", "at", "hash"])
def test_a_changed_row_is_found_even_where_the_triggers_are_gone(used: CaseBook, column: str):
    with used._database.writing() as connection:
        drop_triggers(connection)
        connection.execute(text(f"UPDATE entries SET \"{column}\" = 'changed' WHERE number = 4"))  # noqa: S608
    with pytest.raises(BrokenTrailError, match="entry 4"):
        used.audit.verify()


@pytest.mark.parametrize("broken", [1, 4])
def test_an_entry_that_follows_from_another_past_is_found_though_every_hash_is_right(used: CaseBook, broken: int):
    with used._database.writing() as connection:
        drop_triggers(connection)
        rewrite_hashes(connection, broken, "e" * 64)
    with pytest.raises(BrokenTrailError, match=f"entry {broken}: it does not follow"):
        used.audit.verify()


def test_a_removed_entry_is_found_though_every_link_is_right(used: CaseBook):
    with used._database.writing() as connection:
        drop_triggers(connection)
        previous = connection.execute(select(ENTRIES.c.previous).where(ENTRIES.c.number == 3)).scalar_one()
        for table in (CONTENTS, ENTRIES):
            connection.execute(delete(table).where(table.c.number == 3))
        rewrite_hashes(connection, 4, previous)
    with pytest.raises(BrokenTrailError, match="entry 3: it was removed: the next entry is 4"):
        used.audit.verify()


def drop_triggers(connection: Connection) -> None:
    """As somebody could who may do anything in the database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER entries_append_only ON entries"))
    else:
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER entries_append_only_{change}"))


def rewrite_hashes(connection: Connection, start: int, previous: str) -> None:
    """Make all hashes from entry `start` on anew, as if the hash before it were `previous`."""
    rows = connection.execute(select(ENTRIES).where(ENTRIES.c.number >= start).order_by(ENTRIES.c.number))
    for row in rows.mappings().all():
        changed = {**row, "previous": previous}
        changed["hash"] = previous = audit_trail._hash(changed)
        connection.execute(update(ENTRIES).where(ENTRIES.c.number == row["number"]).values(**changed))


def test_a_head_noted_earlier_must_be_in_the_trail(used: CaseBook, ana: User):
    head = used.audit.head()
    used.audit.record(ana, "view_score", "K1", case_id="K1")
    assert used.audit.verify(head) == 7
    with pytest.raises(BrokenTrailError, match="no entry has the hash"):
        used.audit.verify("f" * 64)


def test_reading_the_trail_is_in_the_trail(used: CaseBook):
    assert used.audit.entries(AUDITOR)[-1].action == "view_trail"


def test_the_trail_is_read_in_pieces_in_its_order(used: CaseBook):
    assert [entry.number for entry in used.audit.entries(AUDITOR)][:6] == [1, 2, 3, 4, 5, 6]
    read = used.audit.entries(AUDITOR, after=2, limit=3)
    assert [entry.number for entry in read] == [3, 4, 5]
    looked = used.audit.entries(AUDITOR, after=6)
    assert [entry.content for entry in looked] == [
        {"subject": f"after {number}", "customer": ""} for number in (0, 2, 6)
    ]
    assert {entry.case_id for entry in looked} == {""}


def test_the_whole_trail_is_exported_in_its_order_and_that_is_recorded(used: CaseBook):
    whole = list(used.audit.everything(AUDITOR))
    assert [entry.number for entry in whole] == [1, 2, 3, 4, 5, 6, 7]
    assert (whole[-1].user, whole[-1].action, whole[-1].content["subject"]) == ("otto", "export_trail", "")
    assert whole[-1].hash == used.audit.head()


def test_a_case_shows_what_was_done_to_it_and_looked_at_in_it(used: CaseBook, ana: User):
    shown = used.audit.of_case("K1", ana)
    assert [entry.action for entry in shown] == ["opened", "view_photo", "claimed", "decided"]
    assert {entry.case_id for entry in shown} == {"K1"}
    assert shown[1].content == {"subject": "image-of-C01", "customer": "C01"}
    assert used.audit.of_case("K9", ana) == []


@pytest.mark.parametrize("read", ["entries", "everything", "of_case"])
def test_who_may_not_read_the_trail_does_not(used: CaseBook, read: str):
    ask: dict[str, Callable[[], object]] = {
        "entries": lambda: used.audit.entries(ADMIN),
        "everything": lambda: list(used.audit.everything(ADMIN)),
        "of_case": lambda: used.audit.of_case("K1", ADMIN),
    }
    before = used.audit.head()
    with pytest.raises(ForbiddenError):
        ask[read]()
    assert used.audit.head() == before


def test_an_erased_customer_is_gone_and_the_chain_holds(used: CaseBook, lea: User, url: str, tmp_path: Path):
    used.filters.save(lea, "one", QueueFilter(customer="c01"))
    assert used.forget("C01", ADMIN) == 3  # the opening, the photo, the decision
    assert used.audit.verify() == 7
    assert used.out_of_sync() == []
    case = used.case("K1")
    assert len(case.members) == 3
    assert "C01" not in case.members
    assert case.decisions[0].decision.note == ""
    assert used.queue(QueueFilter(statuses=(), customer="C01")) == []
    assert used.filters.of(lea) == {}
    assert used.export_decisions(lea).is_empty()
    assert all("C01" not in str(entry.content) for entry in used.audit.entries(AUDITOR))
    used.close()
    files = list(tmp_path.glob("cases.db*"))
    assert bool(files) is url.startswith("sqlite")
    for file in files:
        assert not any(word in file.read_bytes() for word in (b"C01", b"Mrs Example"))


def test_a_change_after_an_erasure_is_still_found(used: CaseBook):
    used.forget("C01", ADMIN)
    with used._database.writing() as connection:
        connection.execute(text("UPDATE contents SET content = '{}' WHERE number = 1"))
    with pytest.raises(BrokenTrailError, match="entry 1"):
        used.audit.verify()

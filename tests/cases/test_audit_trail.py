"""The audit trail: what was changed is found, and what is erased is gone while the chain still holds."""

from pathlib import Path

import pytest
from case_world import World, flagged_rings
from sqlalchemy import Connection, select, text, update

from ringsight.cases import audit_trail
from ringsight.cases.case import Decision, Judgement, QueueFilter, Scope
from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import BrokenTrailError
from ringsight.cases.schema import ENTRIES
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
    "change",
    [
        "UPDATE contents SET content = '{}' WHERE number = 3",
        "DELETE FROM contents WHERE number = 4",
        "UPDATE contents SET salt = 'other' WHERE number = 2",
    ],
)
def test_a_changed_content_is_found(used: CaseBook, change: str):
    assert used.audit.verify() == 6
    with used._database.writing() as connection:
        connection.execute(text(change))
    with pytest.raises(BrokenTrailError, match=f"entry {change[-1] if change[-1].isdigit() else ''}"):
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
    """One link is changed, and all hashes from there on are made anew."""
    with used._database.writing() as connection:
        drop_triggers(connection)
        previous = ""
        for row in connection.execute(select(ENTRIES).order_by(ENTRIES.c.number)).mappings().all():
            changed = dict(row)
            if row["number"] >= broken:
                changed["previous"] = "e" * 64 if row["number"] == broken else previous
                changed["hash"] = audit_trail._hash(changed)
                connection.execute(update(ENTRIES).where(ENTRIES.c.number == row["number"]).values(**changed))
            previous = changed["hash"]
    with pytest.raises(BrokenTrailError, match=f"entry {broken}:"):
        used.audit.verify()


def drop_triggers(connection: Connection) -> None:
    """As somebody could who may do anything in the database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER entries_append_only ON entries"))
    else:
        connection.execute(text("DROP TRIGGER entries_append_only_update"))


def test_a_head_noted_earlier_must_be_in_the_trail(used: CaseBook, ana: User):
    head = used.audit.head()
    used.audit.record(ana, "view_score", "K1", case_id="K1")
    assert used.audit.verify(head) == 7
    with pytest.raises(BrokenTrailError, match="no entry has the hash"):
        used.audit.verify("f" * 64)


def test_reading_the_trail_is_in_the_trail(used: CaseBook):
    assert used.audit.entries(AUDITOR)[-1].action == "view_trail"


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

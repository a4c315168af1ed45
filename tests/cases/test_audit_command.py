"""`ringsight audit`: verifies the trail, and exports it."""

import json
from pathlib import Path

import pytest
from case_world import World, flagged_rings
from sqlalchemy import text

from ringsight.cases.casebook import open_casebook
from ringsight.cases.errors import BrokenTrailError
from ringsight.cases.users import User
from ringsight.jobs.audit import AuditAction, AuditJob, run


@pytest.fixture
def database(world: World, ana: User, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/team.db"
    with open_casebook(url) as book:
        book.import_run(world.run(*flagged_rings(2)), world.bank)
        book.claim("K1", ana)
        book.escalate("K1", ana, "Łukasz is among them")
    return url


def test_it_verifies_the_trail_and_gives_the_hash_that_covers_it(database: str, capsys: pytest.CaptureFixture[str]):
    head = run(AuditJob(database=database))
    assert "5 entries" in capsys.readouterr().out
    assert run(AuditJob(database=database, head=head)) == head
    with pytest.raises(BrokenTrailError, match="no entry has the hash"):
        run(AuditJob(database=database, head="0" * 64))


def test_the_trail_leaves_as_a_file_of_which_the_export_is_the_last_entry(database: str, tmp_path: Path):
    before = run(AuditJob(database=database))
    head = run(AuditJob(do=AuditAction.export, database=database, out=tmp_path / "new" / "trail.jsonl"))
    entries = [json.loads(line) for line in (tmp_path / "new" / "trail.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["number"] for entry in entries] == list(range(1, 7))
    assert [entry["hash"] for entry in entries[-2:]] == [before, head]
    assert entries[-1]["action"] == "export_trail"
    escalated = next(entry for entry in entries if entry["action"] == "escalated")
    assert (escalated["user"], escalated["case_id"]) == ("ana", "K1")
    assert escalated["content"] == {"reason": "Łukasz is among them"}
    assert run(AuditJob(database=database)) == head


def test_what_was_changed_by_hand_is_named_and_nothing_is_written(database: str, tmp_path: Path):
    with open_casebook(database) as book, book._database.writing() as connection:
        connection.execute(text("UPDATE cases SET status = 'decided' WHERE case_id = 'K2'"))
    with pytest.raises(BrokenTrailError, match="K2"):
        run(AuditJob(do=AuditAction.export, database=database, out=tmp_path / "trail.jsonl"))
    assert not (tmp_path / "trail.jsonl").exists()

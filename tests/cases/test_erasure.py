"""A customer erased: nothing in the database or under the run says who that was, and what is left still holds."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import polars as pl
import polars.selectors as cs
import pytest
from case_world import ADDRESS, CUSTOMERS, PHONE, World, flagged_rings
from fastapi.testclient import TestClient

from ringsight.cases import clock
from ringsight.cases.case import Decision, Judgement, QueueFilter, Scope, Status
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.erasure import erase_customer
from ringsight.cases.errors import BookError, ForbiddenError
from ringsight.cases.users import SYSTEM, Role, User
from ringsight.errors import DataError
from ringsight.explain.ledger import read_ledger
from ringsight.jobs.erase import EraseJob, erase_results
from ringsight.jobs.review import expire_daily
from ringsight.runs.erasure import ERASED, erase_from_results
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import Run
from ringsight.web.app import create_app

pytestmark = pytest.mark.slow

ADMIN, AUDITOR = User("ada", Role.admin), User("otto", Role.auditor)
GONE = "C01"
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives as long as a test


@pytest.fixture
def run(world: World) -> Path:
    """Of a ring whose members have much alike, and rows set aside."""
    folder = world.run_alike()
    (folder / "quarantine").mkdir(exist_ok=True)
    aside = [("calls.csv", 1, "customer_id", f"unknown: '{GONE}'"), ("calls.csv", 2, "customer_id", "unknown: 'C011'")]
    pl.DataFrame(aside, ["file", "row", "column", "reason"], orient="row").write_csv(folder / "quarantine/calls.csv")
    return folder


@pytest.fixture
def used(book: CaseBook, run: Path, world: World, ana: User) -> CaseBook:
    book.import_run(run, world.bank)
    book.audit.record(ana, "view_note", f"N{GONE}", customer=GONE, case_id="K1")
    decision = Decision(Scope.ring, Judgement.same_hand, note="Mrs Example again.")
    book.decide("K1", ana, decision, book.claim("K1", ana).version)
    return book


def told(folder: Path, *words: str) -> list[str]:
    """Files under a folder in which a word stands, tables read as such."""
    found = []
    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("utf-8", "replace")
            if file.suffix == ".parquet":
                text = pl.read_parquet(file).select(~cs.binary()).write_csv()
            found += [f"{file.name}: {word}" for word in words if word in text]
    return found


def test_the_run_named_the_customer_before(run: Path, world: World):
    """Else the next test would prove nothing."""
    named = " ".join(told(run, f"{GONE}", f"N{GONE}", f"I{GONE}", ADDRESS, f"says {GONE}"))
    for file in ("members.parquet", "members.csv", "links.csv", "conditions.parquet", "ledger.json", "report.html"):
        assert f"{file}:" in named


def test_nothing_under_the_run_or_in_the_database_tells_who_that_was(
    used: CaseBook, run: Path, url: str, tmp_path: Path
):
    erased = erase_customer(used, GONE, ADMIN)
    assert erased.entries == 3
    assert erased.files == 12  # three tables twice, ledger, report, what was set aside, and three of the picture
    words = [f"N{GONE}", f"I{GONE}", ADDRESS, "says C01", "Mrs Example"]
    assert told(run, *words) == []
    assert [each for each in told(run, GONE) if "calls.csv" not in each] == []  # where C011 is
    assert not (run / "report.html").exists()
    assert used.audit.verify() == 6
    assert used.out_of_sync() == []
    assert GONE not in str([entry.content for entry in used.audit.entries(AUDITOR)])
    with used._database.reading() as connection:
        names = ("contents", "cases", "case_members", "saved_filters", "sign_ins", "accounts", "sessions", "attempts")
        rows = str([connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names])  # noqa: S608
    assert [word for word in (*words, f'"{GONE}"') if word in rows] == []
    used.close()
    files = list(tmp_path.glob("cases.db*"))
    assert bool(files) is url.startswith("sqlite")
    for file in files:
        assert not any(word.encode() in file.read_bytes() for word in (*words, f'"{GONE}"'))


def test_others_of_the_ring_keep_their_evidence(used: CaseBook, run: Path):
    erase_customer(used, GONE, ADMIN)
    ledger = json.loads((run / "rings" / "R1" / "ledger.json").read_text())
    assert [name.startswith(ERASED) for name in ledger["members"]].count(True) == 1
    assert {"C00", "C02"} < set(ledger["members"])
    kept = next(link for link in ledger["links"] if (link["customer_a"], link["customer_b"]) == ("C00", "C02"))
    assert kept["shared"][0]["value"] == PHONE
    assert all(value["value"] == "" for link in ledger["links"] if link is not kept for value in link["shared"])
    pairs = {(pair["customer_a"], pair["customer_b"]) for pair in ledger["matching_records"]["notes"]}
    assert pairs <= {("C00", "C02")}
    assert Run(run).results.rings["score"].to_list() == [20.0]


def test_the_ledger_is_read_back_as_one_and_its_sentences_keep_their_kinds(used: CaseBook, run: Path):
    file = run / "rings" / "R1" / "ledger.json"
    before = read_ledger(file)
    assert any(GONE in statement.records for statement in before.statements)
    erase_customer(used, GONE, ADMIN)
    after = read_ledger(file)
    assert after.to_json() == file.read_text(encoding="utf-8")
    kept = [s for s in before.statements if not {GONE, f"N{GONE}"} & set(s.records) and GONE not in s.text]
    assert [(each.kind, each.records) for each in after.statements] == [(each.kind, each.records) for each in kept]
    assert after.agreement == before.agreement
    assert after.ring == before.ring
    assert all(condition.value == "" for condition in after.conditions)
    pairs = [pair for alike in after.matching_records.values() for pair in alike]
    assert pairs
    assert {name for pair in pairs for name in (pair.customer_a, pair.customer_b)} == {"C00", "C02"}


@pytest.mark.parametrize("text", [f'{{"members": ["{GONE}"], "artefacts": {{}}}}', f"cut off at {GONE}"])
def test_a_ledger_of_another_version_is_removed_whole(run: Path, text: str):
    file = run / "rings" / "R1" / "ledger.json"
    file.write_text(text)
    assert erase_from_results(RunPaths(run), GONE, f"{ERASED}x") == 12
    assert not file.exists()
    assert [each for each in told(run, GONE) if "calls.csv" not in each] == []
    assert erase_from_results(RunPaths(run), GONE, f"{ERASED}x") == 0


def test_links_of_an_erased_customer_keep_their_bits_by_source(used: CaseBook, run: Path):
    before = pl.read_parquet(run / "links.parquet")
    erase_customer(used, GONE, ADMIN)
    after = pl.read_parquet(run / "links.parquet")
    assert after.select("ring_id", "source", "bits").equals(before.select("ring_id", "source", "bits"))
    assert GONE not in {*after["customer_a"], *after["customer_b"]}


def test_the_run_imported_again_brings_nobody_back(used: CaseBook, run: Path, world: World):
    erase_customer(used, GONE, ADMIN)
    members = used.case("K1").members
    used.import_run(run, world.bank)
    assert used.case("K1").members == members
    assert used.case("K1").status is Status.decided


def test_a_pseudonym_of_another_erasure_opens_no_case_again(used: CaseBook, run: Path, world: World):
    used.forget(GONE, ADMIN)
    erase_from_results(RunPaths(run), GONE, f"{ERASED}other")
    used.import_run(run, world.bank)
    assert used.case("K1").status is Status.decided
    assert used.case("K1").news == ()


def test_erasing_twice_finds_nothing_more_and_is_recorded_twice(used: CaseBook):
    erase_customer(used, GONE, ADMIN)
    again = erase_customer(used, GONE, ADMIN)
    assert (again.entries, again.files) == (0, 0)
    assert [entry.action for entry in used.audit.entries(AUDITOR)].count("forgotten") == 2


def test_a_name_that_differs_in_case_is_another_customer(used: CaseBook):
    assert used.forget(GONE.lower(), ADMIN) == 0
    assert used.case("K1").decisions[0].decision.note == "Mrs Example again."


def test_who_may_not_erase_changes_no_file(used: CaseBook, run: Path, ana: User):
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    with pytest.raises(ForbiddenError):
        erase_customer(used, GONE, ana)
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before


def test_a_table_that_cannot_be_read_is_named(run: Path):
    (run / "links.parquet").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"links\.parquet"):
        erase_from_results(RunPaths(run), GONE, f"{ERASED}x")


def test_a_folder_without_results_has_nothing_to_erase(tmp_path: Path):
    assert erase_from_results(RunPaths(tmp_path), GONE, f"{ERASED}x") == 0


def test_the_command_erases_from_the_cases_beside_the_run(run: Path, world: World):
    with open_casebook(f"sqlite:///{run}/cases.db") as book:
        book.import_run(run, world.bank)
    erased = erase_results(EraseJob(customer=GONE, out=run))
    assert (erased.entries, erased.files) == (1, 12)
    with open_casebook(f"sqlite:///{run}/cases.db") as book:
        assert GONE not in book.case("K1").members
        assert book.audit.verify() == 3


def test_the_command_makes_no_case_book(run: Path):
    assert erase_results(EraseJob(customer=GONE, out=run)).files == 12
    assert not (run / "cases.db").exists()
    with pytest.raises(BookError, match="no case book"):
        erase_results(EraseJob(customer=GONE, out=run, database=f"sqlite:///{run}/other.db"))


def test_a_case_with_an_erased_member_still_shows_its_evidence(used: CaseBook, world: World):
    for name, role in (("ina", Role.analyst), ("ada", Role.admin)):
        used.accounts.add(name, role, PASSWORD, SYSTEM)
    app = create_app(used)
    browser = TestClient(app, base_url="http://localhost")
    browser.post("/sign-in", data={"name": "ina", "password": PASSWORD})
    assert f">{GONE}<" in browser.get("/cases/K1").text
    erase_customer(used, GONE, ADMIN)
    page = browser.get("/cases/K1").text
    assert GONE not in page
    assert ">C00<" in page
    assert "What ties them" in page


# --- retention -------------------------------------------------------------------------------------------------------


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    moment = datetime.now(UTC) + timedelta(days=400)
    monkeypatch.setattr(clock, "now", lambda: moment)
    yield


def closed(book: CaseBook, world: World, ana: User) -> CaseBook:
    """K1, of C00 to C02, is decided; K2, of C03 to C05, waits."""
    book.import_run(world.run(*flagged_rings(2)), world.bank)
    book.decide("K1", ana, Decision(Scope.ring, Judgement.different), book.claim("K1", ana).version)
    return book


def test_cases_closed_long_ago_lose_their_members(book: CaseBook, world: World, ana: User):
    closed(book, world, ana)
    assert book.expire(datetime.now(UTC) - timedelta(days=1), ADMIN) == []
    assert book.expire(datetime.now(UTC) + timedelta(days=1), ADMIN) == ["C00", "C01", "C02"]
    assert all(name.startswith(ERASED) for name in book.case("K1").members)
    assert book.case("K2").members == tuple(CUSTOMERS[3:6])
    assert book.case("K1").verdict is Judgement.different
    assert book.audit.verify() > 0
    assert book.expire(datetime.now(UTC) + timedelta(days=1), ADMIN) == []
    assert book.queue(QueueFilter(statuses=(), customer="C0", gone=True))[0].case_id == "K2"


@pytest.mark.parametrize(("days", "kept"), [(0, True), (365, False), (500, True)])
def test_cases_expire_by_the_setting(
    book: CaseBook, world: World, ana: User, days: int, kept: bool, request: pytest.FixtureRequest
):
    closed(book, world, ana)
    request.getfixturevalue("late")
    stopped = Event()
    stopped.set()
    expire_daily(book, days, stopped)
    assert ("C00" in book.case("K1").members) is kept

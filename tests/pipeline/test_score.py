"""The nightly batch: one list counts; an unusual or failed night leaves it, and a repetition changes nothing."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.errors import DataError, SettingsError
from ringsight.pipeline import run as whole_way
from ringsight.pipeline import score as nightly
from ringsight.pipeline.embed import embed
from ringsight.pipeline.score import NightState, ScoreConfig, database_of, last_published, score
from ringsight.process_lock import ProcessLock
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run


def write_bank(folder: Path, customers: int) -> Path:
    """Customers without records, of whom five have one phone and one device."""
    folder.mkdir()
    numbers = range(customers)
    pl.DataFrame(
        {
            "customer_id": [f"C{number:03}" for number in numbers],
            "region": ["north" if number % 2 else "south" for number in numbers],
            "phone": [f"+4930123450{max(number, 4):02}" for number in numbers],
            "device_id": [f"dev-{max(number, 4):03}-x" for number in numbers],
        }
    ).write_csv(folder / "customers.csv")
    return folder


def named(night: str, *, publish_unusual: bool = False) -> ScoreConfig:
    return ScoreConfig(night=night, publish_unusual=publish_unusual)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `bank` and `nights`, of which `monday` is published."""
    folder = tmp_path_factory.mktemp("score")
    write_bank(folder / "bank", 60)
    scored = score(folder / "bank", folder / "nights", named("monday"))
    assert (scored.state, scored.watched, scored.changed_cases) == (NightState.published, None, 1)
    return folder


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    """A copy of it, in which the bank has one more customer."""
    shutil.copytree(first, tmp_path, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "bank")
    write_bank(tmp_path / "bank", 61)
    return tmp_path


def published(folder: Path) -> str:
    last = last_published(folder / "nights")
    assert last is not None
    return last.folder.name


def test_before_the_first_night_nothing_is_published(tmp_path: Path):
    assert last_published(tmp_path) is None


def test_a_night_goes_on_from_the_last_and_takes_its_place(folder: Path):
    scored = score(folder / "bank", folder / "nights", named("tuesday"))
    assert scored.state is NightState.published
    assert scored.watched is not None and not scored.watched.unusual
    assert published(folder) == "tuesday" == (folder / "nights" / "latest").readlink().name
    rings = [
        pl.read_csv(folder / "nights" / night / "rings.csv")["ring_id"].to_list() for night in ("monday", "tuesday")
    ]
    assert rings[0] == rings[1] != []
    with open_casebook(f"sqlite:///{folder}/nights/cases.db") as book:
        assert len(book.cases()) == 1


def test_a_night_that_is_published_is_not_scored_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.rmtree(folder / "bank")
    write_bank(folder / "bank", 60)
    monkeypatch.setattr(nightly, "carry_out", None)
    before = (folder / "nights" / "published.json").read_bytes()
    assert score(folder / "bank", folder / "nights", named("monday")).state is NightState.standing
    assert (folder / "nights" / "published.json").read_bytes() == before


def test_other_records_under_the_name_of_a_published_night_are_refused(folder: Path):
    with pytest.raises(SettingsError, match="published already, and the bank's records are others"):
        score(folder / "bank", folder / "nights", named("monday"))
    assert published(folder) == "monday"


def test_an_unusual_night_waits_for_a_person(folder: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.rmtree(folder / "bank")
    write_bank(folder / "bank", 20)
    scored = score(folder / "bank", folder / "nights", named("tuesday"))
    assert scored.state is NightState.unusual
    assert scored.watched is not None and scored.watched.reasons
    assert (published(folder), (folder / "nights" / "tuesday" / "watch" / "watch.html").is_file()) == ("monday", True)
    monkeypatch.setattr(nightly, "carry_out", None)  # the run has ended, and is not made again
    agreed = score(folder / "bank", folder / "nights", named("tuesday", publish_unusual=True))
    assert (agreed.state, published(folder)) == (NightState.published, "tuesday")


def test_a_failed_night_leaves_the_list_and_the_next_call_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> int:
        raise DataError("the case book is away")

    with monkeypatch.context() as patched:
        patched.setattr(CaseBook, "import_run", away)
        with pytest.raises(DataError, match="away"):
            score(folder / "bank", folder / "nights", named("tuesday"))
    assert published(folder) == "monday"
    monkeypatch.setattr(nightly, "carry_out", None)
    assert score(folder / "bank", folder / "nights", named("tuesday")).state is NightState.published


def test_what_analysts_decided_in_the_book_of_all_nights_is_told_to_the_next(folder: Path):
    settings = ScoreConfig(nights=folder / "nights")
    told = nightly._of_run(settings, last_published(folder / "nights"))
    assert told.after == folder / "nights" / "monday"
    assert told.database == database_of(settings) == f"sqlite:///{folder}/nights/cases.db"
    assert told.model == folder / "nights" / "model"


def test_two_batches_at_once_are_refused(folder: Path):
    with ProcessLock(folder / "nights" / ".score.lock"), pytest.raises(SettingsError, match="a night is being scored"):
        score(folder / "bank", folder / "nights", named("tuesday"))


def test_a_folder_in_the_place_of_the_link_is_told(folder: Path):
    latest = folder / "nights" / "latest"
    latest.unlink()
    latest.mkdir()
    with pytest.raises(DataError, match="latest: is a folder"):
        score(folder / "bank", folder / "nights", named("tuesday"))
    assert published(folder) == "monday"


def test_a_damaged_note_of_what_is_published_is_told(folder: Path):
    (folder / "nights" / "published.json").write_text("{")
    with pytest.raises(DataError, match="published"):
        score(folder / "bank", folder / "nights", named("tuesday"))


@pytest.mark.parametrize("night", ["../elsewhere", "a/b", ".hidden", "model", "models", "challenges", "latest"])
def test_a_night_is_the_name_of_a_folder(night: str):
    with pytest.raises(SettingsError, match="night="):
        ScoreConfig(night=night)


def test_what_the_batch_decides_by_itself_cannot_be_set():
    with pytest.raises(SettingsError, match="after cannot be set"):
        ScoreConfig(after=Path("out/last"))
    with pytest.raises(SettingsError, match="previous cannot be set"):
        ScoreConfig(previous=Path("out/last"))


def test_what_is_published_is_said_with_its_time(first: Path):
    told = json.loads((first / "nights" / "published.json").read_text())
    assert told["night"] == "monday" and told["at"].endswith("+00:00")


def test_a_night_knows_the_one_whose_embeddings_may_stay(folder: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[Run | None] = []

    def spied(bank: Bank, model: Path, *, into: Run, after: Run | None = None, engine: None) -> dict[str, Embeddings]:
        told.append(after)
        return embed(bank, model, into=into, after=after, engine=engine)

    monkeypatch.setattr(whole_way, "embed", spied)
    score(folder / "bank", folder / "nights", named("tuesday"))
    assert [each.folder.name if each else "" for each in told] == ["monday"]

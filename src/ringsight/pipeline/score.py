"""The nightly batch: search what the bank hands over, hold it against the last night, and publish it as cases.

Every night is a run in a folder of its own under `nights`. `published.json` there names the last one whose list counts.
A night that fails, or is unusual, leaves it as it is. The same night again goes on where it stopped, and changes
nothing once it is published.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ringsight.cases.casebook import open_casebook
from ringsight.cases.settings import CaseSettings
from ringsight.drift.settings import WatchConfig
from ringsight.drift.watch import watch
from ringsight.drift.watch_files import write_watched
from ringsight.drift.watched import Watched
from ringsight.errors import DataError, RingsightError, SettingsError
from ringsight.pipeline.read import as_bank
from ringsight.pipeline.run import AnyBank, carry_out
from ringsight.pipeline.settings import RunConfig
from ringsight.process_lock import HeldError, ProcessLock
from ringsight.progress import Callback, report_to, say
from ringsight.records.bank import Bank
from ringsight.runs.champions import FIRST, MODELS, champion_of
from ringsight.runs.files import read_json, write_json
from ringsight.runs.manifest import RunState, list_files, read_manifest
from ringsight.runs.run import Run

PUBLISHED, CASES, LOCK = "published.json", "cases.db", ".score.lock"
LATEST = "latest"
"""Link to the night published last, for whoever takes a folder."""
TAKEN = (FIRST, MODELS, "challenges", LATEST)
"""Folders beside those of the nights."""


@dataclass(kw_only=True, slots=True)
class ScoreConfig(RunConfig):
    """What the nightly batch can be told; `database` is that of the case book of all nights."""

    nights: Path = Path("out/nights")
    """Folder of the nights. The model is the champion inside, at first `model`, and the case book `cases.db`, unless
    named elsewhere."""
    night: str = ""
    """Name of tonight's folder; by default the date, in UTC."""
    publish_unusual: bool = False
    """Whether tonight's list is published though the night is unusual."""
    watch: WatchConfig = field(default_factory=WatchConfig)
    """What makes a night unusual, against the one that was published last."""
    cases: CaseSettings = field(default_factory=CaseSettings)
    """How cases are imported."""

    def __post_init__(self) -> None:
        """Refuse what the batch decides by itself, and names that are no folder's.

        Raises:
            SettingsError: naming the setting.
        """
        for name in ("after", "previous"):
            if getattr(self, name) is not None:
                raise SettingsError(f"{name} cannot be set: a night goes on from the one that was published last")
        if self.night and (Path(self.night).name != self.night or self.night.startswith(".") or self.night in TAKEN):
            raise SettingsError(
                f"night={self.night} cannot be a folder's name inside {self.nights}", remedy="night=2026-11-28"
            )


class NightState(StrEnum):
    """What became of a night."""

    published = "published"
    """Its list counts now, and its cases are open."""
    standing = "published before"
    """It was published by an earlier call, and nothing has changed."""
    unusual = "unusual"
    """Its list waits for a person; the one published last still counts."""


@dataclass(frozen=True, slots=True)
class ScoredNight:
    """One night, scored."""

    run: Run
    state: NightState
    watched: Watched | None
    """How it stands against the night published last; None for the first one, and for one that was published before."""
    changed_cases: int
    """Cases that are new or changed."""


def score(
    bank: AnyBank, nights: Path | str, settings: ScoreConfig | None = None, *, progress: Callback | None = None
) -> ScoredNight:
    """Score one night and publish its list, unless the night is unusual.

    Args:
        bank: a folder in the data contract, how to read one, or a bank that is read already.
        nights: folder of the nights.
        settings: everything else.
        progress: is told of the work.

    Raises:
        RingsightError: for what a user can mend; the night published last stands, and the same call goes on.
    """
    with report_to(progress):
        return score_night(bank, replace(settings or ScoreConfig(), nights=Path(nights)))


def score_night(bank: AnyBank, settings: ScoreConfig, asked: Collection[str] = ()) -> ScoredNight:
    """Score one night by settings that are complete; `asked` are the keys of those that were asked for.

    Raises:
        RingsightError: as `score` does.
    """
    with scoring_alone(settings.nights):
        last = last_published(settings.nights)
        tonight = Run(settings.nights / (settings.night or f"{datetime.now(UTC):%Y-%m-%d}"))
        try:
            return _scored(bank, tonight, last, settings, asked)
        except RingsightError:
            say(f"Nothing is published tonight{f'; the list of {last.folder.name} stands' if last else ''}.")
            raise


def last_published(nights: Path) -> Run | None:
    """The night whose list counts; None before the first.

    Raises:
        DataError: if what names it is damaged.
    """
    file = nights / PUBLISHED
    return Run(nights / str(read_json(file)["night"])) if file.is_file() else None


def database_of(settings: ScoreConfig) -> str:
    """The database of the case book of all nights."""
    return settings.database or database_at(settings.nights)


def database_at(nights: Path) -> str:
    """The database of the case book of all nights, where none is named."""
    return f"sqlite:///{(nights / CASES).resolve()}"


@contextmanager
def scoring_alone(nights: Path) -> Iterator[None]:
    """Keep other batches out.

    Raises:
        SettingsError: if one is under way.
    """
    try:
        lock = ProcessLock(nights / LOCK)
    except HeldError as error:
        raise SettingsError(
            f"a night is being scored: {error}", where=str(nights), remedy="wait until it ends, and call again"
        ) from error
    with lock:
        yield


def _scored(
    bank: AnyBank, tonight: Run, last: Run | None, settings: ScoreConfig, asked: Collection[str]
) -> ScoredNight:
    records = as_bank(bank, tonight.folder, last.folder if last else None)
    if last and last.folder == tonight.folder:
        _require_same(records, tonight)
        return ScoredNight(tonight, NightState.standing, None, 0)
    if not _is_finished(tonight, records):
        carry_out(records, tonight.folder, _of_run(settings, last), asked)
    watched = None
    if last:
        watched = watch(tonight, last, settings.watch)
        write_watched(watched, tonight.paths.watch)
        list_files(tonight.paths)
        if watched.unusual and not settings.publish_unusual:
            return ScoredNight(tonight, NightState.unusual, watched, 0)
    with open_casebook(database_of(settings), settings.cases) as book:
        changed = book.import_run(tonight.folder, tonight.bank_config().path)
    _link(settings.nights, tonight.folder.name)
    told = {"night": tonight.folder.name, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    write_json(settings.nights / PUBLISHED, told)
    return ScoredNight(tonight, NightState.published, watched, changed)


def _of_run(settings: ScoreConfig, last: Run | None) -> RunConfig:
    """The settings of tonight's run: it goes on from the last night, by one model, with what was decided since."""
    told: dict[str, Any] = {name: getattr(settings, name) for name in RunConfig.__dataclass_fields__}
    told["model"] = settings.model or champion_of(settings.nights)
    if last:
        told |= {"after": last.folder, "database": database_of(settings)}
    return RunConfig(**told)


def _link(nights: Path, night: str) -> None:
    """Let `latest` lead to a night, in one step.

    Raises:
        DataError: if there is a folder in its place, as where the nights were copied without their links.
    """
    latest = nights / LATEST
    if latest.is_dir() and not latest.is_symlink():
        raise DataError("is a folder, and was a link", where=str(latest), remedy="remove it, and call again")
    partial = nights / f".{LATEST}"
    partial.unlink(missing_ok=True)
    partial.symlink_to(night)
    partial.replace(latest)


def _is_finished(tonight: Run, records: Bank) -> bool:
    """Whether tonight's run has ended over these very records, so that only publishing is left."""
    manifest = read_manifest(tonight.paths)
    if manifest is None or manifest.state is not RunState.finished:
        return False
    return bool(tonight.results.summary["data_hash"] == records.data_hash)


def _require_same(records: Bank, tonight: Run) -> None:
    if tonight.results.summary["data_hash"] != records.data_hash:
        raise SettingsError(
            "this night is published already, and the bank's records are others now",
            where=str(tonight.folder),
            remedy="score them as another night: night=NAME",
        )

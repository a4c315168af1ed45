"""What was seen and what came of it: two files of JSON lines that are only ever added to.

A line is on disk before `expose` or `record` returns. A line that was cut off by a crash is passed over, and said.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.errors import DataError, SettingsError
from ringsight.experiments.assignment import arm_of
from ringsight.experiments.settings import NAME, ExperimentConfig
from ringsight.records.writing import write_atomically

EXPOSURES = {"unit": pl.String(), "arm": pl.String(), "salt": pl.String(), "at": pl.Datetime("us")}
OUTCOMES = {"unit": pl.String(), "outcome": pl.String(), "value": pl.Float64(), "at": pl.Datetime("us")}
LONGEST = 512
"""Characters of a unit's id."""
EXPERIMENT_FILE, EXPOSURE_FILE, OUTCOME_FILE = "experiment.json", "exposures.jsonl", "outcomes.jsonl"


class ExperimentLog:
    """One experiment's folder. Several processes may write to it at once."""

    def __init__(self, folder: Path | str, experiment: ExperimentConfig | None = None) -> None:
        """Open a folder, or begin it.

        Args:
            folder: made where it is not there.
            experiment: needed to begin; by default as it was begun.

        Raises:
            DataError: if there is no experiment, or its file is damaged.
            SettingsError: if it was begun as another one: with other arms, another salt or another layer.
        """
        self.folder = Path(folder)
        file = self.folder / EXPERIMENT_FILE
        if not file.is_file():
            if experiment is None:
                raise DataError(
                    "no experiment was begun here",
                    where=str(file),
                    remedy="ringsight experiment begin name=NAME folder=FOLDER, or give an ExperimentConfig",
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                _begin(file, experiment)
        self.experiment = _begun(file)
        if experiment is not None and _in_order(experiment) != _in_order(self.experiment):
            changed = [name for name, value in asdict(self.experiment).items() if asdict(experiment)[name] != value]
            raise SettingsError(
                f"this experiment was begun with another {', '.join(changed) or 'order of arms'}",
                remedy="units would change arms: begin another one, with a name, a salt and a folder of its own",
            )

    def __repr__(self) -> str:
        """Which experiment, in a line."""
        return f"ExperimentLog({self.experiment.name}: {', '.join(self.experiment.arms)}; {self.folder})"

    def expose(self, unit: str, at: datetime | None = None) -> str | None:
        """Tell a unit's arm, and write down that the unit met it.

        Args:
            unit: its id.
            at: when, in UTC; by default now.

        Returns:
            The arm; None, and nothing is written, if the unit is not in the experiment.

        Raises:
            SettingsError: if the id is empty or too long.
        """
        arm = arm_of(self.experiment, _checked(unit))
        if arm is not None:
            self._append(EXPOSURE_FILE, {"unit": unit, "arm": arm, "salt": self.experiment.salt, "at": _moment(at)})
        return arm

    def record(self, unit: str, outcome: str, value: float, at: datetime | None = None) -> None:
        """Write down what a unit yielded, whether or not it was exposed; before its exposure, too (pre-period).

        Args:
            unit: its id.
            outcome: what, as `click` or `hours`.
            value: how much; several of one unit are summed.
            at: when, in UTC; by default now.

        Raises:
            SettingsError: if the id or the name is empty or too long, or the value is not finite.
        """
        if not NAME.fullmatch(outcome):
            raise SettingsError(f"outcome {outcome!r} must be 1 to 100 letters, digits, blanks, '.', '_', '-'")
        if not math.isfinite(value):
            raise SettingsError(f"the value of {outcome!r} must be a finite number (got {value})")
        row = {"unit": _checked(unit), "outcome": outcome, "value": float(value), "at": _moment(at)}
        self._append(OUTCOME_FILE, row)

    def exposures(self) -> pl.DataFrame:
        """All exposures, in the order in which they were written; columns of `EXPOSURES`.

        Raises:
            DataError: if the file was not written by this class.
        """
        return _read(self.folder / EXPOSURE_FILE, EXPOSURES)

    def outcomes(self) -> pl.DataFrame:
        """All outcomes, in the order in which they were written; columns of `OUTCOMES`.

        Raises:
            DataError: if the file was not written by this class.
        """
        return _read(self.folder / OUTCOME_FILE, OUTCOMES)

    def cut_off(self) -> int:
        """Lines of both files that a crash cut off, and that are passed over."""
        files = (self.folder / EXPOSURE_FILE, self.folder / OUTCOME_FILE)
        return sum(_parsed(line) is None for file in files for line in _lines(file))

    def erase(self, unit: str) -> int:
        """Take all lines of a unit out.

        Returns:
            How many there were.
        """
        gone = 0
        with self._locked():
            for name in (EXPOSURE_FILE, OUTCOME_FILE):
                file = self.folder / name
                lines = _lines(file)
                kept = [line for line in lines if _unit_in(line) != unit]
                gone += len(lines) - len(kept)
                if len(kept) < len(lines):
                    with write_atomically(file) as partial:
                        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        return gone

    def _append(self, name: str, row: dict[str, object]) -> None:
        """Add a line, and let it reach the disk; one that was cut off before is ended first."""
        with self._locked():
            target = os.open(self.folder / name, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(target).st_size
                cut_off = size > 0 and os.pread(target, 1, size - 1) != b"\n"
                line = ("\n" if cut_off else "") + json.dumps(row, ensure_ascii=True, allow_nan=False) + "\n"
                os.write(target, line.encode())
                os.fsync(target)
            finally:
                os.close(target)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time."""
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _in_order(experiment: ExperimentConfig) -> tuple[object, ...]:
    """What makes an experiment; the order of the arms counts."""
    return (experiment, tuple(experiment.arms))


def _begin(file: Path, experiment: ExperimentConfig) -> None:
    """Write an experiment down, unless another process was quicker."""
    if not file.is_file():
        with write_atomically(file) as partial:
            partial.write_text(json.dumps(asdict(experiment), indent=2) + "\n", encoding="utf-8")


def _begun(file: Path) -> ExperimentConfig:
    try:
        return ExperimentConfig(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"not an experiment: {error}", where=str(file)) from error


def _checked(unit: str) -> str:
    if not 0 < len(unit) <= LONGEST:
        raise SettingsError(f"a unit's id must have 1 to {LONGEST} characters (got {len(unit)})")
    return unit


def _moment(at: datetime | None) -> str:
    """In UTC, without its zone."""
    moment = at or datetime.now(UTC)
    return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat(timespec="microseconds")


def _unit_in(line: str) -> object:
    row = _parsed(line)
    return None if row is None else row.get("unit")


def _parsed(line: str) -> dict[str, Any] | None:
    """A line's row; None for one that was cut off."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _lines(file: Path) -> list[str]:
    return (
        [line for line in file.read_text(encoding="utf-8", errors="replace").split("\n") if line]
        if file.is_file()
        else []
    )


def _read(file: Path, schema: dict[str, Any]) -> pl.DataFrame:
    """The rows of a file, without lines that were cut off."""
    rows = [row for row in map(_parsed, _lines(file)) if row is not None]
    try:
        told = pl.DataFrame(rows, schema=schema | {"at": pl.String()}, orient="row")
        return told.with_columns(pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us"))
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise DataError(f"not a log of an experiment: {error}", where=str(file)) from error

"""The same run again, from the settings that it wrote down, and whether it found the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringsight.errors import DataError
from ringsight.pipeline.run import carry_out
from ringsight.pipeline.settings import RunConfig
from ringsight.progress import Callback, report_to
from ringsight.records.bank import BankConfig
from ringsight.runs.run import Run
from ringsight.runs.settings import read_settings, restored

COMPARED = ("data_hash", "seed", "versions", "settings")
"""What of two summaries says why two runs are not the same."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run that was done again."""

    run: Run
    same: bool | None
    """Whether `rings.csv` is the same to the byte; None where only settings were there to go by."""
    differs: tuple[str, ...]
    """What else is not the same: `data_hash`, `seed`, `versions`, `settings`, `commit`."""


def rerun(
    of: Run | Path | str, out: Path | str, *, bank: Path | str | None = None, progress: Callback | None = None
) -> Rerun:
    """Do a run again: everything is trained anew, by the settings and the seed that were in force.

    Args:
        of: a finished run or its folder, or a `settings.yaml` that one has left.
        out: a folder of its own for the new run.
        bank: folder of the bank, where it lies elsewhere now.
        progress: is told of the work.

    Raises:
        DataError: if there are no settings, or the new run would overwrite the old one.
        RingsightError: as `run` does.
    """
    before = of if isinstance(of, Run) else Run(of) if Path(of).is_dir() else None
    file = before.paths.settings if before else Path(str(of))
    if before and before.folder.resolve() == Path(out).resolve():
        raise DataError(
            "the new run would overwrite the old one", where=str(out), remedy="name another folder: out=FOLDER"
        )
    told = read_settings(file)
    if not told:
        raise DataError("no settings here", where=str(file), remedy="name a run's folder, or its settings.yaml")
    read_as = before.bank_config(Path(bank) if bank else None) if before else _bank(told, bank, file)
    with report_to(progress):
        again = carry_out(read_as, Path(out), _settings(told, file))
    if before is None or not before.finished:
        return Rerun(again, None, ())
    same = before.paths.csv("rings").read_bytes() == again.paths.csv("rings").read_bytes()
    old, new = before.results.summary, again.results.summary
    differs = [name for name in COMPARED if old.get(name) != new.get(name)]
    return Rerun(again, same, (*differs, *(["commit"] if before.commit != again.commit else [])))


def _settings(told: dict[str, Any], file: Path) -> RunConfig:
    """All but the bank, the folders of the old run, and the store, which may not be written to by two."""
    given = {name: value for name, value in told.items() if name not in ("bank", "out", "model", "store")}
    fusion = dict(given.get("fusion") or {})
    if not fusion.get("pairs"):
        fusion.pop("pairs", None)
    return restored(RunConfig, given | {"fusion": fusion}, str(file))


def _bank(told: dict[str, Any], bank: Path | str | None, file: Path) -> BankConfig:
    read_as = dict(told.get("bank") or {})
    if bank is not None:
        read_as["path"] = str(bank)
    return restored(BankConfig, read_as, f"{file}, bank")

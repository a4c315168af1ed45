"""The first step: a bank is read, from a folder or from data frames."""

from pathlib import Path

import polars as pl

from ringsight.progress import Callback, report_to, say, stage
from ringsight.records import frames as frame_reading
from ringsight.records import reading
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.frames import ArrowStream
from ringsight.runs.run import Run


def read_bank(bank: BankConfig | Path | str, *, seen: Run | None = None, progress: Callback | None = None) -> Bank:
    """Read a bank's folder in the data contract (README, "Your data").

    Args:
        bank: the folder, or how to read it.
        seen: a run that read the bank before: files that have not changed since are not hashed, and images not
            decoded, again.
        progress: is told of the work.

    Raises:
        DataError: if the folder cannot be used as it is.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    config = bank if isinstance(bank, BankConfig) else BankConfig(path=Path(bank))
    with report_to(progress), stage("read", f"reading {config.path}"):
        records = reading.read_bank(config, seen=seen.seen(config.path) if seen else None)
        say(reading.describe(records))
    return records


def read_frames(
    bank: BankConfig | Path | str = ".",
    *,
    progress: Callback | None = None,
    **frames: ArrowStream | pl.LazyFrame | None,
) -> Bank:
    """Read a bank from data frames: the tables of the data contract (README, "Your data"), checked like files.

    The frames are copied, and left as they are, into a temporary folder that goes with the bank; a run keeps a copy in
    its own folder.

    Args:
        bank: the folder that image paths are relative to and lie in, or how to read the frames.
        progress: is told of the work.
        frames: by table, of polars, pandas, pyarrow, or anything with the Arrow C stream; None for a table that is
            absent. In the place of an image's path its encoded content may stand, as bytes.

    Raises:
        DataError: if the frames cannot be used as they are; frame, row (from 1) and column are named.
        SettingsError: if the config says something that makes no sense.
    """
    config = bank if isinstance(bank, BankConfig) else BankConfig(path=Path(bank))
    with report_to(progress), stage("read", "reading frames"):
        records = frame_reading.read_frames(config, frames)
        say(reading.describe(records))
    return records


def as_bank(bank: Bank | BankConfig | Path | str, *folders: Path | None) -> Bank:
    """A bank that is read already as it is; else read it, as `read_bank` does.

    Args:
        bank: read, or to be read.
        folders: of runs, the first of which that knows the bank's files is believed.
    """
    if isinstance(bank, Bank):
        return bank
    runs = [Run(folder) for folder in folders if folder is not None]
    return read_bank(bank, seen=next((run for run in runs if run.paths.fingerprints.is_file()), None))

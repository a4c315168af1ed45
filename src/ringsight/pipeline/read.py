"""The first step: a bank's folder is read."""

from pathlib import Path

from ringsight.progress import Callback, report_to, say, stage
from ringsight.records import reading
from ringsight.records.bank import Bank, BankConfig
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

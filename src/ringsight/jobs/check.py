"""`ringsight check`: a bank's folder looked at before anything is trained, and a `bank.yaml` to edit."""

from dataclasses import dataclass
from shlex import quote

from rich.console import Console

from ringsight.errors import DataError
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.check import BankCheck, check_bank, write_bank_yaml
from ringsight.records.bank import BankConfig


@dataclass(kw_only=True, slots=True)
class CheckJob:
    """What `ringsight check` can be told."""

    bank: BankConfig
    """The bank."""
    write: bool = True
    """Whether to write what was found as bank.yaml into the folder, or as bank.proposed.yaml where there is one."""


def run(config: CheckJob) -> BankCheck:
    """Say what would be used for what, and what is missing, masked, cut, doubtful or ignored.

    Raises:
        DataError: if a run would not start by what has been said so far.
        SettingsError: if `bank.yaml` says something that makes no sense.
    """
    with stages_told(1) as stages:
        found = check_bank(config.bank)
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(found.words(), soft_wrap=True)
    file = write_bank_yaml(found) if config.write else None
    if file is not None:
        stages.say(f"Wrote {file}: look at it, edit it, and check again.")
    elif found.proposal:
        console.print(f"bank.yaml could say:\n{found.yaml()}", soft_wrap=True)
    if not found.ready:
        raise DataError(
            "a run would not start by what has been said so far",
            where=str(config.bank.path),
            remedy=f"look at {file}, and check again" if file else "mend what is said above, and check again",
        )
    stages.say(f"Next: ringsight run {quote(f'bank.path={config.bank.path}')} out=out/mine")
    return found


COMMAND = Command("check", CheckJob, run, bare="bank.path")

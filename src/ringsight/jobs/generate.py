"""`ringsight generate`: a synthetic bank in the columns of the data contract, with its truth apart."""

from dataclasses import dataclass, field
from pathlib import Path
from shlex import join

from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.progress import stage
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank


@dataclass(kw_only=True, slots=True)
class GenerateJob:
    """What `ringsight generate` can be told."""

    bank: SyntheticBankConfig = field(default_factory=SyntheticBankConfig)
    """The bank."""
    seed: int = 0
    """The same seed and settings give the same bank, byte for byte."""
    out: Path = Path("out/bank")
    """Folder to write; an earlier synthetic bank in it is replaced, anything else is left alone."""


def run(config: GenerateJob) -> None:
    """Write the bank.

    Raises:
        DataError: if `out` holds anything but an earlier synthetic bank.
    """
    with (
        stages_told(1) as stages,
        stage("generate", f"writing a bank of {config.bank.customers:,} customers to {config.out}"),
    ):
        generate_bank(config.bank, config.seed, config.out)
    stages.show()
    stages.say(f"Next: {join(['ringsight', 'run', f'bank.path={config.out}', 'out=out/run'])}")


COMMAND = Command("generate", GenerateJob, run, folder="out")

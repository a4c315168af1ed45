"""`ringsight demo`: a synthetic bank from start to flags, held against its truth."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ringsight.detection.results import Results
from ringsight.evaluation.measures import read_truth
from ringsight.jobs.command import Command, write_settings
from ringsight.jobs.evaluate import evaluation_table, write_evaluation
from ringsight.jobs.flags import flag_table
from ringsight.jobs.journey import REPORT, STAGES, RunConfig, journey, write_stages
from ringsight.jobs.stages import stages_told
from ringsight.progress import stage
from ringsight.records.bank import BankConfig
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank


@dataclass(kw_only=True, slots=True)
class DemoJob(RunConfig):
    """What `ringsight demo` can be told."""

    bank: SyntheticBankConfig = field(default_factory=lambda: SyntheticBankConfig(customers=800))
    """The synthetic bank."""
    seed: int = 7
    """Of the bank, of training and of detection."""
    out: Path = Path("out/demo")
    """Folder for everything; the bank goes into `bank` inside it."""


def run(config: DemoJob) -> Results:
    """Generate, run, evaluate.

    Raises:
        RingsightError: for what a user can mend.
    """
    bank = config.out / "bank"
    with stages_told(STAGES + 2) as stages:
        with stage("generate", f"writing a bank of {config.bank.customers:,} customers to {bank}"):
            generate_bank(config.bank, config.seed, bank)
        results = journey(BankConfig(path=bank), config, config.out)
        with stage("evaluate", "opening the truth, for the first time"):
            evaluation = write_evaluation(results, read_truth(bank / "truth"), config.out)
    write_settings(config, config.out)
    write_stages(stages.passed, config.out)
    stages.show()
    console = Console()
    console.print(flag_table(results))
    console.print(evaluation_table(evaluation))
    stages.say(
        f"Next: open {config.out / REPORT} for the evidence behind each flag, or review the cases in a browser:\n"
        f"  ringsight review run={config.out} bank.path={bank}\n"
        "Then try a bank of your own, a folder of "
        'tables as the README describes under "Your data":\n  ringsight run bank.path=FOLDER out=out/mine'
    )
    return results


COMMAND = Command("demo", DemoJob, run, folder="out")

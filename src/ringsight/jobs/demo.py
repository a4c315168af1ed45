"""`ringsight demo`: a synthetic bank from start to flags, held against its truth."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shlex import join

from rich.console import Console

from ringsight.jobs.command import Command
from ringsight.jobs.evaluate import evaluation_table
from ringsight.jobs.flags import flag_table
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.evaluate import evaluate
from ringsight.pipeline.run import STAGES, carry_out
from ringsight.pipeline.settings import RunConfig
from ringsight.progress import stage
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.runs.run import Run


@dataclass(kw_only=True, slots=True)
class DemoJob(RunConfig):
    """What `ringsight demo` can be told."""

    bank: SyntheticBankConfig = field(default_factory=lambda: SyntheticBankConfig(customers=800))
    """The synthetic bank."""
    seed: int = 7
    """Of the bank, of training and of detection."""
    out: Path = Path("out/demo")
    """Folder for everything; the bank goes into `bank` inside it."""


def run(config: DemoJob, asked: Collection[str] = ()) -> Run:
    """Generate, run, evaluate.

    Args:
        config: all settings.
        asked: keys of those that were asked for.

    Raises:
        RingsightError: for what a user can mend.
    """
    bank = config.out / "bank"
    with stages_told(STAGES + 2) as stages:
        with stage("generate", f"writing a bank of {config.bank.customers:,} customers to {bank}"):
            generate_bank(config.bank, config.seed, bank)
        done = carry_out(bank, config.out, config, asked)
        with stage("evaluate", "opening the truth, for the first time"):
            evaluation = evaluate(done, bank / "truth")
    done.write_settings(done.settings() | {"generated": config.bank})
    done.write_stages([asdict(stage) for stage in stages.passed])
    stages.show()
    console = Console()
    console.print(flag_table(done.results))
    console.print(evaluation_table(evaluation))
    stages.say(
        f"Next: open {done.paths.report} for the evidence behind each flag, or review the cases in a browser:\n"
        f"  {join(['ringsight', 'review', f'run={config.out}'])}\n"
        "Then try a bank of your own, a folder of "
        'tables as the README describes under "Your data":\n  ringsight run bank.path=FOLDER out=out/mine'
    )
    return done


COMMAND = Command("demo", DemoJob, run, folder="out", takes_asked=True)

"""`ringsight run`: a bank's folder in, flagged rings out."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import join

from rich.console import Console

from ringsight.jobs.command import Command
from ringsight.jobs.flags import flag_table
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.run import STAGES, carry_out
from ringsight.pipeline.settings import RunConfig
from ringsight.records.bank import BankConfig
from ringsight.runs.run import Run


@dataclass(kw_only=True, slots=True)
class RunJob(RunConfig):
    """What `ringsight run` can be told."""

    bank: BankConfig
    """The bank."""
    out: Path = Path("out/run")
    """Folder for results, report, embeddings and, unless named elsewhere, model and vectors."""


def run(config: RunJob, asked: Collection[str] = ()) -> Run:
    """Go the whole way: read, train what is missing, embed, index, detect, report.

    Args:
        config: all settings.
        asked: keys of those that were asked for.

    Raises:
        RingsightError: for what a user can mend; `out` then holds no results, or an earlier run's untouched.
    """
    with stages_told(STAGES) as stages:
        done = carry_out(config.bank, config.out, config, asked)
    done.write_stages([asdict(stage) for stage in stages.passed])
    stages.show()
    Console().print(flag_table(done.results))
    stages.say(
        f"Next: open {done.paths.report} for the evidence behind each flag. A flag is agreement beyond chance, "
        f"not guilt: a person decides. rings.csv, members.csv and links.csv in {config.out} hold the same as tables.\n"
        f"With known cases: {join(['ringsight', 'evaluate', f'run={config.out}', 'truth=LABELS.csv'])}"
    )
    return done


COMMAND = Command("run", RunJob, run, folder="out", takes_asked=True, verbatim=("database",))

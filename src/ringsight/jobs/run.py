"""`ringsight run`: a bank's folder in, flagged rings out."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ringsight.detection.results import Results
from ringsight.jobs.command import Command, write_settings
from ringsight.jobs.flags import flag_table
from ringsight.jobs.journey import REPORT, STAGES, RunConfig, journey, write_stages
from ringsight.jobs.stages import stages_told
from ringsight.records.bank import BankConfig


@dataclass(kw_only=True, slots=True)
class RunJob(RunConfig):
    """What `ringsight run` can be told."""

    bank: BankConfig
    """The bank."""
    out: Path = Path("out/run")
    """Folder for results, report, embeddings and, unless named elsewhere, model and vectors."""


def run(config: RunJob) -> Results:
    """Go the whole way: read, train what is missing, embed, index, detect, report.

    The same bank and settings give the same `rings.csv`, byte for byte.

    Raises:
        RingsightError: for what a user can mend; `out` then holds no results, or an earlier run's untouched.
    """
    with stages_told(STAGES) as stages:
        results = journey(config.bank, config, config.out)
    write_settings(config, config.out)
    write_stages(stages.passed, config.out)
    stages.show()
    Console().print(flag_table(results))
    stages.say(
        f"Next: open {config.out / REPORT} for the evidence behind each flag. A flag is agreement beyond chance, "
        f"not guilt: a person decides. rings.csv, members.csv and links.csv in {config.out} hold the same as tables.\n"
        f"With known cases: ringsight evaluate run={config.out} truth=LABELS.csv"
    )
    return results


COMMAND = Command("run", RunJob, run, folder="out")

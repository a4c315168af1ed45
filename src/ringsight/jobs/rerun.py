"""`ringsight rerun`: the same run again, from the settings that it wrote down."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ringsight.explain.words import listed
from ringsight.jobs.command import Command
from ringsight.jobs.flags import flag_table
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.rerun import Rerun, rerun
from ringsight.pipeline.run import STAGES


@dataclass(kw_only=True, slots=True)
class RerunJob:
    """What `ringsight rerun` can be told."""

    of: Path
    """Folder of a run, or a `settings.yaml` that one has left, as MLflow keeps it."""
    out: Path
    """A folder of its own for the new run."""
    bank: Path | None = None
    """The bank's folder, where it lies elsewhere now."""


def run(config: RerunJob) -> Rerun:
    """Do the run again, and say whether it found the same.

    Raises:
        RingsightError: for what a user can mend.
    """
    with stages_told(STAGES) as stages:
        done = rerun(config.of, config.out, bank=config.bank)
    stages.show()
    Console().print(flag_table(done.run.results))
    stages.say(said(done))
    return done


def said(done: Rerun) -> str:
    """Whether the run found the same, in a line."""
    differs = f" What is not as it was: {listed(done.differs)}." if done.differs else ""
    match done.same:
        case None:
            return "There was no run to compare with, only its settings."
        case True:
            return f"rings.csv is the same to the byte.{differs}"
        case False:
            return f"rings.csv is not the same.{differs or ' Records, code, libraries and settings are.'}"


COMMAND = Command("rerun", RerunJob, run, folder="out")

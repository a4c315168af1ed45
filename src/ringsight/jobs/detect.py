"""`ringsight detect`: embeddings to flagged rings, with a report."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console

from ringsight.detection.settings import DetectConfig
from ringsight.jobs.command import Command
from ringsight.jobs.flags import flag_table
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.run import detect_into
from ringsight.pipeline.settings import RunConfig
from ringsight.records.bank import BankConfig
from ringsight.runs.run import Run


@dataclass(kw_only=True, slots=True)
class DetectJob:
    """What `ringsight detect` can be told."""

    bank: BankConfig
    """The bank that was embedded."""
    detect: DetectConfig = field(default_factory=DetectConfig)
    """How rings are found and flagged."""
    out: Path = Path("out/run")
    """Folder that holds `embeddings`; results go beside them."""
    previous: Path | None = None
    """Folder of the run before: rings keep the ids that they had there, and what became of them is written down."""
    seed: int = 0
    """Of permutations, random groups and communities."""


def run(config: DetectJob) -> Run:
    """Detect, and write results and report.

    Raises:
        RingsightError: for what a user can mend.
    """
    settings = RunConfig(detect=config.detect, previous=config.previous, seed=config.seed)
    with stages_told(3) as stages:
        done = detect_into(config.bank, config.out, settings)
    done.write_stages([asdict(stage) for stage in stages.passed])
    stages.show()
    Console().print(flag_table(done.results))
    stages.say(f"Next: open {done.paths.report} for the evidence behind each flag.")
    return done


COMMAND = Command("detect", DetectJob, run, folder="out")

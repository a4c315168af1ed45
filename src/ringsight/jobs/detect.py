"""`ringsight detect`: embeddings to flagged rings, with a report."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ringsight.detection.detect import DetectConfig
from ringsight.detection.results import Results
from ringsight.jobs.command import Command, write_settings
from ringsight.jobs.flags import flag_table
from ringsight.jobs.journey import REPORT, begin, find_rings, lineage_before, read, read_embeddings, write_stages
from ringsight.jobs.stages import stages_told
from ringsight.records.bank import BankConfig


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


def run(config: DetectJob) -> Results:
    """Detect, and write results and report.

    Raises:
        RingsightError: for what a user can mend.
    """
    with stages_told(3) as stages:
        previous = lineage_before(config.previous, config.out)
        bank = read(config.bank)
        embeddings = read_embeddings(bank, config.out)
        begin(bank, config.out)
        results = find_rings(bank, embeddings, previous, config.detect, config.seed, config.out)
    write_settings(config, config.out)
    write_stages(stages.passed, config.out)
    stages.show()
    Console().print(flag_table(results))
    stages.say(f"Next: open {config.out / REPORT} for the evidence behind each flag.")
    return results


COMMAND = Command("detect", DetectJob, run, folder="out")

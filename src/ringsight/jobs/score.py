"""`ringsight score`: the nightly batch."""

import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass

from rich.console import Console

from ringsight.drift.watch import STAGES as WATCHING
from ringsight.jobs.command import Command
from ringsight.jobs.flags import flag_table
from ringsight.jobs.stages import stages_told
from ringsight.jobs.watch import UNUSUAL
from ringsight.pipeline.run import STAGES
from ringsight.pipeline.score import NightState, ScoreConfig, ScoredNight, database_of, last_published, score_night
from ringsight.records.bank import BankConfig


@dataclass(kw_only=True, slots=True)
class ScoreJob(ScoreConfig):
    """What `ringsight score` can be told."""

    bank: BankConfig
    """The bank."""


def run(config: ScoreJob, asked: Collection[str] = ()) -> None:
    """Score a night, and leave with 3 where it is unusual and was not published.

    Raises:
        RingsightError: for what a user can mend; the night published last stands.
    """
    console = Console(highlight=False, markup=False)
    with stages_told(STAGES + (WATCHING if last_published(config.nights) else 0)) as stages:
        night = score_night(config.bank, config, asked)
    if night.state is not NightState.standing and stages.passed:
        night.run.write_stages([asdict(stage) for stage in stages.passed])
    if night.state is NightState.published:
        Console().print(flag_table(night.run.results))
    console.print("\n".join(words(night, config)), soft_wrap=True)
    if night.state is NightState.unusual:
        sys.exit(UNUSUAL)


def words(night: ScoredNight, config: ScoreConfig) -> list[str]:
    """What became of a night, and what to do next."""
    folder = night.run.folder
    database = "URL, the one given here" if config.database else database_of(config)  # a URL may hold a password
    match night.state:
        case NightState.standing:
            return [f"{folder.name} is published already; nothing has changed."]
        case NightState.unusual:
            reasons = [f"  {each.part.value}: {each.text}" for each in (night.watched.reasons if night.watched else ())]
            return [
                f"{folder.name} is unusual, and is not published:",
                *reasons,
                f"Next: look at {night.run.paths.watch / 'watch.html'} and {night.run.paths.report}. To publish it all "
                f"the same: the same command with night={folder.name} publish_unusual=true",
            ]
        case NightState.published:
            return [
                f"{folder.name} is published: {night.changed_cases:,} cases are new or changed.",
                f"Next: ringsight review run={folder} database={database}",
            ]


COMMAND = Command("score", ScoreJob, run, takes_asked=True, verbatim=("database", "night"))

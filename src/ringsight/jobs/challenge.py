"""`ringsight challenge`: a new model against the one that the nights are searched with, and the way back."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ringsight.errors import SettingsError
from ringsight.fusion.settings import parts
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.challenge import (
    STAGES,
    Challenge,
    Verdict,
    challenge,
    promote_challenger,
    roll_back_champion,
)
from ringsight.pipeline.model_figures import ChallengeConfig
from ringsight.pipeline.score import last_published
from ringsight.records.bank import BankConfig
from ringsight.runs.champions import FIRST, champions


class ChallengeAction(StrEnum):
    """What can be done about champion and challenger."""

    compare = "compare"
    promote = "promote"
    rollback = "rollback"
    status = "status"


@dataclass(kw_only=True, slots=True)
class ChallengeJob(ChallengeConfig):
    """What `ringsight challenge` can be told."""

    do: ChallengeAction = ChallengeAction.compare
    """`compare`: train a challenger, hold it against the champion, and promote it if the rule says so. `promote`: let
    the nights be searched with it, though the rule does not say so. `rollback`: go back to the model before. `status`:
    show which model counts, and which did."""
    bank: Path | None = None
    """Folder of the bank; by default the one that was searched for the night published last."""
    by: str = ""
    """Who promotes, or goes back."""
    why: str = ""
    """What was looked at, or seen."""


def run(config: ChallengeJob) -> None:
    """Do it, and say which model counts.

    Raises:
        RingsightError: for what a user can mend; the champion stays.
    """
    console = Console(highlight=False, markup=False)
    match config.do:
        case ChallengeAction.compare:
            told = compared(config)
            Console().print(gain_table(told))
            console.print(words(told, config.nights), soft_wrap=True)
        case ChallengeAction.promote:
            promote_challenger(config.nights, config.model, config.by, config.why)
        case ChallengeAction.rollback:
            roll_back_champion(config.nights, config.by, config.why)
        case ChallengeAction.status:
            pass
    Console().print(champion_table(config.nights))


def compared(config: ChallengeJob) -> Challenge:
    """Compare, and tell of the stages.

    Raises:
        RingsightError: for what a user can mend.
    """
    last = last_published(config.nights)
    if config.bank is None and last is None:
        raise SettingsError("a challenger needs records to learn from", remedy="bank=FOLDER")
    read_as = last.bank_config(config.bank) if last else BankConfig(path=config.bank or Path())
    with stages_told(1 + len(parts()) + STAGES):
        return challenge(read_as, config.nights, config)


def gain_table(told: Challenge) -> Table:
    """The figures, one a row."""
    table = Table(title=f"{told.challenger} against {told.champion}", title_justify="left")
    for column in ("near each other", "units", "champion", "challenger", "gain", "interval", "least gain found"):
        table.add_column(column, justify="left" if column == "near each other" else "right")
    for gain in told.gains:
        means = [f"{each:.3f}" for each in (gain.champion, gain.challenger)] if gain.units else ["", ""]
        shown = [f"{gain.gain:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}", f"{gain.least_found:.3f}"]
        table.add_row(gain.figure, f"{gain.units:,}", *means, *(shown if gain.judged else ["", "too few units", ""]))
    return table


def words(told: Challenge, nights: Path) -> str:
    """What follows, and what to do next."""
    of = f"The challenger has seen nothing from {told.held_out_from} on; intervals hold at {told.confidence:.0%}."
    name = Path(told.challenger).name
    by_person = f"ringsight challenge promote model={name} by=YOU why='...' nights={nights}"
    match told.verdict:
        case Verdict.better if told.promoted:
            then = "It is better and is promoted. Back: ringsight challenge rollback by=YOU nights=" + str(nights)
        case Verdict.better:
            then = f"It is better by the rule, which is not to promote by itself (by_rule=false): {by_person}"
        case Verdict.as_good:
            then = f"It is no worse and not surely better. The champion stays; a person may say otherwise: {by_person}"
        case Verdict.worse:
            then = "It is surely worse in a figure. The champion stays."
        case Verdict.unsure:
            then = (
                f"It may be worse by more than the margin of {told.margin}, for all that so few units can show. The "
                f"champion stays; a person may say otherwise: {by_person}"
            )
    return f"{of}\n{then}"


def champion_table(nights: Path) -> Table:
    """Which models counted, the last one counting now."""
    table = Table("model", "since", "by", "why", title="Champions", title_justify="left")
    table.add_row(FIRST, "the first night", "", "")
    for each in champions(nights):
        told = (each.model, each.at, each.by, f"back: {each.why}" if each.back else each.why)
        table.add_row(*map(escape, told))
    return table


COMMAND = Command("challenge", ChallengeJob, run, verbatim=("by", "why", "model", "database"))

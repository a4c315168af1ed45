"""`ringsight experiment`: begin an experiment, report on it, or plan how long one has to run."""

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ringsight.errors import SettingsError
from ringsight.experiments.estimates import units_needed
from ringsight.experiments.experiment_log import ExperimentLog
from ringsight.experiments.experiment_report import ExperimentReport, experiment_report
from ringsight.experiments.lift_picture import lift_figure
from ringsight.experiments.settings import ExperimentConfig, ReportConfig
from ringsight.jobs.command import Command
from ringsight.records.writing import write_atomically

PICTURES = (".png", ".svg", ".pdf")


class ExperimentAction(StrEnum):
    """What to do."""

    report = "report"
    begin = "begin"
    plan = "plan"


class ReportFormat(StrEnum):
    """How the report is printed."""

    table = "table"
    json = "json"


@dataclass(kw_only=True, slots=True)
class ExperimentPlan:
    """For `plan`: what a lift is to be found against."""

    mean: float = 0.0
    """Mean of the outcome today, for example the click-through rate."""
    deviation: float = 0.0
    """Standard deviation of the outcome among units; 0 takes that of a rate, from the mean."""
    lift: float = 0.05
    """The relative lift that should not be missed."""
    units_per_day: float = 0.0
    """Units that come each day; 0 leaves the duration out."""


@dataclass(kw_only=True, slots=True)
class ExperimentJob:
    """What `ringsight experiment` can be told."""

    do: ExperimentAction = ExperimentAction.report
    """`report`: what came of it. `begin`: write down name, arms, salt, layer. `plan`: units and days that it needs."""
    folder: Path = Path("out/experiment")
    """Folder of the experiment's log."""
    name: str = ""
    """For `begin`: the experiment's name."""
    arms: dict[str, float] = field(default_factory=lambda: {"control": 0.5, "new": 0.5})
    """For `begin` and `plan`: arm -> share of the units; the first is the control."""
    salt: str = ""
    """For `begin`: by which its hash differs from others; by default the name."""
    layer: str = "default"
    """For `begin`: experiments of one layer exclude one another."""
    begins: float = 0.0
    """For `begin`: where its part of the layer begins, from 0 to 1."""
    ends: float = 1.0
    """For `begin`: where its part of the layer ends."""
    report: ReportConfig = field(default_factory=ReportConfig)
    """How outcomes are compared."""
    plan: ExperimentPlan = field(default_factory=ExperimentPlan)
    """What is planned."""
    picture: Path | None = None
    """For `report`: a PNG or SVG file for the picture."""
    format: ReportFormat = ReportFormat.table
    """`table`: to read. `json`: for programs."""

    def __post_init__(self) -> None:
        """Refuse a picture that cannot be written.

        Raises:
            SettingsError: naming the formats.
        """
        if self.picture is not None and self.picture.suffix not in PICTURES:
            raise SettingsError(f"picture must end in {', '.join(PICTURES)} (got {self.picture})")


def run(config: ExperimentJob) -> ExperimentReport | ExperimentLog | dict[str, float | None]:
    """Do what is asked.

    Raises:
        RingsightError: for what a user can mend.
    """
    match config.do:
        case ExperimentAction.begin:
            return _begin(config)
        case ExperimentAction.plan:
            return _plan(config)
        case ExperimentAction.report:
            return _report(config)


def report_table(report: ExperimentReport) -> Table:
    """The report for the terminal: one row for each arm but the control."""
    per = f" per {report.config.per}" if report.config.per else ""
    table = Table(title_justify="left", caption_justify="left")
    table.title = Text(_shown(f"Experiment {report.experiment.name}: {report.config.outcome}{per}"))
    table.add_column("arm")
    for name in ("units", "control", "mean", "lift", "for one look", "at every look", "p"):
        table.add_column(name, justify="right")
    for each in report.arms:
        told = each.best
        every = _interval(each.sequential.low, each.sequential.high) if each.sequential else "too few"
        cells = (
            each.arm,
            f"{each.control_units:,} + {each.units:,}",
            f"{told.control:.4g}",
            f"{told.arm:.4g}",
            f"{told.lift:+.1%}" if math.isfinite(told.lift) else "·",
            _interval(told.interval.low, told.interval.high),
            every,
            f"{told.p_value:.2g}",
        )
        table.add_row(*(Text(_shown(cell)) for cell in cells))
    (first, *_) = report.arms
    table.caption = (
        f"Intervals of the difference at {report.config.confidence:.0%}. At this size a difference of "
        f"{first.detectable:.3g} is found with a power of {report.config.power:.0%}."
    )
    return table


def _begin(config: ExperimentJob) -> ExperimentLog:
    experiment = ExperimentConfig(
        name=config.name,
        arms=config.arms,
        salt=config.salt,
        layer=config.layer,
        begins=config.begins,
        ends=config.ends,
    )
    log = ExperimentLog(config.folder, experiment)
    _say(f"Begun in {config.folder}: {', '.join(f'{arm} {share:.0%}' for arm, share in log.experiment.arms.items())}.")
    return log


def _plan(config: ExperimentJob) -> dict[str, float | None]:
    plan = config.plan
    if plan.mean <= 0 or plan.lift == 0 or plan.deviation < 0 or plan.units_per_day < 0:
        raise SettingsError(
            "plan.mean must be positive, plan.lift not 0, and the others not negative",
            remedy="plan.mean=0.04 plan.lift=0.05",
        )
    if not plan.deviation and plan.mean >= 1:
        raise SettingsError("plan.deviation is needed where the mean is not a rate below 1")
    experiment = ExperimentConfig(name=config.name or "plan", arms=config.arms)
    control, arm, *_ = experiment.arms.values()
    share, report, whole = arm / (control + arm), config.report, {}
    for name, every_look in (("one_look", False), ("every_look", True)):
        units = units_needed(
            _deviation(plan, share), plan.mean * plan.lift, share, report.confidence, report.power, every_look
        )
        whole[name] = math.ceil(units / (control + arm))
    days = {f"{name}_days": units / plan.units_per_day if plan.units_per_day else None for name, units in whole.items()}
    told: dict[str, float | None] = {**whole, **days}
    if config.format is ReportFormat.json:
        print(json.dumps(told))
        return told
    print(f"To find a lift of {plan.lift:.1%} with a power of {report.power:.0%}:")
    for name, what in (("one_look", "one look, at the end"), ("every_look", "any number of looks, at the latest")):
        lasts = f", {days[f'{name}_days']:,.1f} days" if plan.units_per_day else ""
        print(f"  {what}: {whole[name]:,} units{lasts}")
    return told


def _deviation(plan: ExperimentPlan, share: float) -> float:
    """Of both arms; that of a rate where none is given."""
    if plan.deviation:
        return plan.deviation
    after = min(max(plan.mean * (1 + plan.lift), 0.0), 1.0)
    return math.sqrt(share * plan.mean * (1 - plan.mean) + (1 - share) * after * (1 - after))


def _report(config: ExperimentJob) -> ExperimentReport:
    report = experiment_report(ExperimentLog(config.folder), config.report)
    if config.format is ReportFormat.json:
        print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
    else:
        Console().print(report_table(report))
    if config.picture is not None:
        with write_atomically(config.picture) as partial:
            lift_figure(report).savefig(partial)
    for doubt in [*report.doubts, *_remarks(report)]:
        _say(doubt)
    return report


def _remarks(report: ExperimentReport) -> list[str]:
    """What was left out."""
    left = report.left_out
    told = (
        (left.in_several_arms, "units met several arms, and were left out"),
        (left.unripe, "units have not had report.days since their exposure"),
        (left.never_exposed, "units have outcomes and were never exposed"),
        (left.cut_off, "lines of the log were cut off by a crash"),
    )
    return [f"{count:,} {what}." for count, what in told if count]


def _interval(low: float, high: float) -> str:
    return f"{low:+.4g} to {high:+.4g}"


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _say(line: str) -> None:
    Console(stderr=True, highlight=False, markup=False).print(line, soft_wrap=True)


COMMAND = Command("experiment", ExperimentJob, run, verbatim=("name", "salt", "layer"))

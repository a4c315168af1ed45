"""From exposures and outcomes to one row for each unit, and what had to be left out on the way."""

from dataclasses import dataclass

import polars as pl

from ringsight.errors import DataError
from ringsight.experiments.assignment import arm_of
from ringsight.experiments.experiment_log import EXPOSURES, OUTCOMES
from ringsight.experiments.settings import ExperimentConfig, ReportConfig

SHOWN = 20
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not in a comparison, and why."""

    in_several_arms: int = 0
    """Units that met more than one arm: left out, whichever they met first."""
    unripe: int = 0
    """Units that have not had `days` since their exposure."""
    never_exposed: int = 0
    """Units with outcomes that were exposed to nothing."""
    cut_off: int = 0
    """Lines of the log that a crash cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitValues:
    """One row for each unit, in the order of the exposures."""

    table: pl.DataFrame
    """unit, arm, at (its first exposure), value, per (1 where nothing is divided by), pre (0 where nothing is)."""
    left_out: LeftOut


def unit_values(
    exposures: pl.DataFrame,
    outcomes: pl.DataFrame,
    experiment: ExperimentConfig,
    config: ReportConfig,
    cut_off: int = 0,
) -> UnitValues:
    """Bring exposures and outcomes together.

    Rows may come in any order: the first exposure of a unit counts, and outcomes are before or after it by their time.

    Args:
        exposures: columns of `experiment_log.EXPOSURES`.
        outcomes: columns of `experiment_log.OUTCOMES`.
        experiment: which.
        config: which outcome, within which time.
        cut_off: lines of the log that could not be read.

    Raises:
        DataError: if a column is missing, a time is unknown, an arm is not of the experiment, a salt is another, or a
            unit's arm is not the one that its hash gives.
    """
    _check_columns(exposures, EXPOSURES, "exposures")
    _check_columns(outcomes, OUTCOMES, "outcomes")
    _check_arms(exposures, experiment)
    _check_recorded(outcomes, config)
    met = exposures.group_by("unit").agg(
        pl.col("arm").n_unique().alias("arms"), pl.col("arm").first(), pl.col("at").min()
    )
    units = met.filter(pl.col("arms") == 1).select("unit", "arm", "at")
    _check_hash(units, experiment)
    dated = outcomes.join(units.select("unit", exposed="at"), on="unit", how="inner")
    ends = max([each for each in (exposures["at"].max(), outcomes["at"].max()) if each is not None], default=None)
    ripe = units
    if config.days and ends is not None:
        ripe = units.filter(pl.col("at") + _days(config.days) <= ends)
    values = ripe.sort("at", "unit")
    for name, outcome in (("value", config.outcome), ("per", config.per)):
        values = values.join(_summed(dated, outcome, config, name), on="unit", how="left", maintain_order="left")
    values = values.join(_before(dated, config), on="unit", how="left", maintain_order="left")
    empty = pl.lit(1.0) if not config.per else pl.col("per").fill_null(0.0)
    table = values.with_columns(pl.col("value").fill_null(0.0), empty.alias("per"), pl.col("pre").fill_null(0.0))
    left_out = LeftOut(
        in_several_arms=met.filter(pl.col("arms") > 1).height,
        unripe=units.height - ripe.height,
        never_exposed=outcomes.select("unit").unique().join(met, on="unit", how="anti").height,
        cut_off=cut_off,
    )
    return UnitValues(table.select("unit", "arm", "at", "value", "per", "pre"), left_out)


def _summed(dated: pl.DataFrame, outcome: str, config: ReportConfig, name: str) -> pl.DataFrame:
    """The sum of an outcome since the exposure, for each unit that has any."""
    after = pl.col("at") >= pl.col("exposed")
    if config.days:
        after &= pl.col("at") < pl.col("exposed") + _days(config.days)
    return dated.filter(after & (pl.col("outcome") == outcome)).group_by("unit").agg(pl.col("value").sum().alias(name))


def _before(dated: pl.DataFrame, config: ReportConfig) -> pl.DataFrame:
    """The sum of the outcome in the time before the exposure."""
    age = pl.col("exposed") - pl.col("at")
    before = (age > pl.duration()) & (age <= _days(config.pre_days)) & (pl.col("outcome") == config.outcome)
    return dated.filter(before).group_by("unit").agg(pl.col("value").sum().alias("pre"))


def _days(days: float) -> pl.Expr:
    return pl.duration(microseconds=round(days * 86_400e6))


def _check_columns(frame: pl.DataFrame, schema: dict[str, pl.DataType], what: str) -> None:
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise DataError(f"{what} lack {', '.join(missing)}", remedy=f"the columns are {', '.join(schema)}")
    if frame.select(pl.any_horizontal(pl.col(list(schema)).is_null().any())).item():
        row = frame.with_row_index("row", offset=1).filter(pl.any_horizontal(pl.col(list(schema)).is_null()))["row"][0]
        raise DataError(f"row {row} of {what} lacks a value", remedy=f"each needs {', '.join(schema)}")
    if "value" in schema and not frame["value"].is_finite().all():
        raise DataError(f"{what} have values that are not finite")


def _check_arms(exposures: pl.DataFrame, experiment: ExperimentConfig) -> None:
    other = exposures.filter(pl.col("salt") != experiment.salt).sort("at")
    if other.height:
        raise DataError(
            f"{other.height:,} exposures have another salt, the first is of {other['unit'][0]!r} at {other['at'][0]}",
            remedy="a salt that changes moves units between arms: begin a new experiment from that moment",
        )
    unknown = exposures.filter(~pl.col("arm").is_in(list(experiment.arms)))
    if unknown.height:
        raise DataError(
            f"arm {unknown['arm'][0]!r} is not one of the experiment's",
            remedy=f"the arms are {', '.join(experiment.arms)}",
        )


def _check_recorded(outcomes: pl.DataFrame, config: ReportConfig) -> None:
    recorded = outcomes["outcome"].unique().sort().to_list()
    for name in filter(None, (config.outcome, config.per)):
        if name not in recorded:
            raise DataError(
                f"no outcome {name!r} was recorded", remedy=f"there are: {', '.join(recorded[:SHOWN]) or 'none at all'}"
            )


def _check_hash(units: pl.DataFrame, experiment: ExperimentConfig) -> None:
    """Refuse units that got another arm than their hash gives: shares, layer or code were changed on the way."""
    for unit, arm, at in units.iter_rows():
        if (due := arm_of(experiment, unit)) != arm:
            raise DataError(
                f"unit {unit!r} met {arm!r} at {at}, and its hash gives {due or 'no arm'!r}",
                remedy="shares, parts of a layer and arms may not change during an experiment",
            )

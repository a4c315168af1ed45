"""What came of an experiment: every arm against the control, and whether the comparison can be trusted."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from ringsight.detection.html_table import html_table
from ringsight.errors import DataError
from ringsight.experiments.estimates import (
    LEAST,
    Difference,
    Interval,
    adjusted,
    compared,
    linearised,
    sample_ratio,
)
from ringsight.experiments.experiment_log import ExperimentLog
from ringsight.experiments.sequential import looks
from ringsight.experiments.settings import ExperimentConfig, ReportConfig
from ringsight.experiments.unit_values import LeftOut, UnitValues, unit_values

UNEVEN = 0.001
"""Below this p-value the arms are not as they should be, and nothing else in the report can be trusted."""
SEVERAL_ARMS = 0.01
"""Largest share of the units that may meet several arms."""
LOOKS = 120
DECIMALS = 8


@dataclass(frozen=True, slots=True)
class ArmReport:
    """An arm against the control."""

    arm: str
    units: int
    control_units: int
    plain: Difference
    """For one look, as it is."""
    cuped: Difference | None
    """For one look, less what the pre-period foretells; None where none was asked for."""
    variance_kept: float
    """Share of the variance that the pre-period leaves; 1 where it says nothing, or was not asked for."""
    sequential: Interval | None
    """Of the difference, at any number of looks, with the pre-period if any; None while units are too few."""
    detectable: float
    """The difference that is found with the power asked, at this number of units."""
    looks: pl.DataFrame
    """The difference as it stood over time: columns of `sequential.looks`."""

    @property
    def best(self) -> Difference:
        """With the pre-period where there is one."""
        return self.cuped or self.plain


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """What came of an experiment. Made by `experiment_report`."""

    experiment: ExperimentConfig
    config: ReportConfig
    units: dict[str, int]
    """Arm -> its units, in the order of the arms."""
    sample_ratio: float
    """How often chance alone has arms so uneven; below 0.001 nothing else counts."""
    left_out: LeftOut
    arms: tuple[ArmReport, ...]
    """All but the control."""

    @property
    def doubts(self) -> list[str]:
        """Why the comparison may not be trusted, a sentence each; empty if nothing speaks against it."""
        found = []
        if self.sample_ratio < UNEVEN:
            told = ", ".join(f"{arm} {count:,}" for arm, count in self.units.items())
            found.append(
                f"The arms have other numbers of units than they should ({told}; p = {self.sample_ratio:.2g}): "
                "something loses units of one arm. Do not read the rest before it is found."
            )
        total = sum(self.units.values()) + self.left_out.in_several_arms
        if total and self.left_out.in_several_arms / total > SEVERAL_ARMS:
            found.append(f"{self.left_out.in_several_arms:,} of {total:,} units met several arms, and were left out.")
        return found

    def __repr__(self) -> str:
        """The lifts, in a line."""
        told = "; ".join(
            f"{each.arm} {each.best.difference:+.4g} ({each.best.interval.low:+.4g} to {each.best.interval.high:+.4g})"
            for each in self.arms
        )
        doubt = "; not to be trusted" if self.doubts else ""
        return f"ExperimentReport({self.experiment.name}, {self.config.outcome}: {told}{doubt})"

    def _repr_html_(self) -> str:
        """The comparison as a table, for a notebook."""
        return html_table(" ".join([f"Experiment {self.experiment.name}", *self.doubts]), self.table())

    def table(self) -> pl.DataFrame:
        """One row for each arm but the control."""
        rows = [
            {
                "arm": each.arm,
                "units": each.units,
                "control": each.best.control,
                "mean": each.best.arm,
                "difference": each.best.difference,
                "low": each.best.interval.low,
                "high": each.best.interval.high,
                "sequential_low": each.sequential.low if each.sequential else None,
                "sequential_high": each.sequential.high if each.sequential else None,
                "lift": each.best.lift,
                "lift_low": each.best.lift_interval.low,
                "lift_high": each.best.lift_interval.high,
                "p_value": each.best.p_value,
                "variance_kept": each.variance_kept,
                "detectable": each.detectable,
            }
            for each in self.arms
        ]
        return pl.DataFrame(rows, schema_overrides={"sequential_low": pl.Float64, "sequential_high": pl.Float64})

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON; what is not known is None."""
        told = {
            "experiment": asdict(self.experiment),
            "settings": asdict(self.config),
            "units": self.units,
            "sample_ratio": self.sample_ratio,
            "doubts": self.doubts,
            "left_out": asdict(self.left_out),
            "arms": [
                {name: getattr(each, name) for name in ("arm", "units", "control_units", "variance_kept", "detectable")}
                | {name: _values(getattr(each, name)) for name in ("plain", "cuped", "sequential")}
                | {"looks": each.looks.to_dicts()}
                for each in self.arms
            ],
        }
        plain: dict[str, Any] = _finite(told)
        return plain


def experiment_report(
    log: ExperimentLog | tuple[pl.DataFrame, pl.DataFrame],
    config: ReportConfig | None = None,
    *,
    experiment: ExperimentConfig | None = None,
) -> ExperimentReport:
    """Compare every arm of an experiment with its control.

    With several arms beside the control, the intervals of each are widened (Bonferroni), so that they hold together.

    Args:
        log: the experiment's log, or two frames: exposures (unit, arm, salt, at), outcomes (unit, outcome, value, at).
        config: which outcome, and how it is compared.
        experiment: needed where frames are given.

    Raises:
        DataError: if exposures or outcomes cannot be used, or an arm has fewer than two units.
    """
    config = config or ReportConfig()
    if isinstance(log, ExperimentLog):
        experiment = log.experiment
        found = unit_values(log.exposures(), log.outcomes(), experiment, config, log.cut_off())
    elif experiment is None:
        raise DataError("frames do not say which experiment they are of", remedy="experiment=ExperimentConfig(...)")
    else:
        found = unit_values(*log, experiment, config)
    return _reported(found, experiment, config)


def _reported(found: UnitValues, experiment: ExperimentConfig, config: ReportConfig) -> ExperimentReport:
    names = list(experiment.arms)
    arms = found.table["arm"].replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
    units = {name: int((arms == number).sum()) for number, name in enumerate(names)}
    few = [name for name, count in units.items() if count < LEAST]
    if few:
        raise DataError(f"arm {few[0]!r} has {units[few[0]]} units; a comparison needs {LEAST}", remedy="wait for more")
    values = np.empty(len(arms))
    for number in range(len(names)):
        of_arm = found.table.filter(pl.Series(arms == number))
        values[arms == number] = linearised(of_arm["value"].to_numpy(), of_arm["per"].to_numpy())
    less = adjusted(values, found.table["pre"].to_numpy(), arms) if config.pre_days else values
    together = replace(config, confidence=1 - (1 - config.confidence) / (len(names) - 1))
    told = []
    for number, name in enumerate(names[1:], start=1):
        both = (arms == 0) | (arms == number)
        told.append(_arm(name, values[both], less[both], arms[both] == number, together))
    ratio = sample_ratio(units, experiment.arms)
    return ExperimentReport(experiment, config, units, ratio, found.left_out, tuple(told))


def _arm(
    name: str,
    values: NDArray[np.float64],
    less: NDArray[np.float64],
    treated: NDArray[np.bool_],
    config: ReportConfig,
) -> ArmReport:
    """An arm against the control: values as they are, and less what the pre-period foretells, in order of exposure."""
    plain = compared(values[~treated], values[treated], config.confidence)
    cuped = compared(less[~treated], less[treated], config.confidence) if config.pre_days else None
    spread, left, error = 0.0, 0.0, 0.0
    for of_arm in (~treated, treated):
        spread += float(values[of_arm].var()) * int(of_arm.sum())
        left += float(less[of_arm].var()) * int(of_arm.sum())
        error += float(less[of_arm].var(ddof=1)) / int(of_arm.sum())
    at = np.unique(np.linspace(1, len(less), min(LOOKS, len(less))).astype(np.int64))
    seen = looks(less, treated, config.tightest_at, config.confidence, at)
    last = seen.row(-1, named=True) if seen.height else None
    return ArmReport(
        arm=name,
        units=int(treated.sum()),
        control_units=int((~treated).sum()),
        plain=plain,
        cuped=cuped,
        variance_kept=left / spread if spread > 0 else 1.0,
        sequential=Interval(last["low"], last["high"]) if last else None,
        detectable=float(norm.ppf((1 + config.confidence) / 2) + norm.ppf(config.power)) * math.sqrt(error),
        looks=seen,
    )


def _values(told: Difference | Interval | None) -> dict[str, Any] | None:
    return None if told is None else asdict(told)


def _finite(told: Any) -> Any:  # noqa: ANN401 - plain values of any kind
    """Plain values, figures rounded, and None where a figure is not one."""
    match told:
        case dict():
            return {name: _finite(value) for name, value in told.items()}
        case list():
            return [_finite(value) for value in told]
        case float():
            return round(told, DECIMALS) if math.isfinite(told) else None
        case _:
            return told

"""Exposures and outcomes of a simulated experiment."""

from datetime import datetime

import numpy as np
import polars as pl

from ringsight.experiments.assignment import arms_of
from ringsight.experiments.settings import ExperimentConfig

BEGIN = datetime(2026, 3, 1)
HALVES = ExperimentConfig(name="halves")


def simulated(
    units: int, gain: float, seed: int = 0, experiment: ExperimentConfig = HALVES
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One exposure a minute; each unit spends about 10 before and after, alike, and in arm `new` as much more."""
    rng = np.random.default_rng(seed)
    ids = [f"u{seed}-{number}" for number in range(units)]
    exposures = pl.DataFrame({"unit": ids, "arm": arms_of(experiment, ids), "salt": experiment.salt}).with_columns(
        at=pl.lit(BEGIN) + pl.duration(minutes=pl.int_range(pl.len()))
    )
    usual = 10 + 3 * rng.normal(size=units)
    treated = (exposures["arm"] == "new").to_numpy()
    after = usual + rng.normal(size=units) + gain * treated
    outcomes = pl.concat(
        [
            exposures.select(
                "unit", outcome=pl.lit("spent"), value=pl.Series(values), at=pl.col("at") + pl.duration(hours=hours)
            )
            for values, hours in ((usual, -24), (after, 1))
        ]
    )
    return exposures, outcomes

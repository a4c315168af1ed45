"""Whether A/B reports keep their word: tests of nothing, with and without peeking, and true lifts.

    python benchmarks/experiments.py --page docs/experiments.md --picture docs/experiment.png

Each test is simulated outcome by outcome and read as a report reads it. Units get their arm by the hash. In tests of
nothing both arms draw from the same law; whoever peeks looks 100 times and stops at the first interval without 0.
"""

import argparse
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.experiments.assignment import arm_of, place_of
from ringsight.experiments.estimates import adjusted, compared, linearised, units_needed
from ringsight.experiments.experiment_report import ExperimentReport, experiment_report
from ringsight.experiments.lift_picture import lift_figure
from ringsight.experiments.sequential import looks
from ringsight.experiments.settings import ExperimentConfig, ReportConfig

UNITS = 4_000
PEEKS = 100
DRAWN = 40
"""Draws from which a standard deviation is taken."""
CONFIDENCE = 0.95
MARK = "<!-- written by benchmarks/experiments.py -->"
Draw = Callable[[np.random.Generator, NDArray[np.bool_], float], NDArray[np.float64]]


def main() -> None:
    """Simulate, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=1_000)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    lines = [*nothing_lines(asked.tests), "", *lift_lines(asked.tests), "", *cuped_lines(asked.tests // 5)]
    print("\n".join(lines))
    if asked.page:
        before = asked.page.read_text(encoding="utf-8").split(MARK)[0] if asked.page.is_file() else ""
        asked.page.write_text("\n".join([f"{before}{MARK}", "", *lines, ""]), encoding="utf-8")
    if asked.picture:
        lift_figure(an_experiment()).savefig(asked.picture)


@cache
def arms(test: int) -> NDArray[np.bool_]:
    """Whether each unit of a test gets the arm."""
    return np.array([place_of(f"unit {unit}", f"arm test {test}") >= 0.5 for unit in range(UNITS)])


def clicks(rng: np.random.Generator, treated: NDArray[np.bool_], lift: float) -> NDArray[np.float64]:
    """Whether a customer clicks: 10 % do."""
    return (rng.random(UNITS) < 0.1 * (1 + lift * treated)).astype(np.float64)


def spending(rng: np.random.Generator, treated: NDArray[np.bool_], lift: float) -> NDArray[np.float64]:
    """What a customer spends, with a long tail (log-normal, sigma 1)."""
    return rng.lognormal(0, 1, UNITS) * (1 + lift * treated)


def confirmed(rng: np.random.Generator, treated: NDArray[np.bool_], lift: float) -> NDArray[np.float64]:
    """Confirmed cases per hour of an analyst's day: a rate of its own each day, half a case an hour."""
    hours = rng.uniform(2, 8, UNITS)
    cases = rng.poisson(hours * 0.5 * rng.gamma(4, 0.25, UNITS) * (1 + lift * treated)).astype(np.float64)
    values = np.empty(UNITS)
    for of_arm in (treated, ~treated):
        values[of_arm] = linearised(cases[of_arm], hours[of_arm])
    return values


DRAWS: dict[str, tuple[Draw, float]] = {
    "click-through (peers)": (clicks, 0.1),
    "spending": (spending, math.exp(0.5)),
    "confirmed cases per analyst hour (rings)": (confirmed, 0.5),
}
"""Outcome -> how it is drawn, and its mean where there is no lift."""


def nothing_lines(tests: int) -> list[str]:
    """False positives where there is nothing."""
    lines = [
        f"{tests:,} tests of nothing an outcome, {UNITS:,} units each, at 95 %; in brackets two standard errors.",
        "",
        "| outcome | one look, fixed interval | 100 looks, fixed interval | 100 looks, sequential interval |",
        "|---|---|---|---|",
    ]
    for name, (draw, _) in DRAWS.items():
        found = np.array([read(draw, test, 0.0) for test in range(tests)])
        lines.append(f"| {name} | " + " | ".join(share(column) for column in found.T[:3]) + " |")
    return lines


def read(draw: Draw, test: int, lift: float) -> tuple[bool, bool, bool, float]:
    """Whether 0 is left out: at the end, at any look, by the sequential interval; units when stopped."""
    treated = arms(test)
    values = draw(np.random.default_rng([test, round(lift * 1e6)]), treated, lift)
    at = np.unique(np.linspace(UNITS / PEEKS, UNITS, PEEKS).astype(np.int64))
    seen = looks(values, treated, UNITS, CONFIDENCE, at)
    once = compared(values[~treated], values[treated], CONFIDENCE)
    beyond = (seen["difference"].abs() > 1.96 * seen["error"]).to_numpy()
    apart = ((seen["low"] > 0) | (seen["high"] < 0)).to_numpy()
    stopped = float(seen["units"][int(apart.argmax())]) if apart.any() else float(UNITS)
    return once.interval.low > 0 or once.interval.high < 0, bool(beyond.any()), bool(apart.any()), stopped


def share(found: NDArray[np.float64]) -> str:
    """A share, with two standard errors."""
    rate = float(found.mean())
    return f"{rate:.3f} (± {2 * math.sqrt(rate * (1 - rate) / len(found)):.3f})"


def lift_lines(tests: int) -> list[str]:
    """Power where there is a lift, against the power stated."""
    lines = [
        f"{tests:,} tests of a true lift an outcome, {UNITS:,} units each. The lift is the one for which",
        "`units_needed` asks for so many, at a power of .80: for one look at the end, or for the sequential interval.",
        "",
        "| outcome | planned for | lift | found, one look | found, sequential | units when sequential stops, mean |",
        "|---|---|---|---|---|---|",
    ]
    for name, (draw, mean) in DRAWS.items():
        for planned, every_look in (("one look", False), ("every look", True)):
            lift = lift_for(draw, mean, every_look)
            found = np.array([read(draw, test, lift) for test in range(tests)])
            power = f"{share(found[:, 0])} | {share(found[:, 2])}"
            lines.append(f"| {name} | {planned} | {lift:.1%} | {power} | {found[:, 3].mean():,.0f} |")
    return lines


def lift_for(draw: Draw, mean: float, every_look: bool) -> float:
    """The relative lift that needs as many units as there are; the deviation is that of many draws."""
    low, high = 1e-4, 10.0
    for _ in range(25):
        middle = math.sqrt(low * high)
        draws = [draw(np.random.default_rng([1, number]), arms(0), middle) for number in range(DRAWN)]
        variance = np.mean([(values[arms(0)].var() + values[~arms(0)].var()) / 2 for values in draws])
        deviation = math.sqrt(float(variance))
        few = units_needed(deviation, mean * middle, every_look=every_look) <= UNITS
        low, high = (low, middle) if few else (middle, high)
    return high


def cuped_lines(tests: int) -> list[str]:
    """What a pre-period that correlates by .8 is worth, and that it biases nothing."""
    kept, covered, widths = [], [], []
    for test in range(tests):
        rng, treated = np.random.default_rng([7, test]), arms(test)
        pre = rng.lognormal(0, 1, UNITS)
        values = 0.8 * (pre - pre.mean()) / pre.std() + 0.6 * rng.normal(size=UNITS) + 0.1 * treated
        less = adjusted(values, pre, treated.astype(np.int64))
        plain, cuped = (compared(each[~treated], each[treated], CONFIDENCE) for each in (values, less))
        kept.append(float(less.var() / values.var()))
        covered.append(cuped.interval.low <= 0.1 <= cuped.interval.high)
        widths.append((cuped.interval.high - cuped.interval.low) / (plain.interval.high - plain.interval.low))
    return [
        f"A pre-period that correlates by .8 with the outcome ({tests:,} tests): it leaves {np.mean(kept):.2f} of the "
        f"variance, intervals are {np.mean(widths):.2f} as wide, and {share(np.array(covered))} of "
        "them hold the true difference."
    ]


def an_experiment() -> ExperimentReport:
    """One experiment of a true lift, as a report."""
    experiment = ExperimentConfig(name="peers on the page")
    ids = [f"C{number:05d}" for number in range(UNITS)]
    rng = np.random.default_rng(5)
    rows, begin = [], datetime(2026, 3, 1)
    for number, unit in enumerate(ids):
        rows.append((unit, arm_of(experiment, unit), experiment.salt, begin + timedelta(minutes=number)))
    exposures = pl.DataFrame(rows, schema=["unit", "arm", "salt", "at"], orient="row")
    rate = np.where((exposures["arm"] == "new").to_numpy(), 0.14, 0.1)
    outcomes = exposures.filter(pl.Series(rng.random(UNITS) < rate)).select(
        "unit", outcome=pl.lit("click"), value=pl.lit(1.0), at="at"
    )
    return experiment_report((exposures, outcomes), ReportConfig(tightest_at=UNITS), experiment=experiment)


if __name__ == "__main__":
    main()

"""The comparison: against formulas of others, a known lift, and everything that can be wrong with a log."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import chisquare, ttest_ind
from simulated import BEGIN, HALVES, simulated

from ringsight.errors import DataError, SettingsError
from ringsight.experiments.assignment import arm_of
from ringsight.experiments.estimates import adjusted, compared, linearised, power_of, sample_ratio, units_needed
from ringsight.experiments.experiment_report import ExperimentReport, experiment_report
from ringsight.experiments.lift_picture import lift_figure
from ringsight.experiments.settings import ExperimentConfig, ReportConfig

SPENT = ReportConfig(outcome="spent", pre_days=7)
Frames = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def frames() -> Frames:
    return simulated(2_000, 0.5)


@pytest.fixture(scope="module")
def report(frames: Frames) -> ExperimentReport:
    return experiment_report(frames, SPENT, experiment=HALVES)


def test_a_true_gain_is_found_and_the_pre_period_narrows_its_interval(report: ExperimentReport):
    (arm,) = report.arms
    assert arm.cuped is not None and arm.sequential is not None
    assert arm.cuped.interval.low < 0.5 < arm.cuped.interval.high
    assert arm.cuped.interval.low > 0
    plain, narrow = (each.interval.high - each.interval.low for each in (arm.plain, arm.cuped))
    assert narrow / plain == pytest.approx(1 / math.sqrt(10), rel=0.1)  # 1 of 10 parts of the variance is new
    assert arm.variance_kept == pytest.approx(0.1, rel=0.2)
    assert arm.sequential.low < arm.cuped.interval.low < arm.cuped.interval.high < arm.sequential.high
    assert report.doubts == []


def test_without_a_pre_period_it_is_welchs_t_test(frames: Frames):
    (arm,) = experiment_report(frames, ReportConfig(outcome="spent"), experiment=HALVES).arms
    values = {
        name: frames[1].group_by("unit", maintain_order=True).last().join(frames[0].select("unit", "arm"), on="unit")
        .filter(pl.col("arm") == name)["value"].to_numpy()
        for name in HALVES.arms
    }  # fmt: skip
    told = ttest_ind(values["new"], values["control"], equal_var=False)
    bounds = told.confidence_interval()
    assert arm.cuped is None and arm.variance_kept == 1
    assert (arm.plain.interval.low, arm.plain.interval.high) == pytest.approx((bounds.low, bounds.high))
    assert arm.plain.p_value == pytest.approx(told.pvalue)


def test_the_figures_are_those_of_tea_tasting(frames: Frames):
    tt = pytest.importorskip("tea_tasting", reason="pip install 'ringsight[benchmark]' brings tea-tasting")
    wide = frames[1].sort("at").group_by("unit").agg(before=pl.col("value").first(), after=pl.col("value").last())
    data = frames[0].join(wide, on="unit").with_columns(variant=(pl.col("arm") == "new").cast(pl.Int64))
    theirs = tt.Experiment(
        plain=tt.Mean("after"), cuped=tt.Mean("after", covariate="before"), ratio=tt.SampleRatio()
    ).analyze(data.select("variant", "before", "after").to_arrow())
    ours = experiment_report(frames, SPENT, experiment=HALVES)
    (arm,) = ours.arms
    assert arm.cuped is not None
    for name, each, near in (("plain", arm.plain, 1e-9), ("cuped", arm.cuped, 3e-4)):  # their slope is across the arms
        told = theirs[name]
        assert each.difference == pytest.approx(told.effect_size, rel=near)
        assert each.interval.low == pytest.approx(told.effect_size_ci_lower, rel=1e-3)
        assert each.interval.high == pytest.approx(told.effect_size_ci_upper, rel=1e-3)
        assert each.p_value == pytest.approx(told.pvalue, rel=0.02)
        assert each.lift == pytest.approx(told.rel_effect_size, rel=near)
        assert each.lift_interval.low == pytest.approx(told.rel_effect_size_ci_lower, abs=2e-3)


def test_the_sequential_interval_is_that_of_the_looks(report: ExperimentReport):
    (arm,) = report.arms
    assert arm.sequential is not None
    assert arm.looks.height > 100
    last = arm.looks.row(-1, named=True)
    assert (last["low"], last["high"]) == (arm.sequential.low, arm.sequential.high)
    assert last["difference"] == pytest.approx(arm.best.difference)
    assert last["error"] == pytest.approx((arm.best.interval.high - arm.best.interval.low) / 2 / 1.961, rel=1e-3)


def test_a_rate_per_hour_is_the_ratio_of_the_sums():
    rng = np.random.default_rng(0)
    hours, cases = rng.uniform(1, 8, 400), rng.poisson(2, 400).astype(float)
    values = linearised(cases, hours)
    assert values.mean() == pytest.approx(cases.sum() / hours.sum())
    draws = [rng.integers(0, 400, 400) for _ in range(2_000)]
    spread = np.std([cases[rows].sum() / hours[rows].sum() for rows in draws])
    assert values.std() / math.sqrt(400) == pytest.approx(spread, rel=0.05)
    with pytest.raises(DataError, match="adds up to nothing"):
        linearised(cases, np.zeros(400))


def test_cases_per_analyst_hour_are_compared_arm_by_arm():
    exposures, _ = simulated(400, 0)
    rng = np.random.default_rng(1)
    rows = [
        (unit, outcome, value, at + timedelta(hours=1))
        for unit, arm, _, at in exposures.iter_rows()
        for outcome, value in (("hours", rng.uniform(4, 8)), ("confirmed", rng.poisson(6 if arm == "new" else 3)))
    ]
    outcomes = pl.DataFrame(rows, schema=["unit", "outcome", "value", "at"], orient="row").cast({"value": pl.Float64})
    report = experiment_report((exposures, outcomes), ReportConfig(outcome="confirmed", per="hours"), experiment=HALVES)
    told = report.arms[0].best
    assert told.control == pytest.approx(0.5, rel=0.1)
    assert told.lift == pytest.approx(1.0, rel=0.2)


# --- what can be wrong with a log ------------------------------------------------------------------------------------


def test_rows_may_come_in_any_order(frames: Frames, report: ExperimentReport):
    shuffled = tuple(frame.sample(fraction=1, shuffle=True, seed=1) for frame in frames)
    assert experiment_report((shuffled[0], shuffled[1]), SPENT, experiment=HALVES).as_dict() == report.as_dict()


def test_a_unit_that_is_exposed_again_counts_once_from_the_first_time(frames: Frames, report: ExperimentReport):
    again = frames[0].with_columns(pl.col("at") + timedelta(hours=3))
    assert experiment_report((pl.concat([again, frames[0]]), frames[1]), SPENT, experiment=HALVES).as_dict() == (
        report.as_dict()
    )


def test_an_outcome_without_an_exposure_is_left_out_and_counted(frames: Frames, report: ExperimentReport):
    stray = frames[1].head(3).with_columns(unit=pl.lit("nobody"), value=pl.lit(1e9))
    told = experiment_report((frames[0], pl.concat([frames[1], stray])), SPENT, experiment=HALVES)
    assert told.left_out.never_exposed == 1
    assert told.arms[0].best == report.arms[0].best


def test_a_unit_in_both_arms_is_left_out_and_many_are_a_doubt(frames: Frames):
    other = pl.when(pl.col("arm") == "new").then(pl.lit("control")).otherwise(pl.lit("new"))
    for count, doubted in ((5, False), (100, True)):
        both = frames[0].head(count).with_columns(arm=other)
        told = experiment_report((pl.concat([frames[0], both]), frames[1]), SPENT, experiment=HALVES)
        assert told.left_out.in_several_arms == count
        assert sum(told.units.values()) == 2_000 - count
        assert any("several arms" in doubt for doubt in told.doubts) is doubted


def test_a_salt_that_was_changed_on_the_way_is_refused(frames: Frames):
    late = pl.col("at") > BEGIN + timedelta(hours=10)
    changed = frames[0].with_columns(salt=pl.when(late).then(pl.lit("new salt")).otherwise("salt"))
    with pytest.raises(DataError, match=r"have another salt, the first is of 'u0-601' at 2026-03-01 10:01"):
        experiment_report((changed, frames[1]), SPENT, experiment=HALVES)


def test_an_arm_that_the_hash_does_not_give_is_refused(frames: Frames):
    other = "new" if arm_of(HALVES, "u0-7") == "control" else "control"
    wrong = frames[0].with_columns(arm=pl.when(pl.col("unit") == "u0-7").then(pl.lit(other)).otherwise("arm"))
    with pytest.raises(DataError, match="unit 'u0-7' met"):
        experiment_report((wrong, frames[1]), SPENT, experiment=HALVES)


def test_an_arm_that_loses_units_is_a_doubt(frames: Frames):
    lost = frames[0].filter((pl.col("arm") == "control") | (pl.int_range(pl.len()) % 3 > 0))
    told = experiment_report((lost, frames[1]), SPENT, experiment=HALVES)
    assert told.sample_ratio < 0.001
    assert "other numbers of units" in told.doubts[0]
    assert "not to be trusted" in repr(told)
    counts = told.units
    assert told.sample_ratio == pytest.approx(chisquare([*counts.values()]).pvalue)
    assert sample_ratio({}, HALVES.arms) == 1


def test_only_units_that_have_had_their_days_count(frames: Frames):
    told = experiment_report(frames, replace(SPENT, days=0.5), experiment=HALVES)
    assert told.left_out.unripe == 660  # one exposure a minute, the last outcome an hour after the last
    late = frames[1].with_columns(pl.col("at") + timedelta(days=3))
    whole = pl.concat([frames[1], late])
    assert experiment_report((frames[0], whole), replace(SPENT, days=0.9), experiment=HALVES).arms[0].best.arm < 11


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda exposures, outcomes: (exposures.drop("salt"), outcomes), "exposures lack salt"),
        (lambda exposures, outcomes: (exposures, outcomes.drop("at", "value")), "outcomes lack value, at"),
        (lambda exposures, outcomes: (exposures.with_columns(at=None), outcomes), "row 1 of exposures lacks a value"),
        (lambda exposures, outcomes: (exposures, outcomes.with_columns(value=math.nan)), "not finite"),
        (lambda exposures, outcomes: (exposures.with_columns(arm=pl.lit("x")), outcomes), "arm 'x' is not one"),
        (lambda exposures, outcomes: (exposures.head(0), outcomes), "has 0 units"),
        (
            lambda exposures, outcomes: (exposures, outcomes.with_columns(outcome=pl.lit("click"))),
            "no outcome 'spent' was recorded",
        ),
    ],
)
def test_frames_that_cannot_be_used_are_refused_by_name(frames: Frames, change, named: str):  # noqa: ANN001
    with pytest.raises(DataError, match=named):
        experiment_report(change(*frames), SPENT, experiment=HALVES)


def test_several_arms_have_wider_intervals():
    thirds = ExperimentConfig(name="thirds", arms={"control": 0.4, "new": 0.3, "newer": 0.3})
    told = experiment_report(simulated(1_500, 0, experiment=thirds), SPENT, experiment=thirds)
    assert [each.arm for each in told.arms] == ["new", "newer"]
    alone = compared(np.arange(10.0), np.arange(10.0) + 1, 0.95)
    wider = compared(np.arange(10.0), np.arange(10.0) + 1, 0.975)
    assert wider.interval.low < alone.interval.low
    assert told.table().height == 2
    picture = lift_figure(told)
    assert picture.axes[1].get_ylabel() == "newer − control"
    assert picture._repr_png_()[1:4] == b"PNG"  # type: ignore[attr-defined] # a notebook shows it


# --- power, and showing ----------------------------------------------------------------------------------------------


def test_the_units_that_are_needed_give_the_power_asked():
    units = units_needed(deviation=2.0, difference=0.3, share=0.3, power=0.9)
    assert power_of(2.0, 0.3, units, share=0.3) == pytest.approx(0.9, abs=1e-3)
    assert units_needed(1.0, 0.1) == 3_140  # the textbook's 16 s² / d² an arm, before rounding
    rng = np.random.default_rng(0)
    few = units_needed(1.0, 0.5)
    found = [compared(rng.normal(size=few // 2), rng.normal(0.5, size=few // 2)).p_value < 0.05 for _ in range(1_000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_what_does_not_vary_has_no_width():
    told = compared(np.zeros(5), np.zeros(5))
    assert (told.interval.low, told.interval.high, told.p_value) == (0, 0, 1)
    assert math.isnan(told.lift)
    same = np.ones(6)
    assert adjusted(np.arange(6.0), same, np.array([0, 0, 0, 1, 1, 1])).tolist() == np.arange(6.0).tolist()
    with pytest.raises(DataError, match="needs 2 units"):
        compared(np.zeros(1), np.zeros(5))


def test_a_report_shows_itself_and_is_json(report: ExperimentReport):
    assert repr(report).startswith("ExperimentReport(halves, spent: new +0.")
    assert "<table>" in report._repr_html_()
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["arms"][0]["cuped"]["difference"] == pytest.approx(report.arms[0].best.difference)
    labels = [line.get_label() for line in lift_figure(report).axes[0].get_lines()]
    assert "difference" in labels and "for one look alone" in labels


@pytest.mark.parametrize(
    "wrong", [{"confidence": 1.0}, {"power": 0.2}, {"days": -1.0}, {"tightest_at": 0}, {"outcome": ""}]
)
def test_settings_out_of_bounds_are_refused(wrong: dict[str, object]):
    with pytest.raises(SettingsError):
        ReportConfig(**wrong)  # type: ignore[arg-type]

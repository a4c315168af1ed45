"""What has moved between two nights is seen, what has not is not, and p-values keep their level."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import binom, ks_2samp
from two_nights import bank_at, space_of, unit

from ringsight.drift.chance import against_chance
from ringsight.drift.columns import column_contrasts, column_table, named_columns
from ringsight.drift.contrast_groups import ContrastGroup, Labels, Who, with_as_many
from ringsight.drift.energy import energy_contrast
from ringsight.drift.profiles import ColumnKind, ColumnValues, columns_of
from ringsight.drift.settings import WatchConfig
from ringsight.drift.shifts import shifts, who_is_who
from ringsight.errors import SettingsError
from ringsight.records.bank import Bank
from ringsight.testing import tiny_frames

CONFIG = WatchConfig(permutations=199)
IDS = np.array([f"C{number:02d}" for number in range(60)])
HALF = Who(IDS[:40], IDS[40:])
SAME = Who(IDS, IDS)


def columns(bank: Bank) -> dict[tuple[str, str], ColumnValues]:
    return named_columns(list(columns_of(bank, protected=False)))


def told(table: pl.DataFrame, **where: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.all_horizontal(pl.col(key) == value for key, value in where.items()), named=True)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return bank_at(tmp_path_factory.mktemp("bank") / "bank")


# --- records ---------------------------------------------------------------------------------------------------------


def test_nights_that_are_the_same_have_no_p_value(bank: Bank):
    spaces = {"joint": space_of(IDS, 0)}
    table, refused = shifts(SAME, (columns(bank), columns(bank)), (spaces, spaces), CONFIG)
    assert len(table) > 3
    assert table["p_value"].null_count() == len(table)
    assert table["effect"].max() == 0
    assert refused == []


def test_the_column_that_has_moved_is_an_alarm_and_no_other(bank: Bank, tmp_path: Path):
    moved = tiny_frames(60)["transactions"].with_columns(category=pl.lit("travel"))
    other = bank_at(tmp_path / "moved", transactions=moved)
    table, _ = shifts(SAME, (columns(bank), columns(other)), ({}, {}), CONFIG)
    assert told(table, name="category")["effect"] == pytest.approx(1, abs=0.15)
    assert table.filter("alarm").select("name", "what").rows() == [("category", "values")]


def test_a_column_of_nulls_is_missing_and_its_new_and_vanished_values_are_counted(bank: Bank, tmp_path: Path):
    empty = tiny_frames(60)["transactions"].with_columns(category=pl.lit(None, pl.String))
    other = bank_at(tmp_path / "empty", transactions=empty)
    table, _ = shifts(SAME, (columns(bank), columns(other)), ({}, {}), CONFIG)
    assert told(table, name="category", what="missing")["alarm"]
    row = column_table(columns(bank), columns(other)).row(by_predicate=pl.col("column") == "category", named=True)
    assert (row["missing_reference"], row["missing_tonight"]) == (0, 1)
    assert (row["new_values"], row["vanished_values"], row["new_share"]) == (0, 1, None)


def test_one_who_books_a_thousand_times_does_not_speak_for_the_bank():
    owners = np.concatenate([IDS, np.repeat(IDS[:1], 3000)])
    before = ColumnValues("transactions", "amount", ColumnKind.ordered, owners, pl.Series(np.zeros(len(owners))))
    now = replace(before, values=pl.Series(np.where(owners == IDS[0], 9.0, 0.0)))
    ((what, contrast),) = column_contrasts(before, now, SAME, ContrastGroup.stayed)
    (verdict,) = against_chance([contrast], SAME.labels(ContrastGroup.stayed), 199, 0)
    assert what == "values"
    assert verdict.effect <= 1 / 60
    assert verdict.p_value == verdict.adjusted_p_value == 1  # and it is not said that nothing has changed


def test_with_one_record_each_the_distance_is_that_of_kolmogorov_and_smirnov():
    values = np.random.default_rng(1).integers(0, 20, 60).astype(float)
    column = ColumnValues("customers", "age", ColumnKind.ordered, IDS, pl.Series(values))
    ((_, contrast),) = column_contrasts(column, column, HALF, ContrastGroup.came)
    labels = next(iter(HALF.labels(ContrastGroup.came).draws(0, 0)))
    assert contrast.of(labels)[0] == pytest.approx(ks_2samp(values[40:], values[:40]).statistic, abs=1e-6)


def test_a_column_of_one_night_alone_is_named(bank: Bank, tmp_path: Path):
    customers = tiny_frames(60)["customers"]
    other = bank_at(tmp_path / "other", customers=customers.drop("hobby").with_columns(shoe=pl.lit("44")))
    _, refused = shifts(SAME, (columns(bank), columns(other)), ({}, {}), CONFIG)
    assert "column shoe of customers: the reference does not have it" in refused
    assert "column hobby of customers: it is there in the reference alone" in refused


def test_protected_columns_and_the_values_of_evidence_are_compared_only_when_asked(bank: Bank):
    kinds = {column.name: column.kind for column in columns_of(bank, protected=False)}
    assert "sex" not in kinds
    assert kinds["device_id"] is ColumnKind.unread
    assert "sex" in {column.name for column in columns_of(bank, protected=True)}


# --- spaces ----------------------------------------------------------------------------------------------------------


def energy(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """By its definition."""
    return float(2 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean())


def test_the_statistic_is_the_energy_distance_of_what_labels_say():
    before, now = space_of(IDS, 0), space_of(IDS, 1)
    rng = np.random.default_rng(0)
    same = energy_contrast(SAME, ContrastGroup.stayed, before, now, 100, rng)
    assert same is not None
    signs = rng.choice([-1.0, 1.0], 60).astype(np.float32)
    a, b = (np.where(sign * signs[:, None] > 0, now.vectors, before.vectors) for sign in (1, -1))
    assert same.of(signs[None])[0] == pytest.approx(energy(a, b), abs=1e-5)
    came = energy_contrast(HALF, ContrastGroup.came, before, now, 100, rng)
    assert came is not None
    labels = rng.permuted(np.repeat([1.0, 0.0], [20, 40])).astype(np.float32)
    together = np.concatenate([now.vectors[40:], before.vectors[:40]])
    expected = energy(together[labels == 1], together[labels == 0])
    assert came.of(labels[None])[0] == pytest.approx(expected, abs=1e-5)


def test_customers_are_held_against_themselves_not_against_each_other():
    rng = np.random.default_rng(0)
    habits = rng.standard_normal((60, 6)) * 5
    before = unit(IDS, habits + rng.normal(0, 0.02, habits.shape))
    now = unit(IDS, habits + rng.normal(0, 0.02, habits.shape) + 0.05)
    (paired,) = shifts(SAME, ({}, {}), ({"joint": before}, {"joint": now}), CONFIG)[0].iter_rows(named=True)
    assert paired["p_value"] <= 0.01
    strangers = Who(IDS, np.char.add("x", IDS))
    renamed = replace(now, customer_ids=strangers.tonight)
    (apart,) = shifts(strangers, ({}, {}), ({"joint": before}, {"joint": renamed}), CONFIG)[0].iter_rows(named=True)
    assert apart["p_value"] > 0.2


@pytest.mark.parametrize("group", ContrastGroup)
def test_on_nights_that_have_not_drifted_few_p_values_are_small(group: ContrastGroup):
    small, nights = 0, 200
    who = SAME if group is ContrastGroup.stayed else HALF
    for seed in range(nights):
        rng = np.random.default_rng(seed)
        habits = rng.standard_normal((60, 3))
        spaces = [{"joint": unit(IDS, habits + rng.standard_normal((60, 3)))} for _ in range(2)]
        config = WatchConfig(level=0.05, permutations=39, seed=seed)
        table, _ = shifts(who, ({}, {}), (spaces[0], spaces[1]), config)
        small += int(table["adjusted_p_value"][0] <= 0.1)
    assert binom.ppf(0.0005, nights, 0.1) <= small <= binom.ppf(0.9995, nights, 0.1)


def test_what_tests_have_in_common_counts_once_and_more_tests_count_more():
    before, now = space_of(IDS, 0), space_of(IDS, 1)
    labels = SAME.labels(ContrastGroup.stayed)
    contrast = energy_contrast(SAME, ContrastGroup.stayed, before, now, 100, np.random.default_rng(0))
    others = [
        energy_contrast(SAME, ContrastGroup.stayed, before, space_of(IDS, seed), 100, np.random.default_rng(0))
        for seed in range(2, 12)
    ]
    assert contrast is not None
    alone = against_chance([contrast], labels, 199, 0)[0]
    twice = against_chance([contrast, contrast], labels, 199, 0)[0]
    among = against_chance([contrast, *(each for each in others if each)], labels, 199, 0)[0]
    assert alone.p_value == alone.adjusted_p_value == twice.adjusted_p_value
    assert among.p_value == alone.p_value
    assert among.adjusted_p_value is not None
    assert alone.p_value is not None
    assert among.adjusted_p_value > alone.p_value


def test_spaces_that_cannot_be_compared_are_refused_by_name():
    before = {"notes": space_of(IDS, 0, "notes", "old"), "card": space_of(IDS, 0, "card"), "light": space_of(IDS, 0)}
    now = {"notes": space_of(IDS, 0, "notes", "new"), "rhythm": space_of(IDS, 0, "rhythm"), "light": space_of(IDS, 1)}
    table, refused = shifts(SAME, ({}, {}), (before, now), CONFIG)
    assert table["name"].to_list() == ["light"]
    assert len(refused) == 3
    assert "space card: the reference has it, and tonight does not" in refused
    assert "space rhythm: tonight has it, and the reference does not" in refused
    assert "space notes: another model made it (new, and in the reference old)" in " ".join(refused)


def test_three_customers_and_constant_spaces_are_told_apart_from_nothing():
    three = Who(IDS[:3], IDS[:3])
    table, refused = shifts(three, ({}, {}), ({"joint": space_of(IDS[:3], 0)}, {"joint": space_of(IDS[:3], 1)}), CONFIG)
    assert table.is_empty()
    assert refused == ["customers of both nights (3) are fewer than 20, too few to be compared"]
    constant = {"joint": unit(IDS, np.ones((60, 6)))}
    for who in (SAME, HALF):
        (row,) = shifts(who, ({}, {}), (constant, constant), CONFIG)[0].iter_rows(named=True)
        assert (row["effect"], row["p_value"], row["alarm"]) == (0, None, False)


def test_a_tiny_move_of_many_is_sure_and_no_alarm():
    before = space_of(IDS, 0)
    now = unit(IDS, before.vectors.astype(np.float64) + 0.01)
    (row,) = shifts(SAME, ({}, {}), ({"joint": before}, {"joint": now}), CONFIG)[0].iter_rows(named=True)
    assert row["adjusted_p_value"] <= CONFIG.level
    assert not row["alarm"]


def test_labels_of_chance_keep_who_came_as_many():
    draws = np.concatenate(list(Labels(ContrastGroup.came, 7, 30).draws(50, 0)))
    assert draws.shape == (51, 30)
    assert (draws.sum(axis=1) == 7).all()
    assert draws[0].tolist() == [1.0] * 7 + [0.0] * 23


def test_who_came_is_compared_with_customers_of_as_many_records():
    records = np.repeat([0, 3, 100], 20)
    of_three = with_as_many(IDS, records, np.array([3, 3])).tolist()
    assert set(of_three) < set(IDS[20:40].tolist())
    assert (len(of_three), of_three) == (16, sorted(of_three))
    assert with_as_many(IDS, records, np.full(9, 99)).tolist() == IDS[40:].tolist()
    assert with_as_many(IDS, records, np.array([5000])).tolist() == []
    assert with_as_many(IDS[:0], records[:0], np.array([1])).tolist() == []


def test_few_records_are_no_move_of_those_who_came(tmp_path: Path):
    frames = tiny_frames(60)
    old = {name: frames[name].filter(pl.col("customer_id") < "C40") for name in frames if name != "id_images"}
    before = bank_at(tmp_path / "before", 60, **old)
    now = bank_at(tmp_path / "now")
    who = who_is_who(before, now, (before.customer_ids, now.customer_ids))
    counts = dict(now.transactions["customer_id"].cast(pl.String).value_counts().iter_rows())
    assert {counts.get(customer, 0) for customer in who.compared} == {0, 1, 2, 3}
    few = now.with_records(transactions=now.transactions.clear(), notes=now.notes.clear())
    alone = who_is_who(before, few, (before.customer_ids, few.customer_ids))
    assert {counts.get(customer, 0) for customer in alone.compared} == {0}


@pytest.mark.parametrize(
    ("setting", "value"), [("level", 0), ("most_gone", 2), ("permutations", 50), ("compared", 3), ("most_flags", 0)]
)
def test_settings_that_make_no_sense_are_refused_by_name(setting: str, value: float):
    told: dict[str, Any] = {setting: value}
    with pytest.raises(SettingsError, match=f"watch.{setting}"):
        WatchConfig(**told)

"""Columns that rings are conditioned on: which are given, what a value of theirs is, and whose value it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from simulated_bank import bank_of

from ringsight.detection.conditions import (
    Condition,
    ConditionKind,
    around_circles,
    declared_conditions,
    explained_innocently,
)
from ringsight.detection.groups import Groups
from ringsight.records.bank import ColumnRole

N = 300
GROUP = np.arange(30, 35)


def condition_of(codes: np.ndarray, kind: ConditionKind = ConditionKind.innocent) -> Condition:
    return Condition(kind, "column", codes, [f"value {code}" for code in range(int(codes.max(initial=-1)) + 1)])


def characterises(codes: np.ndarray, *groups: np.ndarray) -> list[bool]:
    told: list[bool] = condition_of(codes).characterises(Groups.of(groups)).tolist()
    return told


def test_the_value_that_most_members_carry():
    condition = Condition(ConditionKind.innocent, "branch", np.array([1, 1, 0, 0, -1, -1, 2]), ["a", "b", "c"])
    assert condition.common(np.array([0, 1, 2, 4])) == ("b", 2)
    assert condition.common(np.array([0, 2])) == ("a", 1)  # of equals the first
    assert condition.common(np.array([4, 5])) == ("", 0)
    assert condition.common(np.array([], dtype=np.int64)) == ("", 0)


def test_a_rare_value_shared_by_many_is_one_of_the_groups_own_and_a_common_one_is_not():
    codes = np.full(N, 0)
    codes[GROUP] = 1
    assert characterises(codes, GROUP, np.arange(100, 105)) == [True, False]
    assert characterises(np.full(N, 0), GROUP) == [False]
    assert characterises(np.full(N, -1), GROUP) == [False]


def test_three_of_three_at_one_branch_suffice_and_three_of_a_large_group_do_not():
    branch = np.arange(N) % 30
    three = np.array([4, 34, 64])
    assert characterises(branch, three) == [True]
    for others in (2, 4, 9):
        strangers = np.arange(100, 100 + others)
        assert characterises(branch, np.union1d(three, strangers)) == [False]
    assert characterises(branch, np.array([4, 34, 64, 94, 100])) == [True]  # but four of five do


def test_half_of_a_group_must_share_the_value():
    codes = np.arange(N)
    codes[:4] = 0
    assert characterises(codes, np.arange(8), np.arange(9)) == [True, False]


def test_no_group_needs_more_coincidence_than_the_most():
    codes = np.arange(N) // 60  # five large values
    large = np.arange(0, 24)
    assert characterises(codes, large, np.arange(0, 4)) == [True, False]


def test_two_of_three_suffice_in_a_bank_so_large_that_it_is_no_coincidence():
    for customers, own in ((3000, True), (1500, False)):
        codes = np.arange(customers)
        codes[1] = 0
        assert characterises(codes, np.array([0, 1, 100])) == [own]


def test_how_many_carry_the_commonest_value():
    codes = np.array([0, 0, 1, 1, 1, -1, -1, 2])
    groups = Groups.of([np.arange(5), np.array([0, 2, 7]), np.array([5, 6]), np.array([1, 5, 6])])
    assert condition_of(codes).carriers(groups).tolist() == [3, 1, 0, 1]
    assert condition_of(np.full(8, -1)).carriers(groups).tolist() == [0] * 4
    assert condition_of(np.minimum(codes, 0)).carriers(groups).tolist() == [5, 3, 0, 1]  # there is but one value


@pytest.mark.parametrize("kind", list(ConditionKind))
def test_only_an_innocent_column_explains_innocently(kind: ConditionKind):
    codes = np.arange(N)
    codes[GROUP] = 0
    groups = Groups.of([GROUP, np.arange(100, 105)])
    told = explained_innocently(groups, [condition_of(codes, kind)])
    assert told.tolist() == [kind is ConditionKind.innocent, False]


def test_a_group_is_explained_that_any_of_the_innocent_columns_explains():
    one, other = np.arange(N), np.arange(N)
    one[GROUP], other[100:105] = 0, 0
    groups = Groups.of([GROUP, np.arange(100, 105), np.arange(200, 205)])
    conditions = [condition_of(one), condition_of(other)]
    for order in (conditions, conditions[::-1]):
        assert explained_innocently(groups, order).tolist() == [True, True, False]
        assert around_circles(groups, order, 12).tolist() == [True, True, False]


def customers_of(**columns: Sequence[object]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    return pl.DataFrame({"customer_id": [f"c{i}" for i in range(count)], "stratum": ["s"] * count, **columns})


def values_of(condition: Condition) -> list[str]:
    return ["" if code < 0 else condition.values[code] for code in condition.codes]


def test_two_of_one_household_are_around_a_circle_and_two_of_one_town_are_not():
    codes = np.full(N, -1)
    codes[:3], codes[50:150] = 0, 1
    groups = Groups.of([np.array([0, 2, 200]), np.array([0, 201, 202]), np.array([60, 70, 80]), np.array([3, 4, 5])])
    assert around_circles(groups, [condition_of(codes)], 12).tolist() == [True, False, False, False]
    assert around_circles(groups, [condition_of(codes)], 2).tolist() == [False] * 4
    assert around_circles(groups, [condition_of(codes)], 100).tolist() == [True, False, True, False]
    assert not around_circles(groups, [condition_of(codes, ConditionKind.protected)], 12).any()
    assert not around_circles(groups, [], 12).any()
    alone = np.where(np.arange(N) < 3, 0, -1)
    assert around_circles(groups, [condition_of(alone)], 3).tolist() == [True, False, False, False]


def test_innocent_columns_come_before_protected_ones_each_by_name():
    roles = {
        "sex": ColumnRole.protected,
        "employer": ColumnRole.innocent,
        "address": ColumnRole.innocent,
        "device": ColumnRole.evidence,
    }
    customers = customers_of(sex=["f", "m"], employer=["x", None], address=["", " "], device=["d", "d"], other=[1, 1])
    conditions = declared_conditions(bank_of(customers, roles))
    assert [(c.kind, c.name) for c in conditions] == [
        (ConditionKind.innocent, "address"),
        (ConditionKind.innocent, "employer"),
        (ConditionKind.protected, "sex"),
    ]
    # what is blank is absent, and two who have no address do not share one
    assert [values_of(c) for c in conditions] == [["", ""], ["x", ""], ["f", "m"]]
    assert [c.values for c in conditions] == [[], ["x"], ["f", "m"]]


def test_nothing_declared_nothing_given():
    assert declared_conditions(bank_of(customers_of(other=["x"]))) == []


@pytest.mark.parametrize("column", [pl.Series([None, None], dtype=pl.String), pl.Series([None, None], dtype=pl.Null)])
def test_an_empty_column_explains_nothing(column: pl.Series):
    customers = customers_of(other=[1, 2]).with_columns(branch=column, sex=column)
    conditions = declared_conditions(bank_of(customers, {"branch": ColumnRole.innocent, "sex": ColumnRole.protected}))
    assert [condition.codes.tolist() for condition in conditions] == [[-1, -1]] * 2
    assert [condition.values for condition in conditions] == [[], []]
    groups = Groups.of([np.arange(2)])
    assert not any(condition.characterises(groups).any() for condition in conditions)


def test_of_names_the_last_word_counts():
    names = ["Ada Maria Lovelace", " Byron Lovelace ", "Grace", None]
    (condition,) = declared_conditions(bank_of(customers_of(name=names), {"name": ColumnRole.protected}))
    assert values_of(condition) == ["Lovelace", "Lovelace", "Grace", ""]
    assert condition.names == ["Ada Maria Lovelace", "Byron Lovelace", "Grace", ""]


def test_only_a_column_of_names_has_names():
    roles = {"sex": ColumnRole.protected, "Name": ColumnRole.protected, "surname": ColumnRole.protected}
    customers = customers_of(sex=["f"], Name=["Ada Lovelace"], surname=["Lovelace"])
    assert [list(c.names) for c in declared_conditions(bank_of(customers, roles))] == [["Ada Lovelace"], [], []]


FAMILY = ["Ada Byron", "Allegra Byron", "Medora Byron"]
SPELLINGS = ["Jon Smith", "John Smith", "Jóhn Smith"]


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (SPELLINGS, 3),
        (FAMILY, 0),
        ([*SPELLINGS, *FAMILY], 3),
        ([*SPELLINGS, "Mary Smith"], 0),  # not all who share the last word
        ([*SPELLINGS[:2], "Ada Byron", "Grace Hopper"], 2),
        ([*SPELLINGS[:2], "Ada Byron", "Grace Hopper", "Alan Turing"], 0),  # less than half
        (["Ada Byron", "Grace Hopper"], 0),
        (["", ""], 0),
    ],
)
def test_one_person_is_half_of_the_members_and_all_who_share_the_name(names: list[str], people: int):
    customers = customers_of(name=[*names, "Jon Smith"])
    (condition,) = declared_conditions(bank_of(customers, {"name": ColumnRole.protected}))
    assert condition.one_person(np.arange(len(names))) == people


def test_without_names_nobody_is_one_person():
    assert condition_of(np.zeros(4, dtype=np.int64)).one_person(np.arange(4)) == 0


def test_birth_years_count_by_their_decade():
    years = [1950, 1959, 1960, None, *range(1961, 1975)]
    (condition,) = declared_conditions(bank_of(customers_of(birth_year=years), {"birth_year": ColumnRole.protected}))
    assert values_of(condition)[:5] == ["1950s", "1950s", "1960s", "", "1960s"]
    assert condition.values == ["1950s", "1960s", "1970s"]


@pytest.mark.parametrize(("numbers", "values"), [(12, 12), (13, 2)])
def test_more_than_twelve_numbers_are_taken_in_tens(numbers: int, values: int):
    customers = customers_of(birth_year=[*range(1960, 1960 + numbers), None])  # a blank is no number
    (condition,) = declared_conditions(bank_of(customers, {"birth_year": ColumnRole.protected}))
    assert len(condition.values) == values


def test_a_few_numbers_are_values_of_their_own():
    (condition,) = declared_conditions(bank_of(customers_of(sex=[1, 2, 9, None]), {"sex": ColumnRole.protected}))
    assert values_of(condition) == ["1", "2", "9", ""]


def test_the_agent_who_wrote_most_of_the_notes_is_derived():
    notes = pl.DataFrame(
        {
            "customer_id": ["c0", "c0", "c0", "c1", "c1", "c2"],
            "agent_id": ["anna", "bert", "bert", "bert", "anna", None],
        }
    )
    bank = bank_of(customers_of(other=[1] * 4)).with_records(
        transactions=pl.DataFrame(), notes=notes, id_images=pl.DataFrame()
    )
    (condition,) = declared_conditions(bank)
    assert (condition.kind, condition.name) == (ConditionKind.innocent, "agent_id")
    assert values_of(condition) == ["bert", "anna", "", ""]  # of equals the first by name


def test_an_agent_given_with_the_customers_is_not_derived():
    notes = pl.DataFrame({"customer_id": ["c0"], "agent_id": ["anna"]})
    bank = bank_of(customers_of(agent_id=["zoe", None]), {"agent_id": ColumnRole.innocent}).with_records(
        transactions=pl.DataFrame(), notes=notes, id_images=pl.DataFrame()
    )
    (condition,) = declared_conditions(bank)
    assert values_of(condition) == ["zoe", ""]


def test_the_week_of_opening_is_derived_within_its_channel():
    monday = datetime(2024, 1, 1)
    opened = [monday, monday + timedelta(days=6), monday + timedelta(days=7), None]
    customers = customers_of(opened_at=opened)
    (week,) = declared_conditions(bank_of(customers))
    assert (week.kind, week.name) == (ConditionKind.innocent, "opened_week")
    assert values_of(week) == ["2024-W01", "2024-W01", "2024-W02", ""]
    told = customers.with_columns(onboarding=pl.Series(["app", "branch", None, "app"]))
    (week,) = declared_conditions(bank_of(told))
    assert values_of(week) == ["app 2024-W01", "branch 2024-W01", "unknown 2024-W02", ""]


def test_the_last_days_of_a_year_belong_to_the_week_they_are_in():
    (week,) = declared_conditions(bank_of(customers_of(opened_at=[datetime(2024, 12, 30), datetime(2025, 1, 5)])))
    assert week.values == ["2025-W01"]


def test_the_order_of_the_declaration_does_not_matter():
    customers = customers_of(address=["x", "y", "x"], branch=["b", "b", None])
    roles = {"address": ColumnRole.innocent, "branch": ColumnRole.innocent}
    one, other = (declared_conditions(bank_of(customers, r)) for r in (roles, dict(reversed(roles.items()))))
    assert [(c.name, c.codes.tolist(), c.values) for c in one] == [(c.name, c.codes.tolist(), c.values) for c in other]


def test_of_several_values_counts_the_rarest_that_somebody_else_has():
    homes = [["home", "works"], ["home", "works"], ["mine", "works"], ["yours"], [], None]
    (address,) = declared_conditions(bank_of(customers_of(address=homes), {"address": ColumnRole.innocent}))
    assert values_of(address) == ["home", "home", "works", "yours", "", ""]

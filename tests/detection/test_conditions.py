"""Condition on X: who exchanges traces with whom, what is explained by it, and which columns are given."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from simulated_bank import bank_of, simulate

from ringsight.detection.candidates import CandidateConfig, Evidence, as_observed, gather_evidence
from ringsight.detection.conditions import (
    COINCIDENCE,
    LARGEST_POOL,
    WORLDS,
    Condition,
    ConditionKind,
    _drawn,
    _pools,
    declared_conditions,
    remaining,
)
from ringsight.records.bank import ColumnRole

N = 300
STRATA = np.array([f"stratum {i % 3}" for i in range(N)])
GROUP = np.arange(30, 35)
"""Five customers of three strata who are drawn together in two modalities."""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """300 customers, five of them alike in notes and transactions; a fifth have no image."""
    have = np.random.default_rng(1).random(N) < 0.8
    simulation = simulate(1, customers=N, rings=0, present={"id_images": have})
    embeddings = dict(simulation.embeddings)
    for name in ("notes", "transactions"):
        vectors = np.array(embeddings[name].vectors)
        vectors[GROUP] = vectors[30] + 0.3 * vectors[GROUP]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        embeddings[name] = type(embeddings[name])(name, embeddings[name].customer_ids, vectors, "model", "data")
    return gather_evidence(simulation.bank.customers, embeddings, [], CandidateConfig(neighbours=10), seed=0)


def proposer(evidence: Evidence, name: str) -> int:
    return [trace.name for trace in evidence.traces].index(name)


def condition_of(codes: np.ndarray, kind: ConditionKind = ConditionKind.innocent) -> Condition:
    return Condition(kind, "column", codes, [f"value {code}" for code in range(int(codes.max(initial=-1)) + 1)])


def sharers(*groups: np.ndarray) -> Condition:
    """The members of each group share a value, and nobody else has any."""
    codes = np.full(N, -1)
    for code, group in enumerate(groups):
        codes[group] = code
    return condition_of(codes)


def observed_bits(evidence: Evidence, members: np.ndarray) -> float:
    index = proposer(evidence, "notes")
    return float(evidence.weigh(index, [members], as_observed(evidence.traces)).corroboration[0])


def left(evidence: Evidence, members: np.ndarray, condition: Condition) -> float:
    return float(remaining(evidence, [(proposer(evidence, "notes"), members)], condition, STRATA)[0])


def test_a_household_that_shares_everything_is_explained_whole(evidence: Evidence):
    assert observed_bits(evidence, GROUP) > 8
    assert left(evidence, GROUP, sharers(GROUP)) == pytest.approx(0, abs=1e-9)


def test_colleagues_of_a_large_employer_keep_nearly_all(evidence: Evidence):
    colleagues = np.union1d(GROUP, np.arange(100, 260))
    whole = observed_bits(evidence, GROUP)
    assert left(evidence, GROUP, sharers(colleagues)) > 0.9 * whole - 0.5


def test_the_smaller_the_circle_of_sharers_the_more_it_explains(evidence: Evidence):
    circles = [np.union1d(GROUP, np.arange(100, 100 + others)) for others in (0, 2, 5, 20, 120)]
    bits = [left(evidence, GROUP, sharers(circle)) for circle in circles]
    assert (np.diff(bits) > 0).all()


@pytest.mark.parametrize("codes", [np.full(N, -1), np.arange(N)], ids=["absent", "everyone their own"])
def test_a_ring_whose_members_share_nothing_loses_next_to_nothing(evidence: Evidence, codes: np.ndarray):
    # its members exchange with their strata, where groups agree by nothing on average
    whole = observed_bits(evidence, GROUP)
    assert left(evidence, GROUP, condition_of(codes)) == pytest.approx(whole, abs=0.5)


def test_half_a_household_is_explained_in_part(evidence: Evidence):
    bits = left(evidence, GROUP, sharers(GROUP[:3]))
    assert 0.5 < bits < observed_bits(evidence, GROUP) - 0.5


def test_what_remains_is_never_negative_nor_more_than_there_was(evidence: Evidence):
    rng = np.random.default_rng(3)
    for size in (3, 3, 4, 6, 12, 40):
        members = np.sort(rng.choice(N, size, replace=False))
        condition = condition_of(rng.integers(-1, 8, N))
        whole = observed_bits(evidence, members)
        assert 0 <= left(evidence, members, condition) <= max(whole, 0) + 1e-9


def test_the_same_question_has_the_same_answer_in_any_company(evidence: Evidence):
    other, index = np.arange(100, 106), proposer(evidence, "notes")
    condition = sharers(np.arange(28, 60), np.arange(95, 110))
    both = remaining(evidence, [(index, other), (index, GROUP)], condition, STRATA)
    assert both.tolist() == [left(evidence, other, condition), left(evidence, GROUP, condition)]


def test_no_candidates(evidence: Evidence):
    assert len(remaining(evidence, [], sharers(GROUP), STRATA)) == 0


@pytest.mark.parametrize("seed", range(10))
def test_pools_cover_the_ring_once_and_do_not_overlap(seed: int):
    rng = np.random.default_rng(seed)
    codes, members = rng.integers(-1, 6, N), np.sort(rng.choice(N, 9, replace=False))
    pools = _pools(members, codes, STRATA)
    places = np.concatenate([places for places, _ in pools])
    assert sorted(places.tolist()) == list(range(9))
    everybody = np.concatenate([pool for _, pool in pools])
    assert len(np.unique(everybody)) == len(everybody)
    for places, pool in pools:
        assert set(members[places].tolist()) <= set(pool.tolist())
        assert set(STRATA[pool].tolist()) <= set(STRATA[members[places]].tolist())
        shared = np.unique(codes[members[places]])
        if len(places) > 1 and len(shared) == 1 and shared[0] >= 0:
            assert set(codes[pool].tolist()) == {int(shared[0])}


@pytest.mark.parametrize("seed", range(10))
def test_no_trace_is_handed_to_two_members_and_who_lacks_it_goes_on_lacking_it(seed: int):
    rng = np.random.default_rng(seed)
    present = rng.random(N) < 0.6
    members = np.sort(rng.choice(N, 9, replace=False))
    pools = _pools(members, rng.integers(-1, 6, N), STRATA)
    owner = _drawn(pools, present, members, rng).reshape(WORLDS, 9)
    for world in owner:
        assert len(np.unique(world)) == 9
    np.testing.assert_array_equal(present[owner], np.tile(present[members], (WORLDS, 1)))
    lacking = ~present[members]
    np.testing.assert_array_equal(owner[:, lacking], np.tile(members[lacking], (WORLDS, 1)))


def test_every_carrier_is_as_likely_a_donor_as_any_other():
    members, pool = np.arange(3), np.arange(12)
    rng = np.random.default_rng(0)
    drawn = np.concatenate([_drawn([(members, pool)], np.ones(N, bool), members, rng) for _ in range(20)])
    times = np.bincount(drawn, minlength=12)
    assert ((times - 500) ** 2 / 500).sum() < 35  # chi-square, 11 degrees of freedom: one in four thousand


def test_of_a_large_pool_a_random_part_gives(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ringsight.detection.conditions.LARGEST_POOL", 20)
    members = np.arange(5)
    owner = _drawn([(members, np.arange(N))], np.ones(N, bool), members, np.random.default_rng(0))
    assert len(np.unique(owner)) <= 20 < LARGEST_POOL
    assert all(len(set(world)) == 5 for world in owner.reshape(WORLDS, 5).tolist())


def test_the_value_that_most_members_carry():
    condition = Condition(ConditionKind.innocent, "branch", np.array([1, 1, 0, 0, -1, -1, 2]), ["a", "b", "c"])
    assert condition.common(np.array([0, 1, 2, 4])) == ("b", 2)
    assert condition.common(np.array([0, 2])) == ("a", 1)  # of equals the first
    assert condition.common(np.array([4, 5])) == ("", 0)
    assert condition.common(np.array([], dtype=np.int64)) == ("", 0)


def test_a_rare_value_shared_by_many_is_a_coincidence_and_a_common_one_is_none():
    codes = np.full(N, 0)
    codes[GROUP] = 1
    condition = condition_of(codes)
    assert condition.coincidence(GROUP) == pytest.approx(4 * np.log2(N / 5))
    assert condition.coincidence(GROUP) > COINCIDENCE
    assert condition.coincidence(np.arange(100, 105)) < 1
    assert condition_of(np.full(N, 0)).coincidence(GROUP) == 0
    assert condition_of(np.full(N, -1)).coincidence(GROUP) == 0


def customers_of(**columns: list[object]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    return pl.DataFrame({"customer_id": [f"c{i}" for i in range(count)], "stratum": ["s"] * count, **columns})


def values_of(condition: Condition) -> list[str]:
    return ["" if code < 0 else condition.values[code] for code in condition.codes]


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


def test_nothing_declared_nothing_given():
    assert declared_conditions(bank_of(customers_of(other=["x"]))) == []


@pytest.mark.parametrize("column", [pl.Series([None, None], dtype=pl.String), pl.Series([None, None], dtype=pl.Null)])
def test_an_empty_column_explains_nothing(column: pl.Series):
    customers = customers_of(other=[1, 2]).with_columns(branch=column, sex=column)
    conditions = declared_conditions(bank_of(customers, {"branch": ColumnRole.innocent, "sex": ColumnRole.protected}))
    assert [condition.codes.tolist() for condition in conditions] == [[-1, -1]] * 2
    assert [condition.values for condition in conditions] == [[], []]
    assert all(condition.coincidence(np.arange(2)) == 0 for condition in conditions)


def test_of_names_the_last_word_counts():
    names = ["Ada Maria Lovelace", " Byron Lovelace ", "Grace", None]
    (condition,) = declared_conditions(bank_of(customers_of(name=names), {"name": ColumnRole.protected}))
    assert values_of(condition) == ["Lovelace", "Lovelace", "Grace", ""]


def test_birth_years_count_by_their_decade():
    years = [1950, 1959, 1960, None, *range(1961, 1975)]
    (condition,) = declared_conditions(bank_of(customers_of(birth_year=years), {"birth_year": ColumnRole.protected}))
    assert values_of(condition)[:5] == ["1950s", "1950s", "1960s", "", "1960s"]
    assert condition.values == ["1950s", "1960s", "1970s"]


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

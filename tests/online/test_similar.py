"""Similar customers: who, how near in each space, and what they have in common."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bank_of_records import bank_of_records

from ringsight.errors import SettingsError
from ringsight.online.common import in_common
from ringsight.online.similar import (
    SimilarConfig,
    SpaceWeights,
    most_similar,
    stored_vectors,
    unknown,
    with_newcomer,
)
from ringsight.records.bank import ColumnRole, Customers
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.opening import open_store
from ringsight.vectors.ranking import Ranking
from ringsight.vectors.vector_store import StoreConfig, StoreKind, VectorStore

MODEL = "a" * 64
ROLES = {"device_id": ColumnRole.evidence, "branch": ColumnRole.innocent, "sex": ColumnRole.protected}
CUSTOMERS = pl.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "region": ["EU", "EU", "US", "EU"],
        "device_id": ["D1", "D1", "D2", None],
        "branch": ["north", "north", "north", "south"],
        "sex": ["f", "f", "f", "f"],
    }
)
BANK = Customers(Path("bank"), CUSTOMERS, ROLES)


def space(name: str, ids: str, angles: list[float]) -> Embeddings:
    vectors = np.array([[np.cos(each), np.sin(each)] for each in angles], dtype=np.float32)
    return Embeddings(name, np.array(list(ids)), vectors, MODEL, "data")


@pytest.fixture
def store() -> VectorStore:
    store = open_store(StoreConfig(kind=StoreKind.memory))
    for each in (space("notes", "abc", [0, 1, 0.1]), space("joint", "abcd", [0, 0.1, 0.2, 0.3])):
        store.write(each, CUSTOMERS)
    store.promote(MODEL)
    return store


def test_the_joint_space_makes_the_order_and_every_space_is_told(store: VectorStore) -> None:
    found = most_similar(store, stored_vectors(store, "a"), SimilarConfig(k=5))
    assert [each.customer_id for each in found] == ["b", "c", "d"]
    assert found[0].similarities == pytest.approx({"joint": np.cos(0.1), "notes": np.cos(1)}, abs=1e-5)
    assert found[0].ranks == {"joint": 1, "notes": 2}
    assert (found[0].nearest, found[2].nearest) == ("notes", "")


def test_weights_choose_the_spaces(store: VectorStore) -> None:
    config = SimilarConfig(weights=SpaceWeights(notes=1))
    assert [each.customer_id for each in most_similar(store, stored_vectors(store, "a"), config)] == ["c", "b"]
    by_rank = most_similar(store, stored_vectors(store, "a"), replace(config, ranking=Ranking.rrf))
    assert [each.customer_id for each in by_rank] == ["c", "b"]


def test_a_filter_that_excludes_all_finds_nobody(store: VectorStore) -> None:
    queries = stored_vectors(store, "a")
    assert [each.customer_id for each in most_similar(store, queries, SimilarConfig(where="region == 'US'"))] == ["c"]
    assert most_similar(store, queries, SimilarConfig(where="region == 'AU'")) == ()


def test_common_values_are_told_with_their_carriers_and_protected_ones_never() -> None:
    common = in_common(BANK, "a", ["b", "c", "d"])
    assert [(each.column, each.value, each.customers, each.of) for each in common["b"]] == [
        ("device_id", "D1", 2, 3),
        ("branch", "north", 3, 4),
    ]
    assert [each.column for each in common["c"]] == ["branch"]
    assert common["d"] == ()
    assert in_common(BANK, "nobody", ["a"]) == {"a": ()}


def test_an_unknown_customer_is_in_no_space_and_near_ids_are_named(store: VectorStore) -> None:
    assert stored_vectors(store, "x") == {}
    assert "C0012" in str(unknown("C0021", np.array(["C0012", "X9"]), "bank"))


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"k": 0}, {"where": "region = 'EU'"}):
        with pytest.raises(SettingsError):
            SimilarConfig(**wrong)
    for weight in (-1.0, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="notes"):
            SpaceWeights(notes=weight)


def test_customers_with_several_values_have_any_of_them_in_common() -> None:
    table = CUSTOMERS.with_columns(device_id=pl.Series([["D1", "D2"], ["D2"], ["D2", "D1"], ["D9"]]))
    found = in_common(Customers(Path("bank"), table, ROLES), "a", ["b", "c", "d"])
    carried = {other: [(each.value, each.customers) for each in common] for other, common in found.items()}
    assert carried["b"][0] == ("D2", 3)
    assert sorted(carried["c"][:2]) == [("D1", 2), ("D2", 3)]
    assert carried["d"] == []


def test_a_newcomer_who_spells_otherwise_has_the_value_in_common() -> None:
    table = CUSTOMERS.with_columns(phone=pl.Series(["+49 151 23456789", "+49 151 2345678", "+49 30 123456", None]))
    roles = {**ROLES, "phone": ColumnRole.evidence}
    own = pl.DataFrame(
        {"customer_id": ["n"], "device_id": [["d1", "D7"]], "branch": ["NORTH"], "phone": ["0151/23456789"]}
    )
    newcomer = replace(bank_of_records(), customers=own)
    found = in_common(with_newcomer(Customers(Path("bank"), table, roles), newcomer), "n", ["a"])["a"]
    assert {each.column for each in found} == {"device_id", "branch", "phone"}

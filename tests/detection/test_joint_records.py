"""Customers who own records together are alike by construction: that flags nobody, and makes no alike pairs."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_bank import Simulation, flags, found, simulate

from ringsight.detection.detect import detect
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import ColumnRole
from ringsight.records.joint_owners import JOINT

FAMILY = ["c0000", "c0003", "c0006", "c0009"]
COUPLES = [(f"c{number:04d}", f"c{number + 3:04d}") for number in range(30, 120, 6)]
SHARED = ("notes", "transactions")


@pytest.fixture(scope="module")
def joint() -> Simulation:
    """A bank with one ring, a family of four and fifteen couples, who own their transactions and notes together."""
    simulation = simulate(4, rings=1)
    embeddings = dict(simulation.embeddings)
    for name in SHARED:
        vectors, ids = embeddings[name].vectors.copy(), embeddings[name].customer_ids.tolist()
        for group in (FAMILY, *COUPLES):
            if not simulation.rings[0] & set(group):
                vectors[[ids.index(each) for each in group[1:]]] = vectors[ids.index(group[0])]
        embeddings[name] = replace(embeddings[name], vectors=vectors.astype(np.float32))
    return replace(simulation, embeddings=embeddings)


def detected(simulation: Simulation, *, declared: bool) -> Results:
    bank = simulation.bank
    if declared:
        named = {each: [f"joint {group[0]}"] for group in (FAMILY, *COUPLES) for each in group}
        column = bank.customers["customer_id"].replace_strict(named, default=None, return_dtype=pl.List(pl.String))
        bank = replace(bank, customers=bank.customers.with_columns(column.alias(JOINT)))
        bank = replace(bank, roles={JOINT: ColumnRole.innocent})
    return detect(bank, simulation.embeddings, DetectConfig(permutations=40), 0)


def pairs_of(results: Results) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in results.pairs.select("customer_a", "customer_b").iter_rows()}


def test_owners_of_joint_records_are_explained_and_a_ring_beside_them_is_found(joint: Simulation) -> None:
    undeclared = detected(joint, declared=False)
    assert found(set(FAMILY), flags(undeclared)), "else the test could not fail"
    couples = {frozenset(couple) for couple in COUPLES}
    assert couples & pairs_of(undeclared)
    results = detected(joint, declared=True)
    assert results.summary["rate_stated"], "ordinary groups are those that hold no two joint owners"
    assert not any(set(FAMILY) & flag for flag in flags(results))
    explained = results.rings.filter(pl.col("explanation") == JOINT)["ring_id"].to_list()
    assert any(set(FAMILY) <= set(results.members_of(ring)) for ring in explained)
    assert found(joint.rings[0], flags(results))
    assert not couples & pairs_of(results)

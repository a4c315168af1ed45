"""The list: what is on it, what leaves it before the rate is worked out, and what is never a ring."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_bank import MODALITIES, Simulation, bank_of, flags, found, simulate

from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import Embeddings

QUICK = DetectConfig(permutations=40)


def planted_on(
    simulation: Simulation, groups: list[list[int]], noise: float, *modalities: str
) -> dict[str, Embeddings]:
    """The embeddings, with some customers drawn together in some modalities."""
    rng = np.random.default_rng(5)
    changed = dict(simulation.embeddings)
    for name in modalities:
        vectors = np.array(changed[name].vectors)
        for members in groups:
            drawn = rng.normal(size=vectors.shape[1]) + noise * rng.normal(size=(len(members), vectors.shape[1]))
            vectors[members] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        changed[name] = replace(changed[name], vectors=vectors)
    return changed


@pytest.mark.slow
def test_a_held_ring_leaves_before_the_rate_of_the_others_is_worked_out():
    simulation = simulate(1, customers=240, rings=3, tied=3)
    ids = simulation.bank.customer_ids.tolist()
    own = [("shared" if customer in simulation.rings[1] else f"own {customer}") for customer in ids]
    customers = simulation.bank.customers.with_columns(nationality=pl.Series(own))
    bank = bank_of(customers, {"nationality": ColumnRole.protected})
    rates = {}
    for block in (True, False):
        results = detect(bank, simulation.embeddings, replace(QUICK, block_proxies=block), seed=0)
        assert results.summary["held"] == 1
        others = results.rings.filter(pl.col("held") == "")
        rates[block] = dict(others.select("ring_id", "adjusted_q_value").iter_rows())
    assert rates[True].keys() == rates[False].keys()
    assert all(rates[True][ring] >= rates[False][ring] for ring in rates[True])
    # two rings instead of three share the least that so few chance worlds can show
    assert min(rates[True].values()) == pytest.approx(1.5 * min(rates[False].values()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_customers_on_file_twice_are_pairs_and_no_rings(seed: int):
    simulation = simulate(seed, rings=0)
    twice = np.random.default_rng(seed).permutation(300)[:24].reshape(-1, 2).tolist()
    results = detect(simulation.bank, planted_on(simulation, twice, 0.2, *MODALITIES), QUICK, seed=0)
    ids = simulation.bank.customer_ids
    assert not any(len(set(ids[pair].tolist()) & flag) for pair in twice for flag in flags(results))
    real = {tuple(sorted(ids[pair].tolist())) for pair in twice}
    listed = set(results.pairs.select("customer_a", "customer_b").iter_rows())
    assert len(real & listed) >= 10
    assert len(listed - real) <= 1
    assert results.summary["alike_pairs"] == len(listed)
    assert results.pairs["q_value"].to_numpy().max() <= QUICK.fdr


@pytest.mark.slow
def test_a_group_that_agrees_as_a_ring_and_is_too_large_for_one_is_a_community():
    simulation = simulate(0, rings=1)
    ids = simulation.bank.customer_ids
    outside = [row for row, customer in enumerate(ids.tolist()) if customer not in simulation.rings[0]]
    club = np.random.default_rng(14).permutation(outside)[:14].tolist()
    results = detect(simulation.bank, planted_on(simulation, [club], 0.4, "notes", "transactions"), QUICK, seed=0)
    assert not any(len(set(ids[club].tolist()) & flag) >= 3 for flag in flags(results))
    members = results.community_members.group_by("community_id").agg("customer_id")["customer_id"].to_list()
    assert found(set(ids[club].tolist()), [set(group) for group in members])
    assert results.summary["communities"] == len(results.communities) == len(members)
    assert (results.communities["size"] > QUICK.largest).any()


@pytest.mark.slow
def test_a_bank_that_calls_larger_groups_rings_gets_them():
    simulation = simulate(0, rings=0)
    club = np.random.default_rng(2).permutation(300)[:14].tolist()
    embeddings = planted_on(simulation, [club], 0.4, "notes", "transactions")
    results = detect(simulation.bank, embeddings, replace(QUICK, largest=30), seed=0)
    assert found(set(simulation.bank.customer_ids[club].tolist()), flags(results))


def test_where_every_customer_is_a_stratum_of_its_own_nothing_can_be_told():
    simulation = simulate(0, customers=90)
    customers = simulation.bank.customers.with_columns(stratum=pl.col("customer_id"))
    results = detect(bank_of(customers), simulation.embeddings, QUICK, seed=0)
    assert not results.rings["flagged"].any()

"""Detection, whole, on small simulated banks: planted rings are found, and chance is not taken for one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from finished_runs import finished
from scipy.stats import binom
from simulated_bank import MODALITIES, Simulation, bank_of, flags, found, simulate

from ringsight.detection.detect import detect
from ringsight.detection.results import TABLES, Basis, Results, SourceRole
from ringsight.detection.settings import DetectConfig
from ringsight.detection.tables import ring_id
from ringsight.errors import SettingsError
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import JOINT

QUICK = DetectConfig(permutations=40)


def detection_of(simulation: Simulation, seed: int = 0) -> Results:
    return detect(simulation.bank, simulation.embeddings, QUICK, seed)


@pytest.fixture(scope="module")
def planted() -> Simulation:
    """300 customers in 3 strata, of whom three rings of six are tied in two modalities each."""
    return simulate(1)


@pytest.fixture(scope="module")
def results(planted: Simulation) -> Results:
    return detection_of(planted)


def test_planted_rings_are_found_and_little_else(planted: Simulation, results: Results):
    flagged = flags(results)
    assert all(found(ring, flagged) for ring in planted.rings)
    assert len(flagged) <= len(planted.rings) + 1


def test_the_tables_hold_together(planted: Simulation, results: Results):
    for name, schema in TABLES.items():
        assert getattr(results, name).schema == pl.Schema(schema), name
    assert results.members["customer_id"].is_unique().all()
    assert set(results.members["customer_id"]) <= set(planted.bank.customer_ids.tolist())
    sizes = dict(results.members.group_by("ring_id").len().iter_rows())
    assert sizes == dict(results.rings.select("ring_id", "size").iter_rows())
    rings = results.rings
    order = rings.sort(["adjusted_q_value", "adjusted_score"], descending=[False, True], maintain_order=True)
    assert order.equals(rings)
    assert (rings["adjusted_score"] <= rings["score"]).all()
    assert (rings["flagged"] == (rings["adjusted_q_value"] <= QUICK.fdr) & (rings["held"] == "")).all()
    for rate in ("q_value", "adjusted_q_value", "p_value"):
        assert rings[rate].is_between(0, 1).all()
    assert set(rings["basis"]) <= set(Basis)
    assert set(rings["proposer"]) <= set(MODALITIES)
    assert set(rings.filter(pl.col("basis") == "inside")["proposer"]) <= {"id_images"}
    assert set(results.null["world"]) <= set(range(20))
    assert set(results.agreement["role"]) <= set(SourceRole)


def test_links_tie_members_of_one_ring_by_some_evidence(results: Results):
    ring_of = dict(results.members.select("customer_id", "ring_id").iter_rows())
    assert (results.links["customer_a"] < results.links["customer_b"]).all()
    for link in results.links.iter_rows(named=True):
        assert ring_of[link["customer_a"]] == ring_of[link["customer_b"]] == link["ring_id"]
        assert link["bits"] > 0
    assert not results.links.select("customer_a", "customer_b", "source").is_duplicated().any()
    flagged = results.rings.filter(pl.col("flagged"))["ring_id"]
    assert set(flagged) <= set(results.links["ring_id"])


def test_the_summary_counts_what_the_tables_hold(planted: Simulation, results: Results):
    summary, flagged = results.summary, results.rings.filter(pl.col("flagged"))
    assert (summary["rings"], summary["flagged"]) == (len(results.rings), len(flagged))
    assert summary["flagged_customers"] == flagged["size"].sum() == sum(map(len, flags(results)))
    assert 0 < summary["expected_false_flags"] <= summary["fdr"] * len(flagged)
    assert summary["customers_with"] == dict.fromkeys(MODALITIES, 300)
    assert (summary["strata"], summary["data_hash"]) == (3, planted.bank.data_hash)


@pytest.mark.slow
def test_no_truth_is_read(planted: Simulation, results: Results):
    # there is no folder to read from, and columns that tell are not looked at
    assert not planted.bank.path.exists()
    told = planted.bank.customers.with_columns(
        is_fraud=pl.col("customer_id").is_in(sorted(set.union(*planted.rings))), ring_id=pl.lit("R")
    )
    again = detect(bank_of(told), planted.embeddings, QUICK, seed=0)
    assert again.rings.equals(results.rings)
    assert again.members.equals(results.members)


def test_the_same_seed_gives_the_same_bytes(planted: Simulation, results: Results, tmp_path: Path):
    finished(tmp_path / "once", results)
    backwards = {name: planted.embeddings[name] for name in reversed(MODALITIES)}
    finished(tmp_path / "again", detect(planted.bank, backwards, QUICK, seed=0))
    for path in (each for each in (tmp_path / "once").iterdir() if each.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


@pytest.mark.slow
def test_another_seed_finds_the_same_rings(planted: Simulation, results: Results):
    other = flags(detection_of(planted, seed=99))
    assert all(found(ring, other) for ring in planted.rings)


@pytest.mark.slow
def test_what_customers_are_called_and_in_which_order_they_come_is_irrelevant():
    names = [f"k{i:04d}" for i in np.random.default_rng(5).permutation(300)]
    renamed = simulate(1, names=names)
    flagged = flags(detection_of(renamed))
    assert all(found(ring, flagged) for ring in renamed.rings)
    assert len(flagged) <= len(renamed.rings) + 1


@pytest.mark.slow
def test_the_joint_space_has_no_part_in_it(planted: Simulation, results: Results):
    again = detect(
        planted.bank,
        planted.embeddings | {JOINT: replace(planted.embeddings["notes"], space=JOINT, modality=JOINT)},
        QUICK,
        seed=0,
    )
    assert again.rings.equals(results.rings)


@pytest.mark.slow
def test_those_who_lack_a_modality_are_not_tied_by_lacking_it():
    # a third have no image; nearly all of them in one stratum, as where one channel never asks for one
    rng = np.random.default_rng(2)
    absent = rng.random(300) < np.where(np.arange(300) % 3 == 0, 0.9, 0.05)
    simulation = simulate(7, present={"id_images": ~absent})
    results = detection_of(simulation)
    without = set(simulation.bank.customer_ids[absent].tolist())
    flagged = flags(results)
    assert sum(found(ring, flagged) for ring in simulation.rings) >= 2
    assert not [group for group in flagged if group <= without and not any(found(r, [group]) for r in simulation.rings)]
    touching = results.links.filter(pl.col("customer_a").is_in(without) | pl.col("customer_b").is_in(without))
    assert len(touching)
    assert "id_images" not in touching["source"]


def test_every_member_of_a_flag_is_told_how_surely_they_belong(planted: Simulation, results: Results):
    flagged = results.rings.filter(pl.col("flagged"))["ring_id"].to_list()
    told = results.members.filter(pl.col("p_value").is_not_null())
    assert set(told["ring_id"]) == set(flagged)
    assert (
        told.filter(pl.col("ring_id").is_in(flagged)).height
        == results.members.filter(pl.col("ring_id").is_in(flagged)).height
    )
    assert (told["p_value"] <= told["q_value"] + 1e-12).all()
    everybody = set.union(*planted.rings)
    right = told["customer_id"].is_in(sorted(everybody))
    assert (told.filter(right)["fit"] == "fits").to_numpy().mean() > 0.8
    assert not set(told.filter(~right)["fit"]) - {"fits", "leave out?", "doubtful"}
    assert set(results.perhaps["ring_id"]) <= set(flagged)
    in_flags = set(results.members.filter(pl.col("ring_id").is_in(flagged))["customer_id"])
    assert not set(results.perhaps["customer_id"]) & in_flags


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["guard_bits", "guard_upper_bits"])
def test_beyond_a_bound_of_the_guard_no_rate_leaves_detection(planted: Simulation, results: Results, bound: str):
    strict = replace(QUICK)
    setattr(strict, bound, -9.0)
    withheld = detect(planted.bank, planted.embeddings, strict, seed=0)
    assert not withheld.summary["rate_stated"]
    assert withheld.summary["expected_false_flags"] is None
    assert withheld.rings["ring_id"].equals(results.rings["ring_id"])
    for table, rates in ((withheld.rings, ["p_value", "q_value", "adjusted_q_value"]), (withheld.members, ["q_value"])):
        assert all(table[rate].null_count() == len(table) for rate in rates)
    assert withheld.conditions["q_value"].null_count() == len(withheld.conditions)
    assert withheld.pairs["q_value"].null_count() == len(withheld.pairs)
    assert withheld.rings["flagged"].equals(results.rings["flagged"])


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_banks_without_rings_are_seldom_flagged(shared: bool):
    runs = 20
    flagged = 0
    for seed in range(runs):
        simulation = simulate(100 + seed, customers=100, rings=0)
        devices = pl.Series("device", np.random.default_rng(seed).integers(0, 40, 100).astype(str))
        bank = bank_of(
            simulation.bank.customers.with_columns(devices), {"device": ColumnRole.evidence} if shared else {}
        )
        flagged += bool(flags(detect(bank, simulation.embeddings, QUICK, seed)))
    # 4 of 20: with a rate of 5 % (a tenth more for the plug-in estimate) more happens once in 300 times
    assert flagged <= binom.ppf(0.995, runs, 1.1 * QUICK.fdr)


@pytest.mark.slow
def test_a_ring_of_one_modality_is_flagged_on_no_other_basis_than_inside_it():
    simulation = simulate(3, tied=1)
    results = detection_of(simulation)
    for name in results.rings.filter(pl.col("flagged") & (pl.col("basis") == "across"))["ring_id"]:
        assert not any(found(ring, [set(results.members_of(name))]) for ring in simulation.rings)


def device_bits(results: Results) -> pl.Series:
    return results.links.filter(pl.col("source") == "device")["bits"]


@pytest.mark.slow
def test_a_device_corroborates_what_one_modality_shows():
    simulation = simulate(3, customers=150, tied=1)
    of_a_ring = {customer: number for number, ring in enumerate(simulation.rings) for customer in ring}
    devices = [f"device {of_a_ring.get(c, c)}" for c in simulation.bank.customer_ids.tolist()]
    customers = simulation.bank.customers.with_columns(device=pl.Series(devices))
    results = detect(bank_of(customers, {"device": ColumnRole.evidence}), simulation.embeddings, QUICK, seed=0)
    assert all(found(ring, flags(results)) for ring in simulation.rings)
    assert device_bits(results).max() == pytest.approx(np.log2(150 / 6))
    for other in (ColumnRole.innocent, ColumnRole.protected):
        unused = detect(bank_of(customers, {"device": other}), simulation.embeddings, QUICK, seed=0)
        assert not any(found(ring, flags(unused)) for ring in simulation.rings)
        assert device_bits(unused).is_empty()
        assert "device" not in unused.agreement["source"]


@pytest.mark.slow
def test_a_value_that_everybody_shares_ties_nobody_and_explains_nothing(planted: Simulation, results: Results):
    everybody = planted.bank.customers.with_columns(device=pl.lit("kiosk"), branch=pl.lit("main"), sex=pl.lit("x"))
    roles = {"device": ColumnRole.evidence, "branch": ColumnRole.innocent, "sex": ColumnRole.protected}
    again = detect(bank_of(everybody, roles), planted.embeddings, QUICK, seed=0)
    assert len(again.links)
    assert device_bits(again).is_empty()
    assert set(again.rings["explanation"]) | set(again.rings["held"]) == {""}
    assert "device" not in again.agreement["source"]
    assert sorted(map(sorted, flags(again))) == sorted(map(sorted, flags(results)))


@pytest.mark.slow
def test_strata_with_fewer_customers_than_neighbours_are_looked_for_serve():
    simulation = simulate(6, customers=120, rings=2)
    strata = pl.Series("stratum", [f"s{i // 12}" for i in range(120)])
    results = detect(bank_of(simulation.bank.customers.with_columns(strata)), simulation.embeddings, QUICK, seed=0)
    assert results.summary["strata"] == 10
    assert not [group for group in flags(results) if not any(found(ring, [group]) for ring in simulation.rings)]


@pytest.mark.parametrize("customers", [2, 3, 4])
def test_a_bank_too_small_for_a_ring_has_none(customers: int):
    simulation = simulate(0, customers=customers, rings=0)
    if customers < QUICK.candidates.min_size:
        with pytest.raises(SettingsError, match="nothing to compare"):
            detection_of(simulation)
        return
    results = detection_of(simulation)
    assert not results.rings["flagged"].any()
    assert results.summary["expected_false_flags"] == 0.0


def test_no_embeddings_and_no_entities_are_refused(planted: Simulation):
    with pytest.raises(SettingsError, match="nothing to compare"):
        detect(planted.bank, {}, QUICK, seed=0)


def test_a_ring_is_called_by_its_members():
    assert ring_id(np.array(["b", "a"])) == ring_id(np.array(["a", "b"])) != ring_id(np.array(["a", "c"]))


@pytest.mark.parametrize("fdr", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(fdr: float):
    with pytest.raises(SettingsError, match=r"detect\.fdr"):
        DetectConfig(fdr=fdr)


@pytest.mark.parametrize(("fdr", "permutations"), [(0.05, 0), (0.05, -40), (0.05, 39), (0.01, 199)])
def test_too_few_permutations_for_the_rate_are_refused(fdr: float, permutations: int):
    with pytest.raises(SettingsError, match="can never show"):
        DetectConfig(fdr=fdr, permutations=permutations)


def test_as_many_permutations_as_the_rate_needs_are_enough():
    assert DetectConfig(fdr=0.05, permutations=40).permutations == 40

"""Missing is a mask: customers do not gather for what they lack, and detection goes on with what is there."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from lacking_bank import Groups, LackingBank, chance_of_gathering, filled_in, lacking_bank
from simulated_bank import MODALITIES, Simulation, flags, found, simulate

from ringsight.detection.candidates import propose
from ringsight.detection.detect import detect
from ringsight.detection.evidence import gather_evidence
from ringsight.detection.results import Results
from ringsight.detection.settings import CandidateConfig, DetectConfig
from ringsight.errors import ModelError, SettingsError
from ringsight.records.embeddings import Embeddings

pytestmark = pytest.mark.slow

QUICK = DetectConfig(permutations=40)
SCARCE = ("id_images", "notes")
SIGNIFICANT = 0.01


def candidates_of(bank: LackingBank, embeddings: Mapping[str, Embeddings]) -> Groups:
    evidence = gather_evidence(bank.simulation.bank.customers, embeddings, [], CandidateConfig(), seed=0)
    groups = propose(evidence, CandidateConfig()).groups
    return [groups[number] for number in range(groups.count)]


def rings_of(bank: LackingBank, results: Results, flagged: bool = False) -> Groups:
    rings = results.rings.filter(pl.col("flagged") | (not flagged))["ring_id"]
    return [bank.rows(results.members_of(ring_id)) for ring_id in rings]


def links_of(bank: LackingBank, results: Results) -> Groups:
    a, b = (bank.rows(results.links[end].to_list()) for end in ("customer_a", "customer_b"))
    return list(np.column_stack([a, b]))


@pytest.fixture(scope="module")
def banks() -> list[LackingBank]:
    return [lacking_bank(seed) for seed in range(5)]


@pytest.fixture(scope="module")
def results(banks: list[LackingBank]) -> list[Results]:
    return [detect(bank.simulation.bank, bank.simulation.embeddings, QUICK, seed=0) for bank in banks]


@pytest.mark.parametrize("modality", SCARCE)
def test_who_lacks_the_same_does_not_gather(banks: list[LackingBank], results: list[Results], modality: str):
    together = list(zip(banks, results, strict=True))
    for groups in (
        [candidates_of(bank, bank.simulation.embeddings) for bank in banks],
        [rings_of(bank, result) for bank, result in together],
        [rings_of(bank, result, flagged=True) for bank, result in together],
        [links_of(bank, result) for bank, result in together],
    ):
        assert all(len(inside) for inside in groups)
        assert chance_of_gathering(banks, groups, modality) > SIGNIFICANT


@pytest.mark.parametrize("modality", SCARCE)
def test_the_figure_tells_where_the_absent_is_filled_in(banks: list[LackingBank], modality: str):
    groups = [candidates_of(bank, filled_in(bank, noise=0.05)) for bank in banks]
    assert chance_of_gathering(banks, groups, modality) < SIGNIFICANT


def test_a_zero_vector_for_the_absent_is_refused():
    with pytest.raises(ModelError, match="length 1"):
        Embeddings("notes", np.array(["a"]), np.zeros((1, 4), dtype=np.float32), "model", "data")


@pytest.mark.parametrize("modality", SCARCE)
def test_a_link_has_no_bits_in_what_either_lacks(banks: list[LackingBank], results: list[Results], modality: str):
    touched = 0
    for bank, result in zip(banks, results, strict=True):
        without = bank.simulation.bank.customer_ids[bank.lacking[modality]].tolist()
        links = result.links.filter(pl.col("customer_a").is_in(without) | pl.col("customer_b").is_in(without))
        assert modality not in links["source"]
        touched += len(links)
    assert touched > 0


def nobody_in(embeddings: Embeddings) -> Embeddings:
    none = embeddings.vectors[:0]
    return Embeddings(embeddings.space, embeddings.customer_ids[:0], none, embeddings.model_hash, embeddings.data_hash)


@pytest.fixture(scope="module")
def tied_in_all() -> Simulation:
    return simulate(1, tied=3)


@pytest.mark.parametrize("absent", MODALITIES)
def test_with_one_modality_missing_the_rest_is_judged(tied_in_all: Simulation, absent: str):
    rest = {name: found for name, found in tied_in_all.embeddings.items() if name != absent}
    left = detect(tied_in_all.bank, rest, QUICK, seed=0)
    assert all(found(ring, flags(left)) for ring in tied_in_all.rings)
    assert len(flags(left)) <= len(tied_in_all.rings) + 1
    assert absent not in left.summary["customers_with"]
    empty = detect(tied_in_all.bank, rest | {absent: nobody_in(tied_in_all.embeddings[absent])}, QUICK, seed=0)
    assert empty.rings.equals(left.rings)
    assert empty.summary["customers_with"][absent] == 0


@pytest.mark.parametrize("only", MODALITIES)
def test_with_one_trace_left_there_is_nothing_to_corroborate(tied_in_all: Simulation, only: str):
    rings = detect(tied_in_all.bank, {only: tied_in_all.embeddings[only]}, QUICK, seed=0).rings
    across = rings.filter(pl.col("basis") == "across")
    assert not across["flagged"].any()
    assert (across["score"] <= 0).all()
    assert (only == "id_images") == (len(rings) > 0)  # where nothing is judged inside it, every candidate is common


@pytest.mark.parametrize("customers", [0, 1, 2])
def test_too_few_customers_to_compare_are_refused(customers: int):
    bank = simulate(0, customers=customers, rings=0)
    with pytest.raises(SettingsError, match="nothing to compare"):
        detect(bank.bank, bank.embeddings, QUICK, seed=0)


@pytest.mark.parametrize("customers", [3, 40])
@pytest.mark.parametrize("but_for", [None, "notes"])
def test_customers_all_alike_are_not_flagged(customers: int, but_for: str | None):
    bank = simulate(0, customers=customers, rings=0)
    alike = {
        name: Embeddings(name, one.customer_ids, np.tile(one.vectors[:1], (customers, 1)), one.model_hash, "data")
        for name, one in bank.embeddings.items()
        if name != but_for
    }
    results = detect(bank.bank, bank.embeddings | alike, QUICK, seed=0)
    assert not results.rings["flagged"].any()
    assert results.summary["flagged"] == 0

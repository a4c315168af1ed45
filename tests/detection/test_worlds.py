"""Chance worlds: who may carry whose records, and what a world shows."""

import numpy as np
import polars as pl
import pytest
from simulated_bank import MODALITIES, simulate

from ringsight.detection.agreement import calibrate
from ringsight.detection.candidates import Candidates, propose
from ringsight.detection.corroboration import Measured, as_observed, corroborate
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.settings import CandidateConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections
from ringsight.detection.worlds import FEWEST_CALIBRATING, CalibrationWorlds, ChanceWorlds, calibrating

N = 120
CONFIG = CandidateConfig(neighbours=10)


def gathered(strata: list[str], names: tuple[str, ...] = MODALITIES) -> Evidence:
    """Three modalities, one with a third of the customers missing, and a device."""
    have = np.random.default_rng(0).random(N) < 2 / 3
    simulation = simulate(4, customers=N, rings=2, present={"id_images": have})
    devices = pl.Series("device", [f"d{i // 3}" if i < 30 else None for i in range(N)])
    customers = simulation.bank.customers.with_columns(devices, stratum=pl.Series(strata))
    embeddings = {name: simulation.embeddings[name] for name in names}
    return gather_evidence(customers, embeddings, ["device"], CONFIG, seed=0)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gathered(["abc"[i % 3] for i in range(N)])


def measured_of(evidence: Evidence) -> Measured:
    return Measured(evidence.spaces, [calibrate(space, evidence.seed) for space in evidence.spaces])


def shuffle_of(evidence: Evidence) -> ConditionalShuffle:
    nothing = SharedDirections(tuple(np.zeros((N, 0)) for _ in evidence.modalities), np.zeros(0), 0.0)
    return ConditionalShuffle(nothing, [evidence.cells_of(modality) for modality in evidence.modalities])


def worlds_of(evidence: Evidence, count: int) -> tuple[Candidates, CalibrationWorlds]:
    candidates = propose(evidence, CONFIG)
    worlds = ChanceWorlds(evidence, shuffle_of(evidence))
    return candidates, worlds.calibration(range(count), candidates, [measured_of(evidence)])[0]


def test_records_go_to_customers_of_the_stratum_who_have_the_modality(evidence: Evidence):
    rng = np.random.default_rng(1)
    for _ in range(5):
        owners = dict(zip(evidence.modalities, shuffle_of(evidence).draw(rng), strict=True))
        for space in evidence.spaces:
            owner = owners[space.modality]
            assert sorted(owner.tolist()) == list(range(N))
            np.testing.assert_array_equal(evidence.strata[owner], evidence.strata)
            np.testing.assert_array_equal(space.present[owner], space.present)
            assert (owner != np.arange(N))[space.present].mean() > 0.8


def test_each_modality_changes_hands_apart_from_the_others(evidence: Evidence):
    owners = dict(zip(evidence.modalities, shuffle_of(evidence).draw(np.random.default_rng(1)), strict=True))
    assert (owners["notes"] == owners["transactions"]).mean() < 0.2


def test_where_nothing_can_change_hands_every_world_is_the_bank():
    evidence = gathered([str(i) for i in range(N)])  # a stratum each
    candidates, worlds = worlds_of(evidence, 4)
    observed = corroborate(evidence, candidates, measured_of(evidence), as_observed(evidence))
    for world in range(4):
        np.testing.assert_allclose(worlds.full[world], observed.full, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(worlds.second[world], observed.second, rtol=1e-5, atol=1e-5)


def test_strangers_corroborate_by_nothing_on_average(evidence: Evidence):
    candidates, worlds = worlds_of(evidence, 60)
    spaces = [row for row in range(candidates.groups.count) if candidates.proposers[candidates.proposer[row]].modality]
    assert abs(worlds.full[:, spaces].mean()) < 0.3


def test_worlds_are_kept_in_half_the_memory(evidence: Evidence):
    _, worlds = worlds_of(evidence, 2)
    assert worlds.full.dtype == worlds.second.dtype == np.float32


def test_a_world_measures_some_candidates_as_it_does_among_all(evidence: Evidence):
    candidates, whole = worlds_of(evidence, 3)
    small = np.flatnonzero(candidates.groups.sizes <= 5)
    assert 0 < len(small) < candidates.groups.count
    worlds = ChanceWorlds(evidence, shuffle_of(evidence))
    some = worlds.corroboration(2, candidates.take(small), measured_of(evidence))
    np.testing.assert_array_equal(some.full.astype(np.float32), whole.full[2, small])
    np.testing.assert_array_equal(some.second.astype(np.float32), whole.second[2, small])


@pytest.mark.parametrize(("candidates", "worlds"), [(0, 100), (4_000, 100), (10_000, 50), (10**6, FEWEST_CALIBRATING)])
def test_the_more_candidates_the_fewer_worlds_calibrate(candidates: int, worlds: int):
    assert calibrating(candidates, 200) == worlds


def test_a_world_is_the_same_in_any_number_of_others(evidence: Evidence):
    np.testing.assert_array_equal(worlds_of(evidence, 3)[1].full, worlds_of(evidence, 8)[1].full[:3])


def test_ways_to_count_are_measured_in_the_same_worlds(evidence: Evidence):
    way, candidates = measured_of(evidence), propose(evidence, CONFIG)
    one, two = ChanceWorlds(evidence, shuffle_of(evidence)).calibration(range(3), candidates, [way, way])
    np.testing.assert_array_equal(one.full, two.full)


def test_the_order_in_which_spaces_are_handed_over_does_not_matter():
    strata = ["abc"[i % 3] for i in range(N)]
    forwards, backwards = (worlds_of(gathered(strata, names), 3) for names in (MODALITIES, MODALITIES[::-1]))
    np.testing.assert_array_equal(forwards[0].groups.members, backwards[0].groups.members)
    np.testing.assert_array_equal(forwards[1].full, backwards[1].full)

"""Membership: members of a ring fit, strangers in it do not, and mates who were left out are found."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest
from simulated_bank import bank_of

from ringsight.detection.agreement import calibrate
from ringsight.detection.candidates import Proposer
from ringsight.detection.corroboration import Measured
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.membership import Fits, Membership, _together
from ringsight.detection.settings import CandidateConfig, DetectConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections
from ringsight.records.embeddings import Embeddings

N = 400
RING = np.arange(40, 48)
CONFIG = DetectConfig(inside=["transactions"], isolated=[])


def world(seed: int, present: dict[str, np.ndarray] | None = None, device: bool = False) -> tuple[Evidence, Membership]:
    """A ring of eight, alike in notes, images and two spaces of transactions.

    Args:
        seed: of the vectors.
        present: by modality who has it; by default everybody.
        device: whether the ring and two outsiders share a device.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i:04d}" for i in range(N)])
    spaces = {}
    modalities = {"notes": "notes", "id_images": "id_images", "shops": "transactions", "days": "transactions"}
    for name, modality in modalities.items():
        vectors = rng.normal(size=(N, 16))
        vectors[RING] = vectors[RING[0]] + 0.5 * vectors[RING]
        rows = np.flatnonzero((present or {}).get(modality, np.ones(N, dtype=bool)))
        unit = vectors[rows] / np.linalg.norm(vectors[rows], axis=1, keepdims=True)
        spaces[name] = Embeddings(name, ids[rows], unit.astype(np.float32), "model", "data", modality)
    customers = pl.DataFrame({"customer_id": ids, "stratum": [f"s{i % 2}" for i in range(N)]})
    shared = ["d"] * 10 if device else [None] * 10
    devices = [f"own {i}" if i % 2 else None for i in range(N - 10)]
    customers = customers.with_columns(device=pl.Series([*devices[:40], *shared, *devices[40:]]))
    bank = bank_of(customers)
    evidence = gather_evidence(bank.customers, spaces, ["device"], CandidateConfig(neighbours=20), seed=seed)
    nothing = SharedDirections(tuple(np.zeros((N, 0)) for _ in evidence.modalities), np.zeros(0), 0.0)
    shuffle = ConditionalShuffle(nothing, [evidence.cells_of(modality) for modality in evidence.modalities])
    measured = Measured(evidence.spaces, [calibrate(space, 0) for space in evidence.spaces])
    return evidence, Membership(evidence, measured, shuffle, CONFIG)


def proposer(evidence: Evidence, name: str) -> Proposer:
    number = [space.name for space in evidence.spaces].index(name)
    return Proposer(name, evidence.spaces[number].modality, spaces=(number,))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
@pytest.mark.parametrize("by", ["notes", "shops"])
def test_members_fit_and_strangers_among_them_do_not(seed: int, by: str):
    evidence, membership = world(seed)
    strangers = np.array([200, 300])
    fits = membership.members(proposer(evidence, by), np.union1d(RING, strangers))
    assert (fits.p_values[:8] < 0.01).all()
    assert (fits.p_values[8:] > 0.02).all()


@pytest.mark.slow
def test_strangers_have_p_values_like_chance():
    evidence, membership = world(1)
    rng = np.random.default_rng(0)
    strangers = rng.choice(np.setdiff1d(np.arange(N), RING), 200, replace=False)
    fits = membership.outsiders(proposer(evidence, "notes"), RING, strangers)
    assert np.isnan(fits.inside).all()  # notes do not corroborate each other
    assert kstest(fits.p_values, "uniform").pvalue > 1e-4
    assert (fits.p_values <= 0.05).mean() < 0.12


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 3))])
def test_a_ring_grows_by_the_mates_who_were_left_out_and_by_nobody_else(seed: int):
    evidence, membership = world(seed)
    grown = membership.grown(proposer(evidence, "notes"), RING[:5], largest=12)
    assert set(RING.tolist()) <= set(grown.tolist())
    assert len(grown) <= len(RING) + 1


@pytest.mark.slow
def test_growth_ends_where_a_ring_ends():
    evidence, membership = world(2)
    grown = membership.grown(proposer(evidence, "notes"), RING[:3], largest=4)
    assert len(grown) > 4  # who fits beyond the largest ring is let in, and then it is none


@pytest.mark.slow
def test_strangers_do_not_grow():
    evidence, membership = world(3)
    strangers = np.array([100, 150, 210, 320])
    assert len(membership.grown(proposer(evidence, "shops"), strangers, largest=12)) <= 5


@pytest.mark.slow
def test_who_lacks_the_other_modalities_is_told_by_nothing():
    lacking = np.ones(N, dtype=bool)
    lacking[RING[:2]] = False
    evidence, membership = world(4, present={"id_images": lacking, "notes": lacking})
    fits = membership.members(proposer(evidence, "shops"), RING)
    assert np.isnan(fits.across[:2]).all()
    assert np.isfinite(fits.inside).all()  # the days are another space of transactions
    whole = membership.members(proposer(evidence, "notes"), RING[2:])
    assert (whole.p_values < 0.05).all()


@pytest.mark.slow
def test_a_shared_device_ties_members_and_outsiders_across_modalities():
    evidence, membership = world(5, device=True)
    with_device = membership.outsiders(proposer(evidence, "shops"), RING, np.array([48, 49]))
    without = membership.outsiders(proposer(evidence, "shops"), RING, np.array([148, 149]))
    assert with_device.across.mean() > without.across.mean() + 2
    assert {48, 49} <= set(membership.near(RING).tolist())


def test_both_tests_together_are_a_product_of_chances():
    fits = Fits(np.array([3.0, np.nan, 3.0, np.nan]), np.array([4.0, 4.0, np.nan, np.nan]))
    assert fits.bits[1] == 4.0
    assert fits.bits[2] == 3.0
    assert fits.bits[3] == 0.0
    assert fits.p_values[0] == pytest.approx(2.0**-7 * (1 + 7 * np.log(2)))


@pytest.mark.slow
def test_a_test_that_can_tell_nothing_takes_nothing_from_the_other():
    nothing = np.zeros((3, 200))
    assert _together(np.array([0.0, 4.0, 9.0]), nothing) == pytest.approx([0, 4, 9])


def test_a_test_with_many_figures_is_combined_as_a_product_is():
    figures = np.random.default_rng(0).normal(size=(4, 20_000))
    bits = np.array([0.0, 1.0, 4.0, 9.0])
    assert _together(bits, figures) == pytest.approx(Fits(bits, np.zeros(4)).bits, abs=0.1)


def test_coarse_figures_keep_to_their_level():
    rng = np.random.default_rng(1)
    chance = rng.choice([0.0, 1.0, 2.0], p=[0.7, 0.2, 0.1], size=(4_000, 200))
    figure = rng.choice([0.0, 1.0, 2.0], p=[0.7, 0.2, 0.1], size=4_000)
    across = -np.log2((chance >= figure[:, None]).mean(axis=1))
    p = 2.0 ** -_together(across - np.log2(rng.random(4_000)), chance)
    for level in (0.01, 0.05, 0.2):
        assert level * 0.7 < (p <= level).mean() < level * 1.3


def test_the_same_question_has_the_same_answer():
    evidence, membership = world(6)
    once, again = (membership.members(proposer(evidence, "shops"), RING) for _ in range(2))
    np.testing.assert_array_equal(once.bits, again.bits)

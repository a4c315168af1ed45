"""Corroboration: only what did not propose a candidate counts, whoever carries the records."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_bank import simulate

from ringsight.detection.agreement import calibrate, entity_agreement, pair_means
from ringsight.detection.candidates import Candidates, propose
from ringsight.detection.corroboration import Measured, Owners, as_observed, corroborate, own_agreement
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.groups import Groups
from ringsight.detection.settings import CandidateConfig

N = 150


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Three modalities, one that a third lack, and a device."""
    have = np.random.default_rng(0).random(N) < 2 / 3
    simulation = simulate(4, customers=N, rings=2, present={"id_images": have})
    devices = pl.Series("device", [f"d{i // 3}" if i < 30 else None for i in range(N)])
    customers = simulation.bank.customers.with_columns(devices)
    return gather_evidence(customers, simulation.embeddings, ["device"], CandidateConfig(neighbours=10), seed=0)


@pytest.fixture(scope="module")
def measured(evidence: Evidence) -> Measured:
    return Measured(evidence.spaces, [calibrate(space, evidence.seed) for space in evidence.spaces])


@pytest.fixture(scope="module")
def candidates(evidence: Evidence) -> Candidates:
    return propose(evidence, CandidateConfig(neighbours=10))


def test_what_proposed_a_candidate_does_not_count(evidence: Evidence, measured: Measured, candidates: Candidates):
    found = corroborate(evidence, candidates, measured, as_observed(evidence))
    own = own_agreement(evidence, candidates, measured)
    names = [source.name for source in evidence.sources]
    for number, proposer in enumerate(candidates.proposers):
        rows = candidates.of(number)
        source = names.index(proposer.name)
        assert (found.by_source[rows, source] == 0).all()
        others = [place for place in range(len(names)) if place != source]
        assert np.abs(found.by_source[rows][:, others]).sum() > 0
        assert (own[rows][:, others] == 0).all()
        assert np.abs(own[rows, source]).sum() > 0


def test_the_bits_are_those_of_the_groups(evidence: Evidence, measured: Measured, candidates: Candidates):
    found = corroborate(evidence, candidates, measured, as_observed(evidence))
    notes = [space.name for space in evidence.spaces].index("notes")
    rows = np.flatnonzero([candidates.proposers[each].modality != "notes" for each in candidates.proposer])
    groups = candidates.groups.take(rows)
    means = pair_means([evidence.spaces[notes]], groups, [np.arange(N)])
    bits = measured.calibrations[notes].bits(means.full[0], means.size[0])
    np.testing.assert_allclose(found.by_source[rows, notes], bits)
    device = found.by_source[:, len(evidence.spaces)]
    proposed = np.array([candidates.proposers[each].entity == 0 for each in candidates.proposer])
    whole = entity_agreement(evidence.entities[0], candidates.groups, np.arange(N)).full
    np.testing.assert_allclose(device, np.where(proposed, 0, whole))


def test_all_that_did_not_propose_adds_up_by_second_ties_too(
    evidence: Evidence, measured: Measured, candidates: Candidates
):
    found = corroborate(evidence, candidates, measured, as_observed(evidence))
    names = [space.name for space in evidence.spaces]
    everyone = np.arange(N)
    for modality in ("id_images", "transactions"):
        rows = candidates.of(names.index(modality))
        groups = candidates.groups.take(rows)
        others = [number for number, name in enumerate(names) if name != modality]
        means = pair_means([evidence.spaces[number] for number in others], groups, [everyone] * 2)
        second = entity_agreement(evidence.entities[0], groups, everyone).second
        for place, number in enumerate(others):
            second = second + measured.calibrations[number].bits(means.second[place], means.size[place])
        np.testing.assert_allclose(found.second[rows], second)


def test_where_there_is_one_modality_only_entity_columns_corroborate_it(evidence: Evidence, measured: Measured):
    (notes,) = (space for space in evidence.spaces if space.name == "notes")
    alone = replace(evidence, spaces=(notes,), weights=np.ones((1, 2)))
    calibration = measured.calibrations[evidence.spaces.index(notes)]
    candidates = propose(alone, CandidateConfig(neighbours=10))
    found = corroborate(alone, candidates, Measured((notes,), [calibration]), as_observed(alone))
    by_notes, by_device = candidates.of(0), candidates.of(1)
    device = entity_agreement(alone.entities[0], candidates.groups, np.arange(N))
    np.testing.assert_array_equal(found.full[by_notes], device.full[by_notes])
    np.testing.assert_array_equal(found.second[by_notes], device.second[by_notes])
    np.testing.assert_array_equal(found.by_source[by_device, 1], 0)
    assert (found.by_source[by_device, 0] != 0).all()


def test_records_in_other_hands_corroborate_the_groups_of_those_hands(
    evidence: Evidence, measured: Measured, candidates: Candidates
):
    rng = np.random.default_rng(3)
    order = rng.permutation(N)
    moved = Owners(dict.fromkeys(evidence.modalities, order), [order] * len(evidence.entities))
    back = Candidates(
        candidates.proposers,
        type(candidates.groups)(order[candidates.groups.members], candidates.groups.start),
        candidates.proposer,
    )
    one = corroborate(evidence, candidates, measured, moved)
    other = corroborate(evidence, back, measured, as_observed(evidence))
    np.testing.assert_allclose(one.full, other.full)
    np.testing.assert_allclose(one.second, other.second)


def test_no_candidates(evidence: Evidence, measured: Measured):
    nobody = Candidates((), Groups.of([]), np.zeros(0, dtype=np.int64))
    assert corroborate(evidence, nobody, measured, as_observed(evidence)).by_source.shape == (0, 4)
    assert own_agreement(evidence, nobody, measured).shape == (0, 4)


def test_weights_count(evidence: Evidence, measured: Measured, candidates: Candidates):
    doubled = replace(evidence, weights=2 * evidence.weights)
    one, two = (corroborate(each, candidates, measured, as_observed(each)) for each in (evidence, doubled))
    np.testing.assert_allclose(2 * one.by_source, two.by_source)
    np.testing.assert_allclose(2 * one.second, two.second)

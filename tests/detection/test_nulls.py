"""The null: who may hold whose trace, what a world shows, and which candidates stand side by side."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest
from simulated_bank import MODALITIES, bank_of, simulate

from ringsight.detection.candidates import CandidateConfig, Candidates, Evidence, Isolation, gather_evidence
from ringsight.detection.nulls import distinct, drawn, learn_surprise, permuted
from ringsight.errors import SettingsError
from ringsight.graph.sources import CHANCE_BITS

N = 120


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Three modalities, one with a third of the customers missing, and a device."""
    have = np.random.default_rng(0).random(N) < 2 / 3
    simulation = simulate(4, customers=N, rings=2, present={"id_images": have})
    devices = pl.Series("device", [f"d{i // 3}" if i < 30 else None for i in range(N)])
    customers = simulation.bank.customers.with_columns(devices)
    return gather_evidence(customers, simulation.embeddings, ["device"], CandidateConfig(neighbours=10), seed=0)


STRATA = np.array(["abc"[i % 3] for i in range(N)])


def candidates_of(
    groups: list[list[int]], corroboration: list[float], proposer: int = 0, density: list[float] | None = None
) -> Candidates:
    return Candidates(
        proposer=np.full(len(groups), proposer),
        members=[np.array(group) for group in groups],
        agreement=np.zeros((len(groups), 1)),
        corroboration=np.array(corroboration, dtype=np.float64),
        core=[np.array(group) for group in groups],
        density=np.ones(len(groups)) if density is None else np.array(density),
    )


def test_traces_change_hands_within_their_stratum_and_among_those_who_have_them(evidence: Evidence):
    owners = permuted(evidence.traces, STRATA, np.random.default_rng(1))
    for trace in evidence.traces:
        owner = owners[trace.name]
        np.testing.assert_array_equal(np.sort(owner), np.arange(N))
        np.testing.assert_array_equal(STRATA[owner], STRATA)
        np.testing.assert_array_equal(trace.present[owner], trace.present)
        np.testing.assert_array_equal(owner[~trace.present], np.flatnonzero(~trace.present))
        assert (owner != np.arange(N))[trace.present].mean() > 0.8


def test_each_trace_changes_hands_apart_from_the_others(evidence: Evidence):
    owners = permuted(evidence.traces, STRATA, np.random.default_rng(1))
    assert (owners["notes"] == owners["transactions"]).mean() < 0.2


def test_every_holder_is_as_likely_as_any_other(evidence: Evidence):
    rng = np.random.default_rng(0)
    holders = [int(permuted(evidence.traces[1:2], STRATA, rng)["notes"][0]) for _ in range(4000)]
    times = np.bincount(holders, minlength=N)[STRATA[0] == STRATA]
    assert ((times - 100) ** 2 / 100).sum() < 80  # chi-square, 39 degrees of freedom: one in ten thousand


def test_alone_in_its_stratum_everyone_keeps_its_traces(evidence: Evidence):
    owners = permuted(evidence.traces, np.array([str(i) for i in range(N)]), np.random.default_rng(1))
    for trace in evidence.traces:
        np.testing.assert_array_equal(owners[trace.name], np.arange(N))


def test_a_world_in_which_nothing_changed_hands_is_the_observed_one(evidence: Evidence):
    owners = permuted(evidence.traces, np.array([str(i) for i in range(N)]), np.random.default_rng(1))
    world, observed = evidence.candidates(owners, {}), evidence.observed()
    assert [m.tolist() for m in world.members] == [m.tolist() for m in observed.members]
    for part in ("proposer", "agreement", "corroboration", "density"):
        np.testing.assert_array_equal(getattr(world, part), getattr(observed, part))


def test_traces_that_change_hands_together_only_rename_the_candidates(evidence: Evidence):
    owner = np.random.default_rng(6).permutation(N)
    world = evidence.candidates({trace.name: owner for trace in evidence.traces}, {})
    observed = evidence.observed()
    own = observed.proposer < len(evidence.traces)  # Leiden's visiting order sets those of all traces together
    traced = [np.sort(owner[members]).tolist() for members in world.members][: own.sum()]
    assert traced == [m.tolist() for m in observed.members][: own.sum()]
    np.testing.assert_allclose(world.corroboration[: own.sum()], observed.corroboration[own], atol=1e-9)


def test_candidates_are_sorted_large_enough_and_leave_out_their_proposer(evidence: Evidence):
    observed = evidence.observed()
    assert set(observed.proposer.tolist()) == set(range(len(evidence.traces) + 1))
    for members in observed.members:
        assert len(members) >= 3
        assert (np.diff(members) > 0).all()
    own = observed.proposer < len(evidence.traces)
    proposing = observed.agreement[own, observed.proposer[own]]
    np.testing.assert_allclose(observed.corroboration[own], observed.agreement[own].sum(axis=1) - proposing)
    strongest = observed.agreement[~own].max(axis=1).clip(0)
    np.testing.assert_allclose(observed.corroboration[~own], observed.agreement[~own].sum(axis=1) - strongest)


def test_no_customer_is_in_two_rings_and_the_more_surprising_goes_first():
    groups = [np.array(group) for group in ([1, 2, 3], [3, 4, 5], [4, 5, 6], [7, 8, 9], [7, 8, 9, 10])]
    kept = distinct(groups, np.array([1.0, 5.0, 2.0, 3.0, 3.0]))
    assert kept.tolist() == [1, 4]  # of equals the larger
    assert distinct(groups[:1], np.array([-2.0])).tolist() == [0]
    assert len(distinct([], np.zeros(0))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_every_candidate_left_out_shares_a_customer_with_a_ring_kept(seed: int):
    rng = np.random.default_rng(seed)
    groups = [np.sort(rng.choice(60, rng.integers(3, 9), replace=False)) for _ in range(40)]
    surprise = rng.normal(size=40)
    kept = distinct(groups, surprise).tolist()
    customers = [customer for index in kept for customer in groups[index]]
    assert len(customers) == len(set(customers))
    assert (np.diff(surprise[kept]) <= 0).all()
    for index in set(range(40)) - set(kept):
        rivals = [other for other in kept if set(groups[other]) & set(groups[index])]
        assert max(surprise[rivals]) >= surprise[index]


def test_surprise_counts_the_candidates_a_chance_world_shows():
    rng = np.random.default_rng(0)
    worlds = [candidates_of([[1, 2, 3]] * 50, (-np.log2(rng.random(50))).tolist()) for _ in range(100)]
    bits = learn_surprise(worlds, 1, dense=[]).bits(candidates_of([[1, 2, 3]] * 3, [1.0, 3.0, 12.0]))
    # 50 candidates a world, of whom 2^-x are so well corroborated
    np.testing.assert_allclose(bits, np.array([1.0, 3.0, 12.0]) - np.log2(50), atol=0.7)


def test_a_bit_of_corroboration_is_never_more_than_a_bit_of_surprise():
    worlds = [candidates_of([[1, 2, 3]], [0.5])] * 10
    bits = learn_surprise(worlds, 1, dense=[]).bits(candidates_of([[1, 2, 3]] * 2, [2.0, 5.0]))
    assert bits[1] - bits[0] == pytest.approx(3.0)
    assert bits[1] < 5.0 + CHANCE_BITS - np.log2(0.05)


def test_a_proposer_unseen_in_all_worlds_has_a_surprise_too():
    surprise = learn_surprise([candidates_of([], [])] * 4, 2, dense=[1])
    assert np.isfinite(surprise.bits(candidates_of([[1, 2, 3]], [2.0], proposer=1))).all()


def test_of_corroboration_and_standing_chance_shows_so_many_candidates_as_surprising_as_they_say():
    rng = np.random.default_rng(1)

    def world() -> Candidates:
        return candidates_of([[1, 2, 3]] * 50, (-np.log2(rng.random(50))).tolist(), density=rng.random(50).tolist())

    surprise = learn_surprise([world() for _ in range(100)], 1, dense=[0])
    fresh = np.concatenate([surprise.bits(world()) for _ in range(400)])
    for bits in (-2.0, 0.0, 2.0, 4.0):
        assert (fresh >= bits).sum() / 400 == pytest.approx(2.0**-bits, rel=0.35)


def test_a_candidate_is_named_for_the_null_that_it_is_the_more_surprising_for():
    rng = np.random.default_rng(2)
    worlds = [candidates_of([[1, 2, 3]] * 50, (-np.log2(rng.random(50))).tolist()) for _ in range(100)]
    candidates = candidates_of([[1, 2, 3]] * 4, [12.0, 0.0, 12.0, 1.0], density=[0.9, 1e-6, 1e-6, 1.0])
    surprise = learn_surprise(worlds, 1, dense=[0])
    assert surprise.nulls(candidates) == ["permutation", "density", "both", "permutation"]
    # where density judges nothing, it takes nothing away either
    alone = learn_surprise(worlds, 1, dense=[]).bits(candidates)
    assert alone[3] > surprise.bits(candidates)[3]
    assert alone[1] == pytest.approx(-np.log2(50), abs=0.7)


def test_chance_draws_overlapping_communities_together_and_judges_no_others():
    isolation = {2: Isolation(np.array([1e-9, 0.3, 0.5]), np.array([0, 0, 2]))}
    drawn_once = drawn(isolation, np.random.default_rng(0))
    assert list(drawn_once) == [2]
    assert drawn_once[2][0] == drawn_once[2][1] != drawn_once[2][2]
    many = np.array([drawn(isolation, np.random.default_rng(seed))[2][0] for seed in range(2000)])
    assert kstest(many, "uniform").pvalue > 1e-4  # whatever stood apart in the bank
    assert drawn({}, np.random.default_rng(0)) == {}


def test_nothing_to_compare_is_refused():
    bank = bank_of(pl.DataFrame({"customer_id": ["a", "b", "c", "d"], "stratum": ["s"] * 4, "device": list("wxyz")}))
    with pytest.raises(SettingsError, match="nothing to compare"):
        gather_evidence(bank.customers, {}, ["device"], CandidateConfig(), seed=0)


@pytest.mark.parametrize(
    "settings",
    [{"neighbours": 0}, {"entity_cap": 1}, {"min_size": 2}, {"scales": []}, {"scales": [0]}, {"chance_links": 0.0}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict):
    with pytest.raises(SettingsError, match=next(iter(settings))):
        CandidateConfig(**settings)


def test_the_order_in_which_modalities_are_handed_over_does_not_matter():
    simulation = simulate(4, customers=N, rings=2)
    forwards, backwards = (
        gather_evidence(
            simulation.bank.customers,
            {name: simulation.embeddings[name] for name in names},
            [],
            CandidateConfig(neighbours=10),
            seed=0,
        )
        for names in (MODALITIES, MODALITIES[::-1])
    )
    one, other = (e.observed() for e in (forwards, backwards))
    assert [m.tolist() for m in one.members] == [m.tolist() for m in other.members]
    np.testing.assert_array_equal(one.corroboration, other.corroboration)

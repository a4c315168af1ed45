"""Scores: how many candidates as good one chance world shows, and which candidates stand side by side."""

import numpy as np
import pytest

from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.groups import Groups
from ringsight.detection.scoring import FEWEST, Scorer, distinct
from ringsight.graph.sources import CHANCE_BITS

BOTH = (Proposer("notes", "notes", spaces=(0,)), Proposer("device", "", entity=0))


def candidates_of(*proposer: int) -> Candidates:
    """Candidates of three customers each, all apart."""
    groups = [np.arange(3 * at, 3 * at + 3) for at in range(len(proposer))]
    return Candidates(BOTH, Groups.of(groups), np.array(proposer, dtype=np.int64))


def chance(rng: np.random.Generator, worlds: int, candidates: int) -> np.ndarray:
    """Corroboration of strangers: a bit of it is a bit of surprise."""
    return (-np.log2(rng.random((worlds, candidates)))).astype(np.float32)


ALL = np.ones(50, dtype=np.bool_)
NOTHING = np.zeros(50)


def test_a_score_counts_the_candidates_that_one_chance_world_shows():
    rng = np.random.default_rng(0)
    scorer = Scorer.learn(candidates_of(*[0] * 50), chance(rng, 100, 50))
    # 50 candidates a world, of whom 2^-x are so well corroborated
    fresh = np.concatenate([scorer.score(scorer.across(chance(rng, 1, 50)[0]), NOTHING, ~ALL) for _ in range(400)])
    for bits in (-2.0, 0.0, 2.0, 4.0):
        assert (fresh >= bits).sum() / 400 == pytest.approx(2.0**-bits, rel=0.35)


def test_agreement_inside_a_modality_adds_and_what_is_not_judged_takes_nothing_away():
    rng = np.random.default_rng(1)
    scorer = Scorer.learn(candidates_of(*[0] * 50), chance(rng, 100, 50))
    fresh = np.concatenate(
        [scorer.score(scorer.across(chance(rng, 1, 50)[0]), -np.log2(1 - rng.random(50)), ALL) for _ in range(400)]
    )
    for bits in (-2.0, 0.0, 2.0, 4.0):
        assert (fresh >= bits).sum() / 400 == pytest.approx(2.0**-bits, rel=0.35)
    across = np.full(50, 9.0)
    assert (scorer.score(across, np.full(50, 9.0), ALL) > scorer.score(across, NOTHING, ~ALL)).all()
    assert (scorer.score(across, NOTHING, ALL) < scorer.score(across, NOTHING, ~ALL)).all()


def test_a_candidate_is_compared_with_what_chance_gives_to_it():
    rng = np.random.default_rng(2)
    shift = np.r_[np.full(25, 4.0), np.zeros(25)]
    scorer = Scorer.learn(candidates_of(*[0] * 50), chance(rng, 100, 50) + shift.astype(np.float32))
    # of customers who share much, the same corroboration says less
    bits = scorer.across(np.full(50, 6.0))
    assert bits[:25].mean() < bits[25:].mean() - 3
    fresh = np.concatenate([scorer.across(chance(rng, 1, 50)[0] + shift) for _ in range(200)]).reshape(200, 50)
    assert fresh[:, :25].mean() == pytest.approx(fresh[:, 25:].mean(), abs=0.1)


def test_a_candidate_is_no_part_of_what_is_expected_of_it():
    worlds = chance(np.random.default_rng(5), 3, 20)
    scorer = Scorer.learn(candidates_of(*[0] * 20), worlds)
    beyond = [worlds[world] - np.delete(worlds, world, axis=0).mean(axis=0) for world in range(3)]
    np.testing.assert_allclose(scorer.calibration[0], np.sort(np.ravel(beyond)), atol=0.002)


def test_few_candidates_are_topped_up_with_uncorroborated_ones():
    worlds = chance(np.random.default_rng(6), 4, 4)
    for candidates, known in ((3, 12), (4, 16)):
        calibration = Scorer.learn(candidates_of(*[0] * candidates), worlds[:, :candidates]).calibration[0]
        assert len(calibration) == FEWEST
        assert (calibration == 0).sum() == FEWEST - known


def test_proposers_are_judged_each_by_its_own_candidates():
    rng = np.random.default_rng(3)
    candidates = candidates_of(*[0] * 40, *[1] * 10)
    worlds = chance(rng, 100, 50)
    worlds[:, 40:] *= 4  # the second proposer's candidates are often well corroborated by chance
    scorer = Scorer.learn(candidates, worlds)
    across = scorer.across(np.full(50, 12.0))
    assert across[:40].min() > across[40:].max() + 2
    np.testing.assert_allclose(scorer.tries, np.log2([40] * 40 + [10] * 10))


def test_some_candidates_are_scored_as_all_are():
    rng = np.random.default_rng(4)
    scorer = Scorer.learn(candidates_of(*[0] * 30, *[1] * 20), chance(rng, 40, 50))
    had, rows = 6 * rng.random(50), np.array([44, 3, 17])
    whole = scorer.score(scorer.across(had), had, ALL)
    some = scorer.score(scorer.across(had[rows], rows), had[rows], ALL[rows], rows)
    np.testing.assert_array_equal(some, whole[rows])


def test_a_bit_of_corroboration_is_never_more_than_a_bit_of_surprise():
    scorer = Scorer.learn(candidates_of(0), np.full((10, 1), 0.5, dtype=np.float32))
    bits = [float(scorer.across(np.array([had]))[0]) for had in (2.5, 5.5)]
    assert bits[1] - bits[0] == pytest.approx(3.0)
    assert bits[1] < 5.0 + CHANCE_BITS - np.log2(0.05)


def test_no_candidates_have_no_scores():
    scorer = Scorer.learn(candidates_of(), np.zeros((4, 0), dtype=np.float32))
    assert len(scorer.score(scorer.across(np.zeros(0)), np.zeros(0), np.zeros(0, dtype=np.bool_))) == 0


def test_no_customer_is_in_two_rings_and_the_better_goes_first():
    groups = Groups.of([np.array(each) for each in ([1, 2, 3], [3, 4, 5], [4, 5, 6], [7, 8, 9], [7, 8, 9, 10])])
    kept = distinct(groups, np.array([1.0, 5.0, 2.0, 3.0, 3.0]))
    assert kept.tolist() == [1, 4]  # of equals the larger
    assert distinct(groups.take(np.array([0])), np.array([-2.0])).tolist() == [0]
    assert len(distinct(groups.take(np.array([0])), np.array([-4.0]))) == 0  # chance shows many as good
    assert len(distinct(Groups.of([]), np.zeros(0))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_every_candidate_left_out_shares_a_customer_with_a_better_one(seed: int):
    rng = np.random.default_rng(seed)
    groups = Groups.of([np.sort(rng.choice(60, rng.integers(3, 9), replace=False)) for _ in range(40)])
    score = rng.normal(size=40)
    kept = distinct(groups, score, lowest=-np.inf).tolist()
    customers = [customer for index in kept for customer in groups[index].tolist()]
    assert len(customers) == len(set(customers))
    assert (np.diff(score[kept]) <= 0).all()
    for index in set(range(40)) - set(kept):
        rivals = [other for other in kept if set(groups[other].tolist()) & set(groups[index].tolist())]
        assert max(score[rivals]) >= score[index]

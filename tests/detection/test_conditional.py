"""What is left of a ring given a column: who exchanges records with whom, and what is explained by it."""

import numpy as np
import polars as pl
import pytest
from simulated_bank import simulate

from ringsight.detection.agreement import calibrate
from ringsight.detection.candidates import Candidates, Proposer
from ringsight.detection.conditional import LARGEST_POOL, WORLDS, Conditioning, _exchanged, _pools
from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.corroboration import Measured, as_observed, corroborate
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.groups import Groups
from ringsight.detection.rarity import rarity_bits
from ringsight.detection.settings import CandidateConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections
from ringsight.graph.sources import CHANCE_BITS

N = 300
STRATA = np.array([i % 3 for i in range(N)])
GROUP = np.arange(30, 35)
"""Five customers of three strata who are drawn together in two modalities."""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """300 customers, five of them alike in notes and transactions; a fifth have no image."""
    have = np.random.default_rng(1).random(N) < 0.8
    simulation = simulate(1, customers=N, rings=0, present={"id_images": have})
    embeddings = dict(simulation.embeddings)
    for name in ("notes", "transactions"):
        vectors = np.array(embeddings[name].vectors)
        vectors[GROUP] = vectors[30] + 0.3 * vectors[GROUP]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        embeddings[name] = type(embeddings[name])(name, embeddings[name].customer_ids, vectors, "model", "data")
    return gather_evidence(simulation.bank.customers, embeddings, [], CandidateConfig(neighbours=10), seed=0)


def conditioning_of(evidence: Evidence) -> Conditioning:
    nothing = SharedDirections(tuple(np.zeros((N, 0)) for _ in evidence.modalities), np.zeros(0), 0.0)
    shuffle = ConditionalShuffle(nothing, [evidence.cells_of(modality) for modality in evidence.modalities])
    return Conditioning(evidence, Measured(evidence.spaces, [calibrate(each, 0) for each in evidence.spaces]), shuffle)


@pytest.fixture(scope="module")
def conditioning(evidence: Evidence) -> Conditioning:
    return conditioning_of(evidence)


@pytest.fixture(scope="module")
def with_device() -> Conditioning:
    """The five have a device in common; a third of the others have one, each two of them, and notes tell nothing."""
    simulation = simulate(1, customers=N, rings=0)
    devices = ["ours" if i in GROUP else f"d{i // 6}" if i % 3 == 0 else None for i in range(N)]
    customers = simulation.bank.customers.with_columns(device=pl.Series(devices))
    notes = {"notes": simulation.embeddings["notes"]}
    return conditioning_of(gather_evidence(customers, notes, ["device"], CandidateConfig(neighbours=10), seed=0))


def by_notes(evidence: Evidence, *groups: np.ndarray) -> Candidates:
    """Candidates that notes have proposed."""
    number = [space.name for space in evidence.spaces].index("notes")
    return Candidates((Proposer("notes", "notes", spaces=(number,)),), Groups.of(groups), np.zeros(len(groups), int))


def condition_of(codes: np.ndarray, kind: ConditionKind = ConditionKind.innocent) -> Condition:
    return Condition(kind, "column", codes, [f"value {code}" for code in range(int(codes.max(initial=-1)) + 1)])


def sharers(*groups: np.ndarray) -> Condition:
    """The members of each group share a value, and nobody else has any."""
    codes = np.full(N, -1)
    for code, group in enumerate(groups):
        codes[group] = code
    return condition_of(codes)


def observed_bits(conditioning: Conditioning, *groups: np.ndarray) -> np.ndarray:
    evidence = conditioning.evidence
    candidates = by_notes(evidence, *groups)
    return corroborate(evidence, candidates, conditioning.measured, as_observed(evidence)).full


def household(*members: int) -> Condition:
    """They share a value, and everybody else has one of their own."""
    codes = np.arange(N)
    codes[list(members)] = min(members)
    return condition_of(codes)


def remaining(conditioning: Conditioning, condition: Condition, *groups: np.ndarray) -> list[float]:
    had = observed_bits(conditioning, *groups)
    left: list[float] = conditioning.remaining(by_notes(conditioning.evidence, *groups), had, condition).tolist()
    return left


def left(conditioning: Conditioning, members: np.ndarray, condition: Condition) -> float:
    return remaining(conditioning, condition, members)[0]


def test_a_household_that_shares_everything_is_explained_whole(conditioning: Conditioning):
    assert observed_bits(conditioning, GROUP)[0] > 8
    assert left(conditioning, GROUP, sharers(GROUP)) == pytest.approx(0, abs=1e-9)


def test_colleagues_of_a_large_employer_keep_nearly_all(conditioning: Conditioning):
    colleagues = np.union1d(GROUP, np.arange(100, 260))
    whole = observed_bits(conditioning, GROUP)[0]
    assert left(conditioning, GROUP, sharers(colleagues)) > 0.9 * whole - 0.5


def test_the_smaller_the_circle_of_sharers_the_more_it_explains(conditioning: Conditioning):
    circles = [np.union1d(GROUP, np.arange(100, 100 + others)) for others in (0, 2, 5, 20, 120)]
    bits = [left(conditioning, GROUP, sharers(circle)) for circle in circles]
    assert (np.diff(bits) > 0).all()


@pytest.mark.parametrize("codes", [np.full(N, -1), np.arange(N)], ids=["absent", "everyone their own"])
def test_a_ring_whose_members_share_nothing_loses_next_to_nothing(conditioning: Conditioning, codes: np.ndarray):
    # its members exchange with their strata, where groups agree by nothing on average
    whole = observed_bits(conditioning, GROUP)[0]
    assert left(conditioning, GROUP, condition_of(codes)) == pytest.approx(whole, abs=0.5)


def test_half_a_household_is_explained_in_part(conditioning: Conditioning):
    bits = left(conditioning, GROUP, sharers(GROUP[:3]))
    assert 0.5 < bits < observed_bits(conditioning, GROUP)[0] - 0.5


def test_what_remains_is_never_negative_nor_more_than_there_was(conditioning: Conditioning):
    rng = np.random.default_rng(3)
    for size in (3, 3, 4, 6, 12, 40):
        members = np.sort(rng.choice(N, size, replace=False))
        condition = condition_of(rng.integers(-1, 8, N))
        whole = observed_bits(conditioning, members)[0]
        assert 0 <= left(conditioning, members, condition) <= max(whole, 0) + 1e-9


def test_the_little_that_a_household_has_is_explained_too(conditioning: Conditioning):
    hardly = np.array([52, 217, 227, 253])
    assert 0.1 < observed_bits(conditioning, hardly)[0] < 1
    assert left(conditioning, hardly, sharers(hardly)) == pytest.approx(0, abs=1e-9)


def test_of_what_strangers_beside_a_household_add_no_more_remains_than_their_luck(conditioning: Conditioning):
    groups = [np.append(GROUP, 100), np.append(GROUP, [100, 150, 200])]
    condition, candidates = household(*GROUP.tolist()), by_notes(conditioning.evidence, *groups)
    assert condition.characterises(candidates.groups).all()
    had, explained = observed_bits(conditioning, *groups), conditioning._explained(candidates, np.arange(2), condition)
    added = had - explained.mean(axis=1)
    luck = [rarity_bits(had[[row]], np.sort(explained[row]), CHANCE_BITS)[0] for row in range(2)]
    assert luck[0] < added[0] - 1
    assert luck[1] > added[1] > 0
    np.testing.assert_allclose(remaining(conditioning, condition, *groups), [luck[0], added[1]])


def test_a_device_changes_hands_along_with_everything_else(with_device: Conditioning):
    whole = observed_bits(with_device, GROUP)[0]
    assert whole > 16
    pair = np.array([36, 39, 100])
    assert remaining(with_device, sharers(GROUP, pair), pair, GROUP) == pytest.approx([0, 0], abs=1e-9)
    assert observed_bits(with_device, pair)[0] > 3
    assert left(with_device, GROUP, sharers(np.union1d(GROUP, np.arange(100, 260)))) > 0.9 * whole


def test_who_has_no_device_is_handed_none(with_device: Conditioning):
    members = np.arange(28, 40)
    (present,) = [device.present for device in with_device.evidence.entities]
    (owner,) = with_device._drawn(members, sharers(np.arange(20, 60))).entities
    assert owner.shape == (WORLDS, 12)
    np.testing.assert_array_equal(present[owner], np.tile(present[members], (WORLDS, 1)))
    assert set(owner[:, present[members]].ravel().tolist()) == set((20 + np.flatnonzero(present[20:60])).tolist())


def test_the_same_question_has_the_same_answer_in_any_company(conditioning: Conditioning):
    other = np.arange(100, 106)
    condition = sharers(np.arange(28, 60), np.arange(95, 110))
    both = remaining(conditioning, condition, other, GROUP)
    assert both == [left(conditioning, other, condition), left(conditioning, GROUP, condition)]


def test_no_candidates(conditioning: Conditioning):
    assert remaining(conditioning, sharers(GROUP)) == []


@pytest.mark.parametrize("seed", range(10))
def test_pools_cover_the_ring_once_and_do_not_overlap(seed: int):
    rng = np.random.default_rng(seed)
    codes, members = rng.integers(-1, 6, N), np.sort(rng.choice(N, 9, replace=False))
    pools = _pools(members, codes, STRATA)
    places = np.concatenate([places for places, _ in pools])
    assert sorted(places.tolist()) == list(range(9))
    everybody = np.concatenate([pool for _, pool in pools])
    assert len(np.unique(everybody)) == len(everybody)
    for places, pool in pools:
        assert set(members[places].tolist()) <= set(pool.tolist())
        assert set(STRATA[pool].tolist()) <= set(STRATA[members[places]].tolist())
        shared = np.unique(codes[members[places]])
        if len(places) > 1 and len(shared) == 1 and shared[0] >= 0:
            assert set(codes[pool].tolist()) == {int(shared[0])}


@pytest.mark.parametrize("seed", range(10))
def test_no_trace_is_handed_to_two_members_and_who_lacks_it_goes_on_lacking_it(seed: int):
    rng = np.random.default_rng(seed)
    present = rng.random(N) < 0.6
    members = np.sort(rng.choice(N, 9, replace=False))
    pools = _pools(members, rng.integers(-1, 6, N), STRATA)
    owner = _exchanged(members, pools, present, None, rng)
    for world in owner:
        assert len(np.unique(world)) == 9
    np.testing.assert_array_equal(present[owner], np.tile(present[members], (WORLDS, 1)))
    lacking = ~present[members]
    np.testing.assert_array_equal(owner[:, lacking], np.tile(members[lacking], (WORLDS, 1)))


def test_every_carrier_is_as_likely_a_donor_as_any_other():
    members, pool = np.arange(3), np.arange(12)
    rng = np.random.default_rng(0)
    drawn = np.concatenate(
        [_exchanged(members, [(members, pool)], np.ones(N, bool), None, rng).ravel() for _ in range(20)]
    )
    times = np.bincount(drawn, minlength=12)
    each = 20 * WORLDS * 3 / 12
    assert ((times - each) ** 2 / each).sum() < 35  # chi-square, 11 degrees of freedom: one in four thousand


def test_of_a_large_pool_a_random_part_gives(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ringsight.detection.conditional.LARGEST_POOL", 20)
    members = np.arange(5)
    for pool in (N, 25):
        owner = _exchanged(members, [(members, np.arange(pool))], np.ones(N, bool), None, np.random.default_rng(0))
        assert len(np.unique(owner)) == 20 < LARGEST_POOL
    assert all(len(set(world)) == 5 for world in owner.tolist())


def test_odds_decide_who_gives():
    members, pool = np.arange(3), np.arange(12)
    records = np.zeros((N, 1))
    records[4:8] = 3.0
    asked = np.ones((N, 1))
    drawn = _exchanged(members, [(members, pool)], np.ones(N, bool), (records, asked), np.random.default_rng(0))
    assert drawn.shape == (WORLDS, 3)
    assert all(len(set(world)) == 3 for world in drawn.tolist())
    assert np.isin(drawn, np.arange(4, 8)).mean() > 0.8

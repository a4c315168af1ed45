"""Agreement inside a modality: judged against the proposer's honest communities, and no further than they reach."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from ringsight.detection.agreement import Agreement
from ringsight.detection.candidates import Candidates, Proposer, propose
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.groups import Groups
from ringsight.detection.inside import FEWEST, Inside, families, inside_agreement, judge_inside
from ringsight.detection.isolation import isolation
from ringsight.detection.settings import CandidateConfig, DetectConfig
from ringsight.graph.branches import branches
from ringsight.graph.sources import space_source
from ringsight.records.embeddings import Embeddings

KEEP = 30
CONFIG = DetectConfig(inside=["transactions"], isolated=[])


def embeddings_of(vectors: np.ndarray, name: str = "notes", modality: str = "") -> Embeddings:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:05d}" for i in range(len(vectors))])
    return Embeddings(name, ids, unit.astype(np.float32), "model", "data", modality)


def evidence_of(*spaces: Embeddings) -> Evidence:
    customers = pl.DataFrame({"customer_id": spaces[0].customer_ids.tolist(), "stratum": "all"})
    config = CandidateConfig(neighbours=KEEP)
    return gather_evidence(customers, {each.space: each for each in spaces}, [], config, seed=0)


def judged(
    evidence: Evidence, config: DetectConfig = CONFIG, honest: set[int] | None = None
) -> tuple[Candidates, Inside]:
    """The candidates of some evidence, and how surprising their agreement inside the modality is.

    Args:
        evidence: of a bank.
        config: of detection.
        honest: customers; candidates of whom half are others are explained by an innocent column; by default none is.
    """
    candidates = propose(evidence, CandidateConfig(neighbours=KEEP))
    agreement, which = inside_agreement(evidence, candidates, evidence.spaces, config)
    explained = [honest is not None and 2 * len(set(each.tolist()) - honest) >= len(each) for each in _each(candidates)]
    return candidates, judge_inside(candidates, agreement, which, ~np.array(explained), config)


def _each(candidates: Candidates) -> list[np.ndarray]:
    return [candidates.groups[row] for row in range(candidates.groups.count)]


def cloud(seed: int, customers: int = 300, dimensions: int = 16) -> np.ndarray:
    return np.random.default_rng([seed, customers, dimensions]).normal(size=(customers, dimensions))


def two_facets(seed: int, ring: np.ndarray, honest: int = 0, customers: int = 400) -> Evidence:
    """Two spaces of one modality: in both the ring is alike, and so are honest clumps of uneven tightness."""
    rng = np.random.default_rng(seed)
    spaces = [cloud(10 * seed + at, customers) for at in range(2)]
    sizes = np.cumsum(rng.integers(3, 6, customers))
    for start, end in pairwise(sizes[: honest + 1]):
        tightness = rng.uniform(0.2, 0.8)
        for vectors in spaces:
            vectors[start:end] = vectors[start] + tightness * vectors[start:end]
    for vectors in spaces:
        vectors[ring] = vectors[ring[0]] + 0.3 * vectors[ring]
    return evidence_of(*(embeddings_of(v, f"facet{at}", "transactions") for at, v in enumerate(spaces)))


def best(candidates: Candidates, inside: Inside, ring: np.ndarray) -> float:
    """Most bits of a candidate that is the ring, about."""
    wanted = set(ring.tolist())
    bits = [
        inside.bits[row]
        for row, members in enumerate(_each(candidates))
        if 2 * len(wanted & set(members.tolist())) >= len(wanted | set(members.tolist()))
    ]
    return max(bits, default=0.0)


RING = np.arange(390, 396)


@pytest.mark.parametrize("seed", range(3))
def test_a_group_alike_in_both_spaces_stands_out(seed: int):
    candidates, inside = judged(two_facets(seed, RING))
    assert best(candidates, inside, RING) > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_group_counts_more_than_the_number_of_communities_supports(seed: int):
    candidates, inside = judged(two_facets(seed, RING))
    counted = inside.family >= 0
    for number in range(len(candidates.proposers)):
        rows = candidates.of(number)
        if not counted[rows].any():
            continue
        kept = len(np.unique(inside.family[rows]))
        np.testing.assert_allclose(inside.cap[rows], np.log2(1 + kept) + CONFIG.tail_bits)
    assert (inside.bits <= inside.cap).all()
    assert (inside.second <= inside.cap).all()
    narrow = judged(two_facets(seed, RING), DetectConfig(inside=["transactions"], isolated=[], tail_bits=0.0))[1]
    assert 5.5 < best(candidates, inside, RING) - best(candidates, narrow, RING) <= 6


def test_where_honest_clumps_are_alike_in_both_spaces_a_ring_among_them_is_common():
    candidates, inside = judged(two_facets(1, RING, honest=60))
    assert best(candidates, inside, RING) < 8


@pytest.mark.slow
def test_what_an_innocent_column_explains_tells_nothing_of_what_is_common():
    evidence = two_facets(1, RING, honest=60, customers=700)
    candidates, common = judged(evidence)
    _, explained = judged(evidence, honest=set(range(280, 700)))
    assert best(candidates, explained, RING) > best(candidates, common, RING) + 1


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["notes", "web_sessions"])
def test_a_modality_that_is_no_evidence_of_one_hand_is_not_judged(modality: str):
    spaces = [embeddings_of(cloud(at), f"facet{at}", modality) for at in range(2)]
    _, inside = judged(evidence_of(*spaces))
    assert (inside.bits == 0).all()
    assert (inside.family == -1).all()
    assert (inside.drawn(np.random.default_rng(0)) == 0).all()


def test_a_modality_of_one_space_has_nothing_inside():
    _, inside = judged(evidence_of(embeddings_of(cloud(0), "transactions")))
    assert (inside.family == -1).all()


def test_from_few_communities_nothing_is_learned():
    spaces = [embeddings_of(cloud(at, 40), f"facet{at}", "transactions") for at in range(2)]
    candidates, inside = judged(evidence_of(*spaces))
    for number in range(len(candidates.proposers)):
        rows = candidates.of(number)
        agreement = inside_agreement(evidence_of(*spaces), candidates, evidence_of(*spaces).spaces, CONFIG)[0]
        kept = families(candidates.groups.take(rows), agreement.full[rows])[0]
        assert ((inside.family[rows] >= 0) == (len(kept) >= FEWEST)).all()
    assert (inside.family == -1).any()


def test_overlapping_candidates_are_one_family():
    groups = Groups.of([np.array(each) for each in ([1, 2, 3], [3, 4, 5], [4, 5, 6], [7, 8, 9])])
    kept, head = families(groups, np.array([5.0, 1.0, 4.0, 2.0]))
    assert kept.tolist() == [0, 2, 3]
    assert head.tolist() == [0, 0, 2, 3]  # the second overlaps two, and belongs to the higher


def test_chance_draws_families_together_from_the_law_that_the_bank_is_judged_by():
    inside = Inside(np.zeros(5), np.zeros(5), np.array([0, 0, 2, -1, 2]), np.array([4.0, 4.0, 50.0, 0.0, 50.0]))
    drawn = inside.drawn(np.random.default_rng(0))
    assert drawn[0] == drawn[1]
    assert drawn[2] == drawn[4] != drawn[0]
    assert drawn[3] == 0
    many = np.array([inside.drawn(np.random.default_rng(seed)) for seed in range(3000)])
    assert kstest(2.0 ** -many[:, 2], "uniform").pvalue > 1e-4
    assert many[:, 0].max() == 4.0  # capped as the bank is


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_honest_communities_show_each_share_as_often_as_it_says(seed: int):
    # strangers in both spaces: 2^-bits is the share of communities that agree so
    candidates, inside = judged(two_facets(seed, np.arange(1), customers=700))
    heads = np.unique(inside.family[inside.family >= 0])
    bits = inside.bits[heads]
    for share in (0.5, 0.2, 0.1):
        assert (bits >= -np.log2(share)).mean() == pytest.approx(share, abs=0.06)
    assert (bits >= -np.log2(0.01)).mean() <= 0.03
    assert candidates.groups.count


def test_equal_communities_have_no_cliff():
    proposers = (Proposer("a", "transactions", spaces=(0,)),)
    groups = Groups.of([np.arange(3 * at, 3 * at + 3) for at in range(40)])
    agreement = Agreement(np.full(40, 2.0), np.full(40, 2.0))
    candidates = Candidates(proposers, groups, np.zeros(40, dtype=np.int64))
    inside = judge_inside(candidates, agreement, np.array([True]), np.ones(40, dtype=np.bool_), CONFIG)
    assert (inside.bits <= 0.2).all()


@pytest.mark.parametrize("tail_bits", [0.0, 6.0])
def test_however_tight_a_community_it_counts_what_their_number_supports_and_so_much_more(tail_bits: float):
    proposers = (Proposer("a", "transactions", spaces=(0,)),)
    groups = Groups.of([np.arange(3 * at, 3 * at + 3) for at in range(40)])
    bits = np.append(np.random.default_rng(0).random(39), 500.0)
    candidates = Candidates(proposers, groups, np.zeros(40, dtype=np.int64))
    honest = np.arange(40) < 31
    config = DetectConfig(inside=["transactions"], isolated=[], tail_bits=tail_bits)
    inside = judge_inside(candidates, Agreement(bits, bits[::-1]), np.array([True]), honest, config)
    assert inside.bits[39] == inside.second[0] == inside.bits.max() == pytest.approx(5 + tail_bits)
    np.testing.assert_allclose(inside.cap, 5 + tail_bits)


# --- isolation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [4, 299])
def test_where_all_near_neighbours_are_members_the_nearest_stranger_is_looked_for(keep: int):
    vectors = cloud(3)
    vectors[:6] = vectors[0] + 0.05 * vectors[:6]
    embeddings = embeddings_of(vectors)
    space = space_source(embeddings, embeddings.customer_ids, keep)
    unit = embeddings.vectors.astype(np.float64)
    similarity = unit[:6] @ unit.T
    outside = np.sqrt(2 - 2 * similarity[:, 6:].max(axis=1)).mean()
    inside = np.sqrt(np.maximum(2 - 2 * similarity[:, :6][np.triu_indices(6, 1)], 0)).mean()
    apart = isolation(space, Groups.of([np.arange(6)])).full
    assert apart[0] == pytest.approx(5 * np.log(outside / inside), abs=0.05)


def test_the_nearer_the_nearest_strangers_the_less_a_ring_stands_apart():
    apart = []
    for strangeness in (0.6, 0.4, 0.2, 0.1):
        vectors = cloud(1)
        vectors[:6] = vectors[0] + 0.05 * vectors[:6]
        vectors[6] = vectors[0] + strangeness * vectors[6]
        embeddings = embeddings_of(vectors)
        space = space_source(embeddings, embeddings.customer_ids, KEEP)
        apart.append(isolation(space, Groups.of([np.arange(6)])).full[0])
    assert (np.diff(apart) < 0).all()


def test_everybody_stands_apart_from_nobody():
    embeddings = embeddings_of(cloud(1, 5))
    space = space_source(embeddings, embeddings.customer_ids, KEEP)
    assert isolation(space, Groups.of([np.arange(5)])).full[0] < 0
    assert len(isolation(space, Groups.of([])).full) == 0


def test_a_pair_and_a_stranger_do_not_stand_apart_by_second_ties():
    vectors = cloud(2)
    vectors[1] = vectors[0] + 0.01 * vectors[1]
    vectors[10:13] = vectors[10] + 0.01 * vectors[10:13]
    embeddings = embeddings_of(vectors)
    space = space_source(embeddings, embeddings.customer_ids, KEEP)
    apart = isolation(space, Groups.of([np.array([0, 1, 50]), np.array([10, 11, 12])]))
    assert apart.second[0] < 0.5
    assert apart.second[1] > 5


def test_isolation_is_judged_where_the_space_is_named_and_capped_alike():
    vectors = cloud(4)
    ring = np.arange(100, 112)
    vectors[ring] = vectors[100] + 0.001 * vectors[ring]
    config = DetectConfig(inside=["id_images"], isolated=["id_images"])
    candidates, inside = judged(evidence_of(embeddings_of(vectors, "id_images")), config)
    found = best(candidates, inside, ring)
    assert found == inside.cap.max()
    assert found > 8
    not_named = judged(evidence_of(embeddings_of(vectors, "id_images")), CONFIG)[1]
    assert (not_named.bits == 0).all()


@pytest.mark.parametrize(("smallest", "minimum"), [(3, 3), (31, 31), (3, 31)])
def test_branches_are_sorted_nested_or_apart_and_not_too_small_or_large(smallest: int, minimum: int):
    vectors = cloud(4, 600)
    vectors[:40] = vectors[0]
    embeddings = embeddings_of(vectors)
    found = branches(space_source(embeddings, embeddings.customer_ids, KEEP), minimum, smallest)
    groups = [set(members.tolist()) for members in found]
    assert set(range(40)) in groups
    for members, group in zip(found, groups, strict=True):
        assert (np.diff(members) > 0).all()
        assert smallest <= len(members) <= 60
        assert all(group <= other or other <= group or group.isdisjoint(other) for other in groups)
    assert len(set(map(frozenset, groups))) == len(groups)


def test_a_small_branch_is_one_if_it_stands_apart():
    vectors = cloud(4, 600)
    vectors[:5] = vectors[0] + 0.01 * vectors[:5]
    embeddings = embeddings_of(vectors)
    found = branches(space_source(embeddings, embeddings.customer_ids, KEEP), 31, 3)
    assert set(range(5)) in [set(members.tolist()) for members in found]
    assert sum(len(members) < 31 for members in found) < 6  # random clouds have hardly any

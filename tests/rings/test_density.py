"""The null of density: who stands apart from strangers, and how often chance or a clumpy bank sets anyone apart."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

from ringsight.graph.evidence import modality_trace
from ringsight.records.embeddings import Embeddings
from ringsight.rings.density import FEWEST_BRANCHES, DenseRings, dense_rings

KEEP = 30


def embeddings_of(vectors: np.ndarray, name: str = "notes") -> Embeddings:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:05d}" for i in range(len(vectors))])
    return Embeddings(name, ids, unit.astype(np.float32), "model", "data")


def judged(vectors: np.ndarray, minimum: int = 3, keep: int = KEEP) -> DenseRings | None:
    """The branches of one modality, or None where nothing is judged."""
    embeddings = embeddings_of(vectors)
    trace = modality_trace(embeddings, embeddings.customer_ids, keep)
    return dense_rings({0: trace}, {"notes": embeddings}, minimum).get(0)


def flagged(rings: DenseRings | None, fdr: float = 0.05) -> list[set[int]]:
    """Branches whose q-value is at or below the rate, in a list of their own."""
    if rings is None:
        return []
    order = np.argsort(-rings.surprise, kind="stable")
    rate = np.exp2(-rings.surprise[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(rate <= fdr)
    return [set(rings.members[i].tolist()) for i in order[: enough.max() + 1 if len(enough) else 0]]


def alike(a: set[int], b: set[int]) -> bool:
    return 2 * len(a & b) >= len(a | b)


def cloud(seed: int, customers: int = 300, dimensions: int = 16) -> np.ndarray:
    return np.random.default_rng([seed, customers, dimensions]).normal(size=(customers, dimensions))


def templates(seed: int, customers: int, each: int, dimensions: int = 16) -> np.ndarray:
    """Everybody has one of the bank's templates, to the letter."""
    rng = np.random.default_rng([seed, customers, each])
    return rng.normal(size=(customers // each, dimensions))[rng.integers(0, customers // each, customers)]


@pytest.mark.parametrize(("size", "spread"), [(40, 0.0), (40, 0.1), (60, 0.0), (60, 0.1), (6, 0.3), (12, 0.2)])
@pytest.mark.parametrize("customers", [300, 700])
def test_one_picture_on_many_accounts_is_found(size: int, spread: float, customers: int):
    vectors = cloud(size, customers)
    ring = np.random.default_rng(size).choice(customers, size, replace=False)
    vectors[ring] = vectors[ring[0]] + spread * vectors[ring]
    found = flagged(judged(vectors))
    largest = max(50, customers // 10)
    if size <= largest:
        assert any(alike(set(ring.tolist()), group) for group in found)
    assert all(len(group) <= largest for group in found)  # with more it is a part of the bank, not a ring
    assert not [group for group in found if not group & set(ring.tolist())]


@pytest.mark.parametrize("dimensions", [2, 4, 8, 16, 64])
def test_smooth_clouds_are_seldom_flagged(dimensions: int):
    runs = 40
    hits = sum(bool(flagged(judged(cloud(seed, 150, dimensions)))) for seed in range(runs))
    assert hits <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.parametrize(("each", "customers"), [(3, 300), (5, 300), (12, 600), (12, 900)])
def test_templates_that_everybody_uses_to_the_letter_are_seldom_flagged(each: int, customers: int):
    runs = 20
    hits = sum(bool(flagged(judged(templates(seed, customers, each)))) for seed in range(runs))
    assert hits <= binom.ppf(0.999, runs, 0.05)


def clumpy(seed: int, customers: int, share: float, dimensions: int = 16) -> np.ndarray:
    """A share of the customers in honest clumps of two to five, each tight or loose as chance has it."""
    rng = np.random.default_rng([seed, customers, dimensions])
    vectors = rng.normal(size=(customers, dimensions))
    ends = np.cumsum(rng.integers(2, 6, customers))
    for start, end in pairwise(ends):
        if end > share * customers:
            return vectors
        vectors[start:end] = vectors[start] + rng.uniform(0.1, 0.6) * rng.normal(size=(end - start, dimensions))
    return vectors


@pytest.mark.parametrize(
    "share",
    [
        0.9,
        pytest.param(
            0.35,
            marks=pytest.mark.xfail(
                reason="honest clumps too few to reach into the bulk pass for rings: the tail is learned below them"
            ),
        ),
    ],
)
def test_honest_small_clumps_are_seldom_flagged(share: float):
    runs = 20
    hits = sum(bool(flagged(judged(clumpy(seed, 600, share)))) for seed in range(runs))
    assert hits <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.xfail(reason="where all branches stand equally apart the tail falls off a cliff", strict=True)
def test_a_template_that_one_customer_more_uses_than_any_other_is_no_ring():
    vectors = np.repeat(cloud(0, 100), 3, axis=0)
    vectors[3] = vectors[0]
    assert not flagged(judged(vectors))


def test_where_half_use_templates_the_templates_are_seldom_flagged():
    runs = 20
    hits = 0
    for seed in range(runs):
        vectors = cloud(seed, 600)
        vectors[::2] = templates(seed, 300, 12)
        hits += bool(flagged(judged(vectors)))
    assert hits <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.parametrize("customers", [1, 2, 3, 50, 300])
def test_one_vector_for_all_customers_sets_nobody_apart(customers: int):
    assert judged(np.ones((customers, 8))) is None if customers > 1 else True
    if customers > 2:  # nor two vectors, for one half each
        assert not flagged(judged(np.repeat(np.eye(2), customers // 2, axis=0)))


def test_nothing_to_judge():
    assert dense_rings({}, {}, 3) == {}


def test_with_few_branches_nothing_is_learned_and_nothing_judged():
    few = cloud(0, 20)
    few[:6] = few[0] + 0.01 * few[:6]
    assert judged(few) is None
    many = cloud(0, 300)
    many[:6] = many[0] + 0.01 * many[:6]
    rings = judged(many)
    assert rings is not None
    assert len(rings.members) >= FEWEST_BRANCHES


@pytest.mark.parametrize("minimum", [3, 5])
def test_branches_are_sorted_nested_or_apart_and_not_too_small_or_large(minimum: int):
    rings = judged(cloud(4, 600), minimum)
    assert rings is not None
    assert len(rings.members) == len(rings.p) == len(rings.surprise)
    groups = [set(members.tolist()) for members in rings.members]
    for members, group in zip(rings.members, groups, strict=True):
        assert (np.diff(members) > 0).all()
        assert minimum <= len(members) <= 60
        assert all(group <= other or other <= group or group.isdisjoint(other) for other in groups)
    assert len(set(map(frozenset, groups))) == len(groups)
    assert ((rings.p > 0) & (rings.p <= 1)).all()
    np.testing.assert_allclose(rings.surprise, -np.log2(rings.p * len(rings.p)))


@pytest.mark.parametrize("seed", range(3))
def test_where_the_neighbour_graph_falls_apart_the_nearest_stranger_is_still_the_nearest(seed: int):
    # with 4 neighbours kept a group of 6 knows nobody outside it: its stranger must be looked for
    vectors = cloud(seed)
    vectors[:6] = vectors[0] + 0.05 * vectors[:6]
    narrow, wide = judged(vectors, keep=4), judged(vectors, keep=299)
    assert narrow is not None
    assert wide is not None
    apart = {frozenset(members.tolist()): i for i, members in enumerate(wide.members)}
    ring = frozenset(range(6))
    here = [frozenset(members.tolist()) for members in narrow.members].index(ring)
    # both trees have the ring, and both judge it among about the same branches
    assert narrow.p[here] == pytest.approx(wide.p[apart[ring]], rel=1.0)
    assert narrow.p[here] < 1e-6
    assert ring in map(frozenset, flagged(narrow))


def test_the_nearer_the_nearest_stranger_the_less_a_ring_stands_apart():
    p = []
    for strangeness in (0.6, 0.4, 0.2, 0.1):
        vectors = cloud(1)
        vectors[:6] = vectors[0] + 0.05 * vectors[:6]
        vectors[6] = vectors[0] + strangeness * vectors[6]
        rings = judged(vectors)
        assert rings is not None
        p.append(rings.p[[set(members.tolist()) for members in rings.members].index(set(range(6)))])
    assert (np.diff(p) > 0).all()


def test_those_without_the_modality_are_in_no_branch():
    embeddings = embeddings_of(cloud(2, 200))
    ids = np.array([f"c{i:05d}" for i in range(-200, 200)])  # the first half lack it
    everybody = np.sort(np.concatenate([ids[200:], [f"b{i}" for i in range(200)]]))
    trace = modality_trace(embeddings, everybody, KEEP)
    rings = dense_rings({3: trace}, {"notes": embeddings}, 3)[3]
    assert min(members.min() for members in rings.members) >= 200


def test_more_modalities_make_each_branch_less_surprising():
    one, two = embeddings_of(cloud(5)), embeddings_of(cloud(6), "transactions")
    traces = {i: modality_trace(e, e.customer_ids, KEEP) for i, e in enumerate((one, two))}
    alone = dense_rings({0: traces[0]}, {"notes": one}, 3)[0]
    both = dense_rings(traces, {"notes": one, "transactions": two}, 3)
    np.testing.assert_array_equal(alone.p, both[0].p)
    tested = len(both[0].p) + len(both[1].p)
    np.testing.assert_allclose(both[0].surprise, alone.surprise - np.log2(tested / len(alone.p)))


def test_a_modality_with_too_few_branches_does_not_count_among_those_tested():
    one, two = embeddings_of(cloud(5)), embeddings_of(cloud(6, 10), "transactions")
    traces = {i: modality_trace(e, one.customer_ids, KEEP) for i, e in enumerate((one, two))}
    rings = dense_rings(traces, {"notes": one, "transactions": two}, 3)
    assert list(rings) == [0]
    np.testing.assert_array_equal(rings[0].surprise, dense_rings({0: traces[0]}, {"notes": one}, 3)[0].surprise)


def test_the_same_cloud_is_always_judged_the_same_whoever_comes_first():
    vectors = cloud(7)
    vectors[:6] = vectors[0] + 0.1 * vectors[:6]
    order = np.random.default_rng(0).permutation(300)
    once, again, shuffled = judged(vectors), judged(vectors), judged(vectors[order])
    assert once is not None
    assert again is not None
    assert shuffled is not None
    np.testing.assert_array_equal(once.p, again.p)
    np.testing.assert_allclose(np.sort(once.p), np.sort(shuffled.p), rtol=1e-3)
    back = {frozenset(order[members].tolist()) for members in shuffled.members}
    assert back == {frozenset(members.tolist()) for members in once.members}

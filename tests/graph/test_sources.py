"""Evidence in bits: what nearness and shared values are worth, and that the absent are neither tied nor parted."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from simulated_sources import all_pairs, embeddings_of, ids, space_of

from ringsight.errors import DataError
from ringsight.graph.links import bits_above_chance, carried_bits
from ringsight.graph.sources import CHANCE_BITS, entity_sources, space_source

KINDS = pytest.mark.parametrize("every_rank", [True, False], ids=["every rank", "near ranks"])


@pytest.fixture
def vectors() -> np.ndarray:
    """120 customers without any order."""
    return np.random.default_rng(3).normal(size=(120, 8))


@KINDS
def test_evidence_is_symmetric_finite_and_never_negative(vectors: np.ndarray, every_rank: bool):
    source = space_of(vectors, every_rank=every_rank)
    a, b = all_pairs(120)
    there, back = source.pair_bits(a, b), source.pair_bits(b, a)
    np.testing.assert_array_equal(there, back)
    assert np.isfinite(there).all()
    assert there.min() >= 0
    assert there.max() == pytest.approx(np.log2(119))


def test_the_evidence_is_what_the_ranks_say():
    # four customers on an arc: 0 and 1 close, 2 farther, 3 farthest
    angles = np.array([0.0, 0.1, 0.4, 1.0])
    source = space_of(np.column_stack([np.cos(angles), np.sin(angles)]))
    a, b = np.array([0, 0, 0, 2]), np.array([1, 2, 3, 3])
    # ranks there and back among three others: 1 and 1, 2 and 2, 3 and 3, 3 (of 2's) and 1 (of 3's)
    expected = [np.log2(3), np.log2(3 / 2), 0.0, (0.0 + np.log2(3)) / 2]
    np.testing.assert_allclose(source.pair_bits(a, b), expected, rtol=1e-6)


def test_strangers_are_worth_the_chance_bits_on_average(vectors: np.ndarray):
    assert space_of(vectors).pair_bits(*all_pairs(120)).mean() == pytest.approx(CHANCE_BITS, abs=0.06)


def test_both_ways_of_ranking_agree_where_ranks_are_kept(vectors: np.ndarray):
    exact, near = space_of(vectors, keep=119), space_of(vectors, keep=119, every_rank=False)
    np.testing.assert_allclose(exact.pair_bits(*all_pairs(120)), near.pair_bits(*all_pairs(120)), rtol=1e-6)


def test_the_estimate_beyond_the_ranks_kept_is_close(vectors: np.ndarray):
    exact, near = space_of(vectors, keep=10), space_of(vectors, keep=10, every_rank=False)
    difference = near.pair_bits(*all_pairs(120)) - exact.pair_bits(*all_pairs(120))
    assert np.abs(difference).mean() < 0.1
    assert np.abs(difference).max() < 1.0


@KINDS
@pytest.mark.parametrize("sharers", [2, 5, 40, 150])
def test_a_vector_that_many_share_says_little(every_rank: bool, sharers: int):
    vectors = np.random.default_rng(sharers).normal(size=(200, 8))
    vectors[50 : 50 + sharers] = vectors[50]
    a, b = all_pairs(sharers)
    bits = space_of(vectors, keep=10, every_rank=every_rank).pair_bits(a + 50, b + 50)
    np.testing.assert_allclose(bits, np.log2(199 / (sharers - 1)), atol=1e-5)


@KINDS
@pytest.mark.parametrize("n", [2, 3, 50])
def test_customers_who_are_all_alike_have_no_evidence(every_rank: bool, n: int):
    bits = space_of(np.ones((n, 4)), every_rank=every_rank).pair_bits(*all_pairs(n))
    np.testing.assert_array_equal(bits, 0.0)
    assert not np.signbit(bits).any()


@KINDS
def test_two_customers_are_each_others_nearest_and_that_says_nothing(every_rank: bool):
    source = space_of(np.array([[1.0, 0.0], [0.0, 1.0]]), every_rank=every_rank)
    np.testing.assert_array_equal(source.pair_bits(np.array([0]), np.array([1])), [0.0])


@KINDS
def test_equal_vectors_weigh_the_same_wherever_they_stand(every_rank: bool):
    vectors = np.random.default_rng(8).normal(size=(90, 8))
    vectors[[3, 40, 41, 88]] = vectors[3]
    bits = space_of(vectors, every_rank=every_rank).pair_bits(np.array([3, 3, 40, 41]), np.array([40, 88, 41, 88]))
    np.testing.assert_allclose(bits, bits[0])


@KINDS
def test_near_pairs_are_those_of_whom_either_is_among_the_nearest_of_the_other(every_rank: bool):
    vectors = np.random.default_rng(4).normal(size=(30, 5))
    similarity = vectors @ vectors.T / np.outer(np.linalg.norm(vectors, axis=1), np.linalg.norm(vectors, axis=1))
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1)[:, :4]
    expected = {(min(i, j), max(i, j)) for i in range(30) for j in nearest[i]}
    a, b = space_of(vectors, every_rank=every_rank).near_pairs(4)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == expected


def test_the_absent_are_neither_tied_nor_parted():
    rng = np.random.default_rng(0)
    have = np.array([1, 2, 4, 7, 8])
    source = space_source(embeddings_of(rng.normal(size=(5, 4)), have, customers=10), ids(10), keep=3)
    a, b = all_pairs(10)
    absent = ~(np.isin(a, have) & np.isin(b, have))
    for bits in (carried_bits, bits_above_chance):
        np.testing.assert_array_equal(bits(source, a, b)[absent], 0.0)
    assert carried_bits(source, a, b)[~absent].max() > 0
    assert set(np.concatenate(source.near_pairs(3)).tolist()) <= set(have.tolist())


def test_absence_does_not_change_what_the_others_weigh():
    vectors = np.random.default_rng(1).normal(size=(20, 4))
    among_all = space_source(embeddings_of(vectors, np.arange(0, 40, 2), customers=40), ids(40), keep=5)
    alone = space_of(vectors, keep=5)
    a, b = all_pairs(20)
    np.testing.assert_array_equal(among_all.pair_bits(2 * a, 2 * b), alone.pair_bits(a, b))


def test_embeddings_of_strangers_are_refused():
    with pytest.raises(DataError, match="2 of 12 customers are not in the bank"):
        space_source(embeddings_of(np.random.default_rng(0).normal(size=(12, 4))), ids(10), keep=3)


def customers_with(values: Sequence[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"device": values}, schema={"device": pl.String})


def test_a_shared_value_is_worth_the_rarity_of_its_carriers():
    (source,) = entity_sources(customers_with(["x", "x", "y", None, "y", "y", "z", "w"]), ["device"], cap=3)
    a, b = all_pairs(8)
    bits = carried_bits(source, a, b)
    worth = {pair: bit for *pair_, bit in zip(a.tolist(), b.tolist(), bits, strict=True) for pair in [tuple(pair_)]}
    assert worth.pop((0, 1)) == pytest.approx(np.log2(7 / 2))
    for pair in ((2, 4), (2, 5), (4, 5)):
        assert worth.pop(pair) == pytest.approx(np.log2(7 / 3))
    assert set(worth.values()) == {0.0}
    np.testing.assert_array_equal(np.column_stack(source.near_pairs(1)), [(0, 1), (2, 4), (2, 5), (4, 5)])
    assert [group.tolist() for group in source.groups(3)] == [[2, 4, 5]]


def test_a_value_carried_by_more_than_the_cap_makes_no_pair_and_no_bits():
    (source,) = entity_sources(customers_with(["x"] * 4 + ["y"] * 3 + ["z"]), ["device"], cap=3)
    assert carried_bits(source, *all_pairs(4)).max() == 0
    assert {*source.near_pairs(1)[0], *source.near_pairs(1)[1]} == {4, 5, 6}
    assert [group.tolist() for group in source.groups(2)] == [[4, 5, 6]]


@pytest.mark.parametrize("values", [[], [None, None], ["x"], ["x", "y", None]])
def test_where_nobody_shares_there_are_no_pairs(values: Sequence[str | None]):
    (source,) = entity_sources(customers_with(values), ["device"], cap=3)
    assert len(source.near_pairs(1)[0]) == 0
    assert source.groups(2) == []


SEVERAL = pl.DataFrame(
    {"device": [["x", "y"], ["y", "x"], ["z", "y"], None, ["w"], ["w", "hub"], ["hub"], ["hub", "v"], ["hub", "u"]]}
)


def test_customers_with_several_values_are_tied_by_any_of_them():
    (source,) = entity_sources(SEVERAL, ["device"], cap=3)
    bits = carried_bits(source, *all_pairs(9))
    tied = {pair: bit for pair, bit in zip(zip(*all_pairs(9), strict=True), bits, strict=True) if bit}
    rarest = np.log2(8 / 2)
    assert tied == pytest.approx({(0, 1): rarest, (0, 2): np.log2(8 / 3), (1, 2): np.log2(8 / 3), (4, 5): rarest})
    np.testing.assert_array_equal(np.column_stack(source.near_pairs(1)), list(tied))
    assert [group.tolist() for group in source.groups(2)] == [[4, 5], [0, 1], [0, 1, 2]]


def test_the_order_of_values_does_not_matter():
    one, other = (
        entity_sources(SEVERAL.select(each), ["device"], cap=3)[0]
        for each in (pl.col("device"), pl.col("device").list.reverse())
    )
    np.testing.assert_array_equal(carried_bits(one, *all_pairs(9)), carried_bits(other, *all_pairs(9)))
    assert [set(group) for group in one.groups(2)] == [set(group) for group in other.groups(2)]

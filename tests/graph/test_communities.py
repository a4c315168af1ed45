"""Communities: planted cliques come out whole, the same way each time."""

from itertools import combinations

import numpy as np
import pytest

from ringsight.graph.communities import communities
from ringsight.graph.sources import Rows


def links(*cliques: list[int], bridges: list[tuple[int, int]] = []) -> tuple[Rows, Rows]:  # noqa: B006
    pairs = np.array([pair for clique in cliques for pair in combinations(clique, 2)] + bridges, dtype=np.int64)
    return pairs[:, 0], pairs[:, 1]


ONE, OTHER = [2, 5, 11, 12, 40], [3, 7, 20, 21]


@pytest.fixture
def two_cliques() -> tuple[tuple[Rows, Rows], np.ndarray]:
    """Two cliques of strong links, a weak bridge between them, and a pair apart."""
    pairs = links(ONE, OTHER, bridges=[(12, 20), (60, 61)])
    return pairs, np.array([8.0] * (len(pairs[0]) - 2) + [4.5, 8.0])


def test_two_planted_cliques_are_found(two_cliques: tuple[tuple[Rows, Rows], np.ndarray]):
    found = communities(*two_cliques, resolution=4.0, minimum=3, seed=0)
    assert [members.tolist() for members in found] == [ONE, OTHER]


def test_the_smallest_size_is_kept_to(two_cliques: tuple[tuple[Rows, Rows], np.ndarray]):
    assert [len(m) for m in communities(*two_cliques, resolution=4.0, minimum=5, seed=0)] == [5]
    assert [len(m) for m in communities(*two_cliques, resolution=4.0, minimum=2, seed=0)] == [5, 4, 2]


def test_a_price_that_no_pair_can_pay_leaves_nobody_together(two_cliques: tuple[tuple[Rows, Rows], np.ndarray]):
    assert communities(*two_cliques, resolution=9.0, minimum=2, seed=0) == []


def test_the_same_seed_gives_the_same_communities_in_the_same_order():
    rng = np.random.default_rng(0)
    a, b = np.triu_indices(60, 1)
    chosen = rng.random(len(a)) < 0.15
    pairs, bits = (a[chosen], b[chosen]), rng.uniform(3, 8, chosen.sum())
    runs = [[m.tolist() for m in communities(pairs, bits, 1.0, 2, seed=4)] for _ in range(3)]
    assert runs[0] == runs[1] == runs[2]
    assert runs[0] == sorted(runs[0])
    together = [customer for members in runs[0] for customer in members]
    assert len(set(together)) == len(together)


def test_no_links_no_communities():
    nobody = np.zeros(0, dtype=np.int64)
    assert communities((nobody, nobody), np.zeros(0), 1.0, 3, seed=0) == []


@pytest.mark.parametrize("resolution", [0.0, 1.0])
def test_links_that_are_worth_nothing_tie_nobody(resolution: float):
    pairs = links(ONE, OTHER)
    assert communities(pairs, np.zeros(len(pairs[0])), resolution, 2, seed=0) == []


def test_where_pairs_need_bring_nothing_all_who_are_linked_are_together():
    pairs = links(ONE, OTHER)
    found = communities(pairs, np.ones(len(pairs[0])), 0.0, 2, seed=0)
    assert [members.tolist() for members in found] == [ONE, OTHER]


def test_one_link_is_no_ring():
    assert communities((np.array([1]), np.array([4])), np.array([9.0]), 1.0, 3, seed=0) == []

"""Groups laid end to end: every pair once, in small groups; in large ones each member with so many others."""

from itertools import combinations

import numpy as np
import pytest

from ringsight.detection.groups import LARGEST_COMPARED_WHOLE, Groups

GROUPS = [np.array([1, 4, 7]), np.array([2, 3]), np.array([0, 5, 6, 8])]


def test_every_pair_of_every_group_stands_once_group_after_group():
    groups = Groups.of(GROUPS)
    left, right = groups.pairs
    pairs = list(zip(groups.members[left].tolist(), groups.members[right].tolist(), strict=True))
    assert pairs == [pair for group in GROUPS for pair in combinations(group.tolist(), 2)]
    assert (np.diff(groups.group[left]) >= 0).all()
    np.testing.assert_array_equal(groups.group[left], groups.group[right])


def test_some_groups_can_be_taken_in_any_order_and_twice():
    taken = Groups.of(GROUPS).take(np.array([2, 0, 2]))
    assert [taken[number].tolist() for number in range(taken.count)] == [[0, 5, 6, 8], [1, 4, 7], [0, 5, 6, 8]]
    assert taken.sizes.tolist() == [4, 3, 4]


def test_of_every_member_the_pairs_are_known():
    groups = Groups.of(GROUPS)
    order, start = groups.pairs_by_member
    left, right = groups.pairs
    ends = np.append(start, len(order))
    for member in range(len(groups.members)):
        mine = set(order[ends[member] : ends[member + 1]].tolist())
        assert mine == set(np.flatnonzero((left == member) | (right == member)).tolist())


@pytest.mark.parametrize("size", [2, LARGEST_COMPARED_WHOLE, LARGEST_COMPARED_WHOLE + 1, 200])
def test_each_member_is_compared_with_so_many_others_at_most_and_no_pair_twice(size: int):
    left, right = Groups.of([np.arange(10, 13), np.arange(size)]).pairs
    inside = left >= 3
    pairs = {frozenset(pair) for pair in zip(left[inside].tolist(), right[inside].tolist(), strict=True)}
    assert len(pairs) == inside.sum()
    times = np.bincount(np.r_[left[inside], right[inside]] - 3)
    assert set(times.tolist()) == {min(size - 1, LARGEST_COMPARED_WHOLE)}


def test_how_many_of_each_group_are_among_some_customers():
    groups = Groups.of([np.array([0, 2, 5]), np.array([1, 2]), np.array([7])])
    assert groups.among(np.array([2, 5, 9])).tolist() == [2, 1, 0]
    assert groups.among(np.array([], dtype=np.int64)).tolist() == [0, 0, 0]


def test_no_groups_have_no_pairs():
    nothing = Groups.of([])
    assert (nothing.count, len(nothing.members), len(nothing.pairs[0])) == (0, 0, 0)
    assert nothing.take(np.zeros(0, np.int64)).count == 0


def test_pairs_are_counted_as_they_are_laid_out():
    groups = Groups.of([np.arange(size) for size in (1, 2, 3, 63, 64, 65, 200)])
    laid_out = np.bincount(groups.group[groups.pairs[0]], minlength=groups.count)
    assert groups.pair_counts.tolist() == laid_out.tolist()
    assert groups.sum_of_pairs(np.ones(laid_out.sum())).tolist() == laid_out.tolist()
    assert groups.sum_of_members(np.ones(groups.sizes.sum())).tolist() == groups.sizes.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_touching_names_every_group_that_any_of_the_customers_is_in(seed: int):
    rng = np.random.default_rng(seed)
    groups = [np.sort(rng.choice(10, rng.integers(5), replace=False)) for _ in range(rng.integers(8))]
    customers = rng.choice(12, rng.integers(4))
    touched = [number for number, members in enumerate(groups) if np.isin(members, customers).any()]
    assert Groups.of(groups).touching(customers).tolist() == touched

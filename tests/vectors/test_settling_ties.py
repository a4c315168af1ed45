"""Ties at the last place are broken by column, whichever way an index breaks them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ringsight.vectors.neighbours import DEEPEST, Candidates, Neighbours, settle

CUSTOMERS = 3000


class AwkwardIndex:
    """Finds the nearest, and of equals the last first."""

    def __init__(self, similarities: NDArray[np.float64]) -> None:
        self.similarities = similarities
        self.asked: list[tuple[list[int], int]] = []

    def __call__(self, rows: NDArray[np.int64], depth: int) -> Candidates:
        self.asked.append((rows.tolist(), depth))
        of_rows = self.similarities[rows]
        order = np.argsort(-of_rows[:, ::-1], axis=1, kind="stable")[:, :depth]
        columns = of_rows.shape[1] - 1 - order
        return columns.astype(np.int32), np.take_along_axis(of_rows, columns, 1)


def index_of(*ties: int) -> AwkwardIndex:
    """One row for each number of customers who are equally near; a row itself counts, at -inf."""
    similarities = np.tile(-np.arange(CUSTOMERS) / CUSTOMERS, (len(ties), 1))
    for row, tied in enumerate(ties):
        similarities[row, 10 : 10 + tied] = 0.5
        similarities[row, row] = -np.inf
    return AwkwardIndex(similarities)


def nearest(index: AwkwardIndex, k: int) -> NDArray[np.int64]:
    return np.argsort(-index.similarities, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("k", [1, 2, 5, 40, 300])
def test_of_equals_the_first_columns_come(k: int):
    index = index_of(1, 3, k, k + 1, k + 2, min(4 * k, 900), 900)
    columns, similarities = settle(index, np.arange(7), k, CUSTOMERS)
    np.testing.assert_array_equal(columns, nearest(index, k))
    np.testing.assert_array_equal(similarities, np.take_along_axis(index.similarities, nearest(index, k), 1))


@pytest.mark.parametrize("k", [2, 5, 40])
def test_a_tie_that_begins_at_the_last_place_is_broken_too(k: int):
    index = index_of(60)
    index.similarities[0, 2900 : 2900 + k - 1] = 0.9 - np.arange(k - 1) / 1000
    columns, _ = settle(index, np.arange(1), k, CUSTOMERS)
    np.testing.assert_array_equal(columns, nearest(index, k))


def test_only_tied_rows_are_asked_deeper_by_fours():
    index = index_of(1, 200, 8, 30)
    settle(index, np.arange(4), 5, CUSTOMERS)
    assert index.asked == [([0, 1, 2, 3], 7), ([1, 2, 3], 28), ([1, 3], 112), ([1], 448)]


def test_no_index_is_asked_deeper_than_it_goes():
    index = index_of(CUSTOMERS - 20)
    settle(index, np.arange(1), 5, CUSTOMERS)
    assert max(depth for _, depth in index.asked) == DEEPEST
    few = index_of(100)
    columns, _ = settle(few, np.arange(1), 200, 150)
    assert [depth for _, depth in few.asked] == [150]
    assert columns.shape == (1, 150)


def test_wide_ids_of_a_deeper_search_are_not_cut_off():
    names = np.array(["a", *(f"customer {number:04d}" for number in range(CUSTOMERS - 1))])
    index = index_of(1, 60)

    def by_name(rows: NDArray[np.int64], depth: int) -> Candidates:
        columns, similarities = index(rows, depth)
        named = names[columns]
        return named.astype(f"U{max(map(len, named.ravel().tolist()))}"), similarities

    columns, _ = settle(by_name, np.arange(2), 3, CUSTOMERS)
    assert columns[1].tolist() == names[nearest(index, 3)[1]].tolist()


def test_a_neighbour_who_was_not_asked_about_is_found_by_id():
    found = np.array([["new", "", ""], ["b", "zoe", ""]])
    similarities = np.where(found == "", -np.inf, 0.5)
    neighbours = Neighbours.of(np.array(["a", "b"]), found, similarities)
    assert neighbours.neighbour_ids.tolist() == ["a", "b", "new", "zoe"]
    assert neighbours.ids.tolist() == found.tolist()
    assert (neighbours.indices == -1).tolist() == (found == "").tolist()

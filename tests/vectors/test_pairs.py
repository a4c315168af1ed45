"""Similarities of pairs, held to the plain product."""

import numpy as np
import pytest

from ringsight.vectors.pairs import pair_similarities

VECTORS = np.random.default_rng(0).normal(size=(20, 7)).astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_each_pair_has_the_product_of_its_rows(count: int):
    a, b = np.random.default_rng(1).integers(20, size=(2, count))
    assert np.allclose(pair_similarities(VECTORS, a, b), (VECTORS[a] * VECTORS[b]).sum(axis=1), atol=1e-5)


@pytest.mark.parametrize("row", [-1, 20])
def test_a_row_that_is_not_there_is_refused_and_nothing_read(row: int):
    with pytest.raises(IndexError, match="0 to 19"):
        pair_similarities(VECTORS, np.array([0]), np.array([row]))


def test_rows_may_be_a_view_of_every_other():
    places = np.arange(20)[::2]
    assert np.allclose(pair_similarities(VECTORS, places, places), (VECTORS[::2] ** 2).sum(axis=1), atol=1e-5)

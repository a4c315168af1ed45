"""Neighbours in bulk, and the exact search below them."""

import faiss
import numpy as np
import pytest
from vector_world import make_embeddings

from ringsight.errors import SettingsError
from ringsight.vectors import bulk, exact, inverted_file
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.exact import exact_neighbours


@pytest.mark.parametrize("n", [0, 1, 2, 3, 130])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_neighbours_are_those_of_a_full_sort(n: int, k: int):
    people = make_embeddings(n)
    found = self_neighbours(people, k)
    similarities = people.vectors.astype(np.float64) @ people.vectors.T.astype(np.float64)
    np.fill_diagonal(similarities, -np.inf)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, : min(k, max(n - 1, 0))]
    assert found.indices.shape == found.similarities.shape == (n, k)
    assert (found.indices[:, : order.shape[1]] == order).all()
    assert (found.indices[:, order.shape[1] :] == -1).all()
    assert np.isneginf(found.similarities[:, order.shape[1] :]).all()
    np.testing.assert_allclose(
        found.similarities[:, : order.shape[1]], np.take_along_axis(similarities, order, 1), atol=1e-6
    )


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    people = make_embeddings(301)
    whole = self_neighbours(people, 6)
    monkeypatch.setattr(exact, "BLOCK", 1)
    assert (self_neighbours(people, 6).indices == whole.indices).all()


def test_a_k_below_one_is_refused():
    with pytest.raises(SettingsError, match="at least 1"):
        self_neighbours(make_embeddings(3), 0)


def test_equal_vectors_come_in_the_order_of_their_ids(monkeypatch: pytest.MonkeyPatch):
    people = make_embeddings(600)
    people.vectors[::3] = people.vectors[0]
    exactly = self_neighbours(people, 9)
    assert exactly.indices[0].tolist() == list(range(3, 30, 3))
    assert exactly.indices[30].tolist() == list(range(0, 27, 3))
    monkeypatch.setattr(bulk, "EXACT_UP_TO", 0)
    monkeypatch.setattr(bulk, "RECALL", 2.0)
    monkeypatch.setattr(bulk, "WORTH_IT", 1.0)
    by_cells = self_neighbours(people, 9)
    assert (by_cells.indices == exactly.indices).all()
    assert (by_cells.similarities == exactly.similarities).all()


@pytest.mark.slow
class TestCells:
    def test_nearly_all_neighbours_are_found_and_every_similarity_is_exact(self):
        people = make_embeddings(25_000, dim=16)
        found = self_neighbours(people, 10)
        rows = np.arange(0, 25_000, 50)
        indices, similarities = exact_neighbours(people.vectors[rows], people.vectors, rows, 10)
        assert (found.indices[rows][:, :, None] == indices[:, None, :]).any(axis=1).mean() >= 0.97
        assert (found.indices >= 0).all()
        assert not (found.indices == np.arange(25_000)[:, None]).any()
        assert (np.diff(found.similarities, axis=1) <= 0).all()
        pairs = np.einsum("d,kd->k", people.vectors[7], people.vectors[found.indices[7]])
        np.testing.assert_allclose(found.similarities[7], pairs, atol=2e-6)
        assert (found.similarities[rows] <= similarities + 1e-6).all()

    def test_the_same_vectors_give_the_same_neighbours(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        people = make_embeddings(3000)
        first, second = self_neighbours(people, 5), self_neighbours(people, 5)
        assert (first.indices == second.indices).all()

    def test_threads_do_not_matter(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        monkeypatch.setattr(inverted_file, "PRODUCTS", 2**16)  # blocks enough for several threads
        people, found = make_embeddings(3000), []
        for threads in (1, 3):
            monkeypatch.setattr(faiss, "omp_get_max_threads", lambda threads=threads: threads)
            found.append(self_neighbours(people, 5))
        assert (found[0].indices == found[1].indices).all()
        assert (found[0].similarities == found[1].similarities).all()

    def test_a_crowd_of_equals_is_shared_out_among_its_lowest_ids(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        monkeypatch.setattr(bulk, "RECALL", 2.0)
        monkeypatch.setattr(bulk, "WORTH_IT", 1.0)
        people = make_embeddings(2000)
        people.vectors[500:] = people.vectors[500]
        found = self_neighbours(people, 4)
        assert (found.indices[505:] == [500, 501, 502, 503]).all()
        assert found.indices[501].tolist() == [500, 502, 503, 504]
        assert (found.similarities[500:] == 1).all()

    def test_everybody_alike_is_no_trouble(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        people = make_embeddings(1500)
        people.vectors[:] = people.vectors[0]
        found = self_neighbours(people, 7)
        assert (found.similarities == 1).all()
        assert not (found.indices == np.arange(1500)[:, None]).any()

    def test_where_cells_save_nothing_all_are_compared(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        rng = np.random.default_rng(0)
        people = make_embeddings(1500, dim=64)
        people.vectors[:] = rng.normal(size=people.vectors.shape)
        people.vectors[:] /= np.linalg.norm(people.vectors, axis=1, keepdims=True)
        rows = np.arange(1500)
        exactly, _ = exact_neighbours(people.vectors, people.vectors, rows, 6)
        assert (self_neighbours(people, 6).indices == exactly).all()

    def test_more_neighbours_than_a_cell_holds_are_found(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(bulk, "EXACT_UP_TO", 100)
        people = make_embeddings(500)
        found = self_neighbours(people, 490)
        assert (np.sort(found.indices, axis=1)[:, 40:] >= 0).all()

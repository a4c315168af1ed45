"""Several spaces in one order: held to brute force over all customers."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from vector_world import OLD, make_embeddings, make_scalars, some

from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors import ranking
from ringsight.vectors.filters import parse_filter
from ringsight.vectors.opening import open_store
from ringsight.vectors.ranking import Ranking, rank_neighbours, reciprocal_ranks, weighted_mean
from ringsight.vectors.vector_store import StoreConfig, StoreKind, VectorStore

N = 300
WEIGHTS = {"notes": 1.0, "id_images": 2.0}


@cache
def spaces() -> dict[str, Embeddings]:
    """Three spaces; a third of the customers lack notes, a quarter images, and all are in the joint space."""
    rows = np.arange(N)
    kept = {"notes": rows[rows % 3 != 1], "id_images": rows[rows % 4 != 3], "joint": rows}
    return {
        space: some(make_embeddings(N, dim=8, seed=seed, space=space), kept[space].tolist())
        for seed, space in enumerate(kept)
    }


@pytest.fixture(scope="module", params=[StoreKind.memory, StoreKind.lite])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorStore]:
    path = tmp_path_factory.mktemp("ranking") / "vectors.db"
    with open_store(StoreConfig(kind=request.param, path=path)) as store:
        for embeddings in spaces().values():
            store.write(embeddings, make_scalars(spaces()["joint"]))
        store.promote(OLD)
        yield store


def queries_of(customer: str) -> dict[str, Embeddings]:
    found = {space: each.rows_in(np.array([customer]))[0] for space, each in spaces().items()}
    return {space: some(each, [int(found[space])]) for space, each in spaces().items() if found[space] >= 0}


def brute_force(customer: str, weights: dict[str, float]) -> list[tuple[str, float]]:
    """Everybody's weighted mean, one customer at a time."""
    queries = queries_of(customer)
    scored = []
    for other in spaces()["joint"].customer_ids:
        sums = [0.0, 0.0]
        for space, weight in weights.items():
            row = spaces()[space].rows_in(np.array([other]))[0]
            if space in queries and row >= 0 and other != customer:
                product = np.dot(queries[space].vectors[0].astype(float), spaces()[space].vectors[row].astype(float))
                sums = [sums[0] + weight * round(float(product), 6), sums[1] + weight]
        if sums[1]:
            scored.append((str(other), sums[0] / sums[1]))
    return sorted(scored, key=lambda each: (-round(each[1], 6), each[0]))


@pytest.mark.parametrize("customer", ["c00000", "c00006", "c00013"])
@pytest.mark.parametrize("listed", [2, 256])
def test_the_weighted_order_is_that_of_all_customers_compared(
    store: VectorStore, customer: str, listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "LISTED", listed)
    found = rank_neighbours(store, queries_of(customer), 7, WEIGHTS)
    expected = brute_force(customer, WEIGHTS)[:7]
    np.testing.assert_allclose(found.scores, [score for _, score in expected], atol=3e-6)
    assert found.customer_ids.tolist() == [other for other, _ in expected]


def test_a_customer_without_a_space_is_not_punished_for_it(store: VectorStore) -> None:
    found = rank_neighbours(store, queries_of("c00000"), N, WEIGHTS)
    both = np.stack([found.similarities[space] for space in WEIGHTS])
    one = np.isnan(both).sum(axis=0) == 1
    assert 0 < one.sum() < len(one)
    np.testing.assert_allclose(found.scores[one], np.nansum(both[:, one], axis=0), atol=1e-6)
    assert (np.isfinite(both).sum(axis=0) > 0).all()


def test_one_space_alone_is_its_search(store: VectorStore) -> None:
    queries = queries_of("c00005")
    for by in Ranking:
        found = rank_neighbours(store, queries, 9, {"joint": 3.0}, by)
        alone = store.search(queries["joint"], 9)
        assert found.customer_ids.tolist() == alone.ids[0].tolist()
        assert found.ranks["joint"].tolist() == list(range(1, 10))
        np.testing.assert_allclose(found.similarities["joint"], alone.similarities[0], atol=2e-6)


def test_reciprocal_ranks_are_those_of_the_paper(store: VectorStore) -> None:
    queries = queries_of("c00000")
    found = rank_neighbours(store, queries, 20, WEIGHTS, Ranking.rrf)
    place = {space: store.search(queries[space], 256).ids[0].tolist() for space in WEIGHTS}
    for customer, score in zip(found.customer_ids, found.scores, strict=True):
        shares = [w / (61 + place[s].index(customer)) for s, w in WEIGHTS.items() if customer in place[s]]
        assert score == pytest.approx(sum(shares))
    assert (np.diff(found.scores) <= 0).all()


def test_a_filter_holds_in_every_space(store: VectorStore) -> None:
    found = rank_neighbours(store, queries_of("c00000"), N, WEIGHTS, where=parse_filter("region == 'south'"))
    assert {int(customer[1:]) % 3 for customer in found.customer_ids} == {1}
    assert (
        len(rank_neighbours(store, queries_of("c00000"), 5, WEIGHTS, where=parse_filter("region == 'x'")).scores) == 0
    )


def test_weights_scale_freely(store: VectorStore) -> None:
    once = rank_neighbours(store, queries_of("c00000"), 10, WEIGHTS)
    thrice = rank_neighbours(store, queries_of("c00000"), 10, {space: 3 * each for space, each in WEIGHTS.items()})
    assert once.customer_ids.tolist() == thrice.customer_ids.tolist()
    np.testing.assert_allclose(once.scores, thrice.scores, atol=2e-6)


@pytest.mark.parametrize("weights", [{}, {"notes": 0.0}, {"notes": -1.0}, {"notes": float("nan")}, {"voices": 1.0}])
def test_weights_that_make_no_sense_are_refused(store: VectorStore, weights: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=r"weigh|positive"):
        rank_neighbours(store, queries_of("c00000"), 5, weights)


def test_a_space_that_the_customer_lacks_is_left_out(store: VectorStore) -> None:
    found = rank_neighbours(store, queries_of("c00001"), 5, WEIGHTS)
    np.testing.assert_array_equal(found.scores, found.similarities["id_images"])
    assert "notes" not in found.similarities


def test_formulas_on_one_customer_and_on_none() -> None:
    assert weighted_mean([np.array([0.5]), np.array([np.nan])], [1, 9]).tolist() == [0.5]
    assert weighted_mean([np.array([0.5]), np.array([0.1])], [1, 3]).tolist() == [0.2]
    assert reciprocal_ranks([np.array([1]), np.array([0])], [1, 1]).tolist() == [round(1 / 61, 12)]
    assert weighted_mean([np.empty(0)], [1]).tolist() == []


def test_ties_go_by_id(tmp_path: Path) -> None:
    vectors = np.tile(np.array([[1, 0]], dtype=np.float32), (6, 1))
    same = Embeddings("notes", np.array([f"t{i}" for i in range(6)]), vectors, OLD, "data")
    with open_store(StoreConfig(path=tmp_path / "vectors.db")) as store:
        store.write(same)
        store.promote(OLD)
        for by in Ranking:
            found = rank_neighbours(store, {"notes": some(same, [3])}, 3, {"notes": 1.0}, by)
            assert found.customer_ids.tolist() == ["t0", "t1", "t2"]

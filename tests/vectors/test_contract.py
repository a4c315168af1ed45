"""What every vector store must do: the in-memory twin, Milvus Lite, its server, and a Milvus server alike."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from vector_world import NASTY, NEW, OLD, make_embeddings, make_scalars, some

from ringsight.errors import ModelError, RingsightError, SettingsError, StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.filters import parse_filter
from ringsight.vectors.neighbours import Neighbours
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig, StoreKind, VectorStore


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    """Same similarities to the last decimal or so, and the same neighbours wherever they are told apart."""
    np.testing.assert_allclose(found.similarities, expected.similarities, atol=2.1e-6)
    higher = expected.similarities[:, :-1] - 4e-6 > expected.similarities[:, 1:]
    sure = np.pad(higher, ((0, 0), (1, 0)), constant_values=True)
    sure[:, :-1] &= higher
    assert sure.mean() > 0.95
    assert (found.ids[sure] == expected.ids[sure]).all()


def quoted(text: str) -> str:
    """A text as a filter has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def unit(rows: Sequence[Sequence[float]]) -> Embeddings:
    vectors = np.array(rows, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings("notes", np.array([f"t{i:03d}" for i in range(len(rows))]), vectors, OLD, "data")


class TestSearch:
    @pytest.mark.parametrize("k", [1, 10])
    def test_search_of_all_equals_neighbours_in_bulk(self, filled: VectorStore, people: Embeddings, k: int):
        found = filled.search(people, k)
        assert (found.neighbour_ids == people.customer_ids).all()
        assert_same(found, self_neighbours(people, k))

    def test_every_store_equals_the_twin_for_new_customers(self, filled: VectorStore, people: Embeddings):
        twin = open_store(StoreConfig(kind=StoreKind.memory))
        twin.write(people, make_scalars(people))
        twin.promote(OLD)
        new = make_embeddings(50, seed=7)
        new = Embeddings("notes", np.char.add("new", new.customer_ids), new.vectors, OLD, "later")
        assert_same(filled.search(new, 8), twin.search(new, 8))
        where = parse_filter(f"region == 'north' and segment in [{', '.join(map(quoted, NASTY[:3]))}]")
        assert_same(filled.search(new, 8, where), twin.search(new, 8, where))

    def test_a_customer_never_finds_itself(self, filled: VectorStore, people: Embeddings):
        found = filled.search(people, 5)
        assert not (found.ids == people.customer_ids[:, None]).any()

    def test_k_larger_than_the_store_pads(self, filled: VectorStore, people: Embeddings):
        found = filled.search(some(people, [3]), 500)
        assert found.indices.shape == (1, 500)
        assert set(found.ids[0, :399]) == set(people.customer_ids) - {"c00003"}
        assert (found.indices[0, 399:] == -1).all()
        assert np.isneginf(found.similarities[0, 399:]).all()

    def test_no_queries_find_nothing(self, filled: VectorStore, people: Embeddings):
        assert filled.search(some(people, slice(0)), 3).indices.shape == (0, 3)

    def test_an_absent_space_is_empty(self, filled: VectorStore, people: Embeddings):
        absent = Embeddings("id_images", people.customer_ids, people.vectors, OLD, "data")
        assert filled.spaces() == ["notes"]
        assert filled.count("id_images") == 0
        got = filled.get("id_images", people.customer_ids)
        assert (got.space, got.model_hash, got.data_hash, len(got.vectors)) == ("id_images", OLD, "", 0)
        assert got.customer_ids.tolist() == []
        assert (filled.search(absent, 3).indices == -1).all()

    def test_ties_go_by_id_even_at_the_last_place(self, store: VectorStore):
        crowd = unit([[1, 0, 0, 0]] * 40 + [[0, 1, 0, 0]] * 3 + [[0, 0, 1, 0]])
        store.write(crowd)
        store.promote(OLD)
        found = store.search(crowd, 5)
        assert found.ids[39].tolist() == [f"t{i:03d}" for i in range(5)]
        assert found.ids[2].tolist() == ["t000", "t001", "t003", "t004", "t005"]
        assert found.ids[43].tolist() == [f"t{i:03d}" for i in range(5)]
        assert (found.indices == self_neighbours(crowd, 5).indices).all()

    def test_one_customer_has_no_neighbour(self, store: VectorStore):
        alone = unit([[1, 2]])
        store.write(alone)
        store.promote(OLD)
        assert store.search(alone, 2).ids.tolist() == [["", ""]]

    @pytest.mark.parametrize("k", [0, -1, 16_383])
    def test_k_out_of_range_is_refused(self, filled: VectorStore, people: Embeddings, k: int):
        with pytest.raises(SettingsError, match=str(k)):
            filled.search(people, k)

    def test_the_largest_k_is_taken(self, filled: VectorStore, people: Embeddings):
        assert filled.search(some(people, [3]), 16_382).indices.shape == (1, 16_382)

    def test_get_gives_back_what_was_written(self, filled: VectorStore, people: Embeddings):
        got = filled.get("notes", np.array(["c00007", "nobody", "c00003", "c00007"]))
        assert got.customer_ids.tolist() == ["c00003", "c00007"]
        np.testing.assert_array_equal(got.vectors, people.vectors[[3, 7]])
        assert (got.model_hash, got.data_hash) == (OLD, people.data_hash)
        assert len(filled.get("notes", np.empty(0, np.str_)).customer_ids) == 0


class TestWhere:
    def chosen(self, filled: VectorStore, people: Embeddings, where: str) -> set[str]:
        found = filled.search(some(people, [0]), 399, parse_filter(where))
        return set(found.ids[0]) - {""}

    def expected(self, people: Embeddings, keep: NDArray[np.bool_]) -> set[str]:
        return set(people.customer_ids[keep]) - {"c00000"}

    @pytest.mark.parametrize("segment", NASTY)
    def test_quotes_in_a_value_are_a_value(self, filled: VectorStore, people: Embeddings, segment: str):
        keep = np.array([NASTY[i % len(NASTY)] == segment for i in range(400)])
        where = f"segment == {quoted(segment)}"
        assert self.chosen(filled, people, where) == self.expected(people, keep)

    def test_columns_and_values_combine(self, filled: VectorStore, people: Embeddings):
        rows = np.arange(400)
        where = f"region in ['north', ''] and segment == {quoted(NASTY[0])}"
        keep = (rows % 3 != 1) & (rows % len(NASTY) == 0)
        assert self.chosen(filled, people, where) == self.expected(people, keep)

    def test_negations_and_alternatives_combine(self, filled: VectorStore, people: Embeddings):
        rows = np.arange(400)
        where = "not (region != 'north' or opened_at >= '2020-06-01') or customer_id in ['c00391', 'nobody']"
        keep = ((rows % 3 == 0) & (rows < 152)) | (rows == 391)
        assert self.chosen(filled, people, where) == self.expected(people, keep)

    def test_a_date_is_midnight_and_a_number_seconds(self, filled: VectorStore, people: Embeddings):
        day = int(datetime(2020, 1, 3, tzinfo=UTC).timestamp())
        assert self.chosen(filled, people, f"opened_at == {day}") == {"c00002"}
        assert self.chosen(filled, people, "opened_at <= '2020-01-03' and opened_at > '2020-01-02'") == {"c00002"}
        assert self.chosen(filled, people, "opened_at == '2020-01-03 01:00+01:00'") == {"c00002"}

    def test_what_is_not_known_is_neither_before_nor_after(self, filled: VectorStore, people: Embeddings):
        unknown = np.arange(400) % 3 == 2
        assert self.chosen(filled, people, "region < 'p'") == self.expected(people, np.arange(400) % 3 == 0)
        assert self.chosen(filled, people, "region == ''") == self.expected(people, unknown)
        assert self.chosen(filled, people, "last_seen < '2050-01-01' or last_seen >= '2050-01-01'") == set()
        everybody = self.expected(people, np.ones(400, dtype=np.bool_))
        assert self.chosen(filled, people, "last_seen != '2050-01-01'") == everybody

    def test_deep_and_long_filters_are_taken(self, filled: VectorStore, people: Embeddings):
        deep = "not " * 15 + "(" * 15 + "region == 'north'" + ")" * 15
        assert self.chosen(filled, people, deep) == self.expected(people, np.arange(400) % 3 != 0)
        long = " or ".join(f"customer_id == 'c{i:05d}'" for i in range(1, 120))
        assert self.chosen(filled, people, long) == set(people.customer_ids[1:120])

    @pytest.mark.parametrize(
        "value", ['" or region != "', "' or 1 == 1", "nowhere", "\\", "{x}", '"] or region in ["north']
    )
    def test_what_nobody_has_finds_nobody(self, filled: VectorStore, people: Embeddings, value: str):
        assert self.chosen(filled, people, f"region == {quoted(value)}") == set()


class TestWrite:
    def test_writing_twice_is_writing_once(self, store: VectorStore, people: Embeddings):
        store.write(people)
        store.write(people)
        store.promote(OLD)
        assert store.count("notes") == 400
        assert_same(store.search(people, 5), self_neighbours(people, 5))

    def test_half_a_collection_is_completed_and_changed_vectors_replaced(self, store: VectorStore, people: Embeddings):
        other = make_embeddings(400, seed=9)
        store.write(some(people, slice(0, 250)))
        store.write(some(other, slice(200, 300)))
        store.write(people)
        store.promote(OLD)
        assert store.count("notes") == 400
        np.testing.assert_array_equal(store.get("notes", people.customer_ids).vectors, people.vectors)

    def test_other_customers_stay(self, store: VectorStore, people: Embeddings):
        store.write(some(people, slice(0, 10)))
        store.write(some(people, slice(8, 12)))
        store.promote(OLD)
        assert store.get("notes", people.customer_ids).customer_ids.tolist() == people.customer_ids[:12].tolist()

    def test_nothing_is_stored_for_an_absent_modality(self, store: VectorStore, people: Embeddings):
        store.write(some(people, slice(0)))
        assert store.spaces() == []
        with pytest.raises(ModelError, match="no vectors of model"):
            store.promote(OLD)

    def test_damaged_vectors_are_refused_at_write_and_search(self, store: VectorStore, people: Embeddings):
        store.write(people)
        store.promote(OLD)
        for damage in (np.nan, np.inf, 0.0, 2.0):
            vectors = people.vectors.copy()
            damaged = Embeddings("notes", people.customer_ids, vectors, OLD, "data")
            vectors[17] *= damage
            with pytest.raises(StoreError, match="c00017 is not finite and of length 1"):
                store.write(damaged)
            with pytest.raises(StoreError, match="c00017"):
                store.search(damaged, 3)
        np.testing.assert_array_equal(store.get("notes", people.customer_ids).vectors, people.vectors)

    def test_another_dimension_is_refused(self, store: VectorStore, people: Embeddings):
        store.write(people)
        store.promote(OLD)
        wide = make_embeddings(10, dim=17)
        with pytest.raises(StoreError, match="dimension 16, these have 17"):
            store.write(wide)
        with pytest.raises(StoreError, match="dimension 16, these have 17"):
            store.search(wide, 3)

    def test_scalars_must_cover_every_customer_once(self, store: VectorStore, people: Embeddings):
        scalars = make_scalars(people)
        with pytest.raises(StoreError, match="lack 3 of 400"):
            store.write(people, scalars[3:])
        with pytest.raises(StoreError, match="more than one row"):
            store.write(people, scalars[[0, *range(400)]])
        with pytest.raises(StoreError, match="segment of customer 'c00000'"):
            store.write(people, scalars.with_columns(segment=scalars["segment"] + "x" * 600))


class TestModels:
    def test_readers_see_one_model_at_a_time(self, store: VectorStore, people: Embeddings):
        old_images = Embeddings("id_images", people.customer_ids, people.vectors, OLD, "data")
        new = make_embeddings(400, dim=8, seed=3, model=NEW)
        store.write(people)
        store.write(old_images)
        assert store.spaces() == []
        assert store.model_hash is None
        store.promote(OLD)
        store.write(new)
        assert store.spaces() == ["id_images", "notes"]
        assert_same(store.search(people, 3), self_neighbours(people, 3))
        store.promote(NEW)
        assert store.model_hash == NEW
        assert store.spaces() == ["notes"]
        assert_same(store.search(new, 3), self_neighbours(new, 3))
        store.promote(OLD)
        assert store.spaces() == ["id_images", "notes"]

    def test_vectors_of_another_model_are_refused(self, filled: VectorStore, people: Embeddings):
        stranger = make_embeddings(3, model=NEW)
        with pytest.raises(ModelError, match=f"{OLD}.*{NEW}"):
            filled.search(stranger, 2)

    def test_nothing_is_searched_before_a_promotion(self, store: VectorStore, people: Embeddings):
        store.write(people)
        with pytest.raises(StoreError, match="no promoted model"):
            store.search(people, 2)

    def test_an_unknown_model_is_not_promoted(self, filled: VectorStore):
        with pytest.raises(ModelError, match=NEW):
            filled.promote(NEW)
        assert filled.model_hash == OLD

    def test_promotion_rollback_and_drop(self, store: VectorStore):
        old, new = make_embeddings(5), make_embeddings(7, model=NEW)
        assert store.models() == []
        store.write(old)
        with pytest.raises(StoreError, match="no model to roll back to"):
            store.rollback()
        store.promote(OLD)
        store.write(new)
        assert told(store) == {OLD: ("promoted", {"notes": 5}), NEW: ("", {"notes": 7})}
        with pytest.raises(StoreError, match="no model to roll back to"):
            store.rollback()
        store.promote(NEW)
        store.promote(NEW)
        assert told(store) == {OLD: ("former", {"notes": 5}), NEW: ("promoted", {"notes": 7})}
        assert store.rollback() == OLD
        assert store.get("notes", old.customer_ids).model_hash == OLD
        assert told(store) == {OLD: ("promoted", {"notes": 5}), NEW: ("former", {"notes": 7})}
        with pytest.raises(StoreError, match=f"readers see model {OLD}"):
            store.drop(OLD)
        store.drop(NEW)
        assert told(store) == {OLD: ("promoted", {"notes": 5})}
        assert store.count("notes") == 5
        with pytest.raises(StoreError, match="no model to roll back to"):
            store.rollback()
        with pytest.raises(ModelError, match=f"no vectors of model {NEW}"):
            store.drop(NEW)


def told(store: VectorStore) -> dict[str, tuple[str, dict[str, int]]]:
    """What a store says of its models, none of them half written."""
    assert not any(model.half_written for model in store.models())
    return {
        model.model_hash: ("promoted" * model.promoted + "former" * model.former, model.counts)
        for model in store.models()
    }


class TestErase:
    def test_erased_stays_erased_in_every_space_and_model(self, store: VectorStore, people: Embeddings):
        new = make_embeddings(400, seed=3, model=NEW)
        store.write(people)
        store.write(new)
        store.promote(OLD)
        assert store.erase("c00005") == 2
        assert store.erase("c00005") == 0
        assert store.erase('" or customer_id != "') == 0
        store.write(people)
        for embeddings in (people, new):
            store.promote(embeddings.model_hash)
            assert store.count("notes") == 399
            assert "c00005" not in store.search(embeddings, 20).ids
            assert len(store.get("notes", np.array(["c00005"])).customer_ids) == 0
            kept = embeddings.customer_ids != "c00005"
            np.testing.assert_array_equal(store.get("notes", embeddings.customer_ids).vectors, embeddings.vectors[kept])


def test_a_closed_store_says_so(store: VectorStore, people: Embeddings):
    store.close()
    store.close()
    for use in (
        lambda: store.write(people),
        lambda: store.search(people, 2),
        lambda: store.get("notes", people.customer_ids),
        lambda: store.count("notes"),
        lambda: store.erase("c00001"),
        lambda: store.promote(OLD),
        lambda: store.drop(OLD),
        store.rollback,
        store.models,
        store.spaces,
    ):
        with pytest.raises(RingsightError, match="closed"):
            use()

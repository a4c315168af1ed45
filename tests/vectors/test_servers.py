"""What a server adds: who may come in, a server that goes away, and several who read while one writes."""

import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from milvus_servers import TOKEN, Server
from vector_world import NEW, OLD, make_embeddings, some

from ringsight.errors import StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.milvus import MilvusStore
from ringsight.vectors.milvus.filling import _connected
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import IndexKind, StoreConfig
from ringsight.workers import spread_by

pytestmark = pytest.mark.slow
numbers = count()


@pytest.fixture(params=["served_lite", "served"])
def server(request: pytest.FixtureRequest) -> Server:
    """Milvus Lite's server, and the real one."""
    given = request.getfixturevalue(request.param)
    assert isinstance(given, Server)
    return given


@pytest.fixture
def config(server: Server) -> Iterator[StoreConfig]:
    """Settings of a store in a database of its own."""
    with server.database(f"served{next(numbers)}") as database:
        yield replace(server.config, database=database, write_batch=64)


def interrupt(config: StoreConfig, store: MilvusStore, before: int, act: Callable[[], None]) -> list[int]:
    """Act before the given upsert; the list that comes back fills with the sizes of what is upserted."""
    client = store._open.client
    real = client.upsert
    sizes: list[int] = []

    def upsert(name: str, rows: list[dict[str, object]], **options: object) -> object:
        if len(sizes) == before:
            sizes.append(0)
            act()
        answer = real(name, rows, **options)
        sizes.append(len(rows))
        return answer

    client.upsert = upsert
    return sizes


def test_batches_go_from_elsewhere_where_work_is_spread(config: StoreConfig):
    """Each with a connection of its own, made where the batch is sent from; here the same process stands for that."""
    people, gone = make_embeddings(200), 0

    def elsewhere(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        nonlocal gone
        for item in items:
            gone += 1
            far, sent = pickle.loads(pickle.dumps((work, item)))  # noqa: S301 - what was packed in this line
            yield far(sent)

    with open_store(config) as store:
        with spread_by(elsewhere):
            store.write(people)
        store.promote(people.model_hash)
        assert (store.count(people.space), gone) == (200, 4)
    _connected.cache_clear()


class TestAccess:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"token_file": None}, "check that"),
            ({"ca_file": None}, "check that"),
            ({"database": "elsewhere"}, "database not found.*elsewhere"),
        ],
    )
    def test_the_wrong_token_authority_or_database_is_refused(
        self, served: Server, wrong: dict[str, str | None], said: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("RINGSIGHT_MILVUS_TOKEN", "root:guessed")
        open_store(served.config).close()
        with pytest.raises(StoreError, match=said) as caught:
            open_store(replace(served.config, **wrong))  # type: ignore[arg-type]
        assert "guessed" not in str(caught.value)
        assert TOKEN not in str(caught.value)

    def test_a_token_is_taken_from_the_environment(self, served: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("RINGSIGHT_MILVUS_TOKEN", TOKEN)
        with open_store(replace(served.config, token_file=None)) as store:
            assert store.models() == []


def test_a_server_that_comes_back_is_waited_for(config: StoreConfig, server: Server, people: Embeddings):
    with open_store(config) as store:
        assert isinstance(store, MilvusStore)

        def restart() -> None:
            server.stop(signal.SIGINT)
            threading.Timer(0.5, server.start).start()

        interrupt(config, store, 3, restart)
        store.write(people)
        store.promote(OLD)
        assert store.count("notes") == 400
        assert (store.search(people, 3).ids == self_neighbours(people, 3).ids).all()


def test_a_server_that_stays_away_is_an_error_and_the_run_resumes(served_lite: Server, people: Embeddings):
    with served_lite.database("away") as database:
        config = replace(served_lite.config, database=database, write_batch=64, patience_seconds=0.5)
        with open_store(config) as store:
            assert isinstance(store, MilvusStore)
            interrupt(config, store, 3, lambda: served_lite.stop(signal.SIGKILL))
            with pytest.raises(StoreError, match=r"has not answered for 0\.5 seconds(.|\n)*goes on where it stopped"):
                store.write(people)
        served_lite.start()
        with open_store(config) as store:
            assert isinstance(store, MilvusStore)
            assert [model.half_written for model in store.models()] == [["notes"]]
            sizes = interrupt(config, store, -1, lambda: None)
            store.write(people)
            assert sum(sizes) == 400 - 3 * 64
            store.promote(OLD)
            np.testing.assert_array_equal(store.get("notes", people.customer_ids).vectors, people.vectors)


def test_a_reader_never_sees_two_models(config: StoreConfig):
    """Readers come and go while two models are promoted in turn; each reads one of them, in every space."""
    spaces = ("joint", "notes")
    with open_store(config) as store:
        for model in (OLD, NEW):
            for space in spaces:
                store.write(make_embeddings(20, seed=len(model[0]) + (model == NEW), space=space, model=model))
        store.promote(OLD)
        done = threading.Event()
        seen: list[tuple[str | None, list[str]]] = []
        failures: list[Exception] = []

        def read() -> None:
            while not done.is_set():
                try:
                    with open_store(config) as reader:
                        ids = make_embeddings(20).customer_ids
                        found = [reader.get(space, ids) for space in spaces]
                        hashes = [each.model_hash for each in found if len(each.customer_ids) == 20]
                        seen.append((reader.model_hash, hashes))
                except Exception as error:
                    failures.append(error)
                    return

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        while len(seen) < 20 and not failures:
            store.promote(NEW if store.model_hash == OLD else OLD)
        done.set()
        for reader in readers:
            reader.join()
    assert not failures
    assert all(hashes == [model] * len(spaces) for model, hashes in seen)
    assert {model for model, _ in seen} == {OLD, NEW}


@pytest.mark.parametrize("index", [IndexKind.hnsw, IndexKind.ivf_flat])
def test_a_real_server_builds_the_index_asked_for(index: IndexKind, served: Server):
    people = make_embeddings(1100)
    with (
        served.database(f"index_{index}") as database,
        open_store(replace(served.config, database=database, index=index)) as store,
    ):
        assert isinstance(store, MilvusStore)
        store.write(people)
        store.promote(OLD)
        (collection,) = store._catalogue.collections()
        built = store._open.client.describe_index(collection.name, "vector")
        assert (built["index_type"], built["metric_type"]) == (index.value.upper(), "IP")
        asked = some(people, slice(0, 300))
        found, exact = store.search(asked, 10), self_neighbours(people, 10)
        assert (found.ids[:, :, None] == exact.ids[:300, None, :]).any(axis=1).mean() > 0.97

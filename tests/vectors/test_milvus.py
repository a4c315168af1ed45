"""What Milvus Lite does of its own accord, and what we make of it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from vector_world import NEW, OLD, make_embeddings, make_scalars, some

from ringsight.errors import SettingsError, StoreError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.milvus import MilvusStore
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import IndexKind, StoreConfig, StoreKind, VectorStore

pytestmark = pytest.mark.slow
Reopen = Callable[[], VectorStore]


def fail_after(store: VectorStore, method: str, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client fail as if it were killed at the given call."""
    assert isinstance(store, MilvusStore)
    client = store._open.client
    real, left = getattr(client, method), iter(range(calls))

    def until(*args: object, **options: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(client, method, until)


def test_a_store_outlives_its_process(reopen: Reopen, people: Embeddings):
    with reopen() as store:
        store.write(people, make_scalars(people))
        store.promote(OLD)
    with reopen() as store:
        assert store.model_hash == OLD
        assert store.count("notes") == 400
        assert (store.search(people, 4).indices == self_neighbours(people, 4).indices).all()
        store.erase("c00009")
    with reopen() as store:
        assert len(store.get("notes", np.array(["c00009"])).customer_ids) == 0


def test_a_write_cut_off_is_not_promoted_and_is_completed_later(
    reopen: Reopen, people: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    with reopen() as store:
        fail_after(store, "upsert", 3, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            store.write(people)
        with pytest.raises(StoreError, match="only half written"):
            store.promote(OLD)
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
        assert store.count("notes") == 400


@pytest.mark.parametrize("calls", [0, 1])
def test_a_promotion_cut_off_shows_the_old_model_whole(
    calls: int, reopen: Reopen, people: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    """Pointing the two aliases elsewhere is two calls; only the second one is seen."""
    with reopen() as store:
        for model in (OLD, NEW):
            for space in ("notes", "transactions"):
                store.write(Embeddings(space, people.customer_ids[:5], people.vectors[:5], model, "data"))
        store.promote(NEW)
        store.promote(OLD)
        fail_after(store, "alter_alias", calls, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            store.promote(NEW)
    with reopen() as store:
        assert store.model_hash == OLD
        assert store.get("transactions", people.customer_ids).model_hash == OLD
        store.promote(NEW)
        assert store.model_hash == NEW
        assert store.rollback() == OLD


def test_a_write_goes_on_where_it_was_cut_off(reopen: Reopen, people: Embeddings, monkeypatch: pytest.MonkeyPatch):
    with reopen() as store:
        fail_after(store, "upsert", 3, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            store.write(people)
        (model,) = store.models()
        assert (model.half_written, model.counts) == (["notes"], {"notes": 3 * 64})
    for changed, calls in ((people, 4), (make_embeddings(400, seed=1), 7)):
        with reopen() as store:
            fail_after(store, "upsert", calls, monkeypatch)
            store.write(changed)


@pytest.mark.parametrize("method", ["create_index", "load_collection", "flush", "alter_collection_properties"])
def test_a_write_cut_off_anywhere_is_completed(
    method: str, reopen: Reopen, people: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    with reopen() as store:
        fail_after(store, method, 0, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            store.write(people)
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
        assert (store.search(people, 4).indices == self_neighbours(people, 4).indices).all()


@pytest.mark.parametrize(
    ("method", "calls"), [("create_collection", 0), ("upsert", 1), ("alter_alias", 0), ("drop_collection", 0)]
)
def test_an_erasure_cut_off_anywhere_is_completed(
    method: str, calls: int, reopen: Reopen, people: Embeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
        fail_after(store, method, calls, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            store.erase("c00009")
    with reopen() as store:
        assert store.model_hash == OLD
        assert store.count("notes") in (399, 400)
        store.erase("c00009")
        assert store.count("notes") == 399
        assert store.model_hash == OLD
    vector = people.vectors[9].tobytes()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and vector in file.read_bytes()]
    assert len(list((tmp_path / "vectors.db" / "collections").iterdir())) == 1


def test_what_a_kill_left_of_a_collection_is_removed(reopen: Reopen, tmp_path: Path, people: Embeddings):
    """Milvus Lite cannot make a collection where the folder of one without a schema lies."""
    collections = tmp_path / "vectors.db" / "collections"
    with reopen() as store:
        store.write(people)
        store.write(make_embeddings(5, space="joint"))
    (collections / f"joint_{OLD[:12]}" / "schema.json").unlink()
    (collections / f"transactions_{OLD[:12]}").mkdir()
    with reopen() as store:
        assert [path.name for path in collections.iterdir()] == [f"notes_{OLD[:12]}"]
        store.write(make_embeddings(5, space="transactions"))
        store.promote(OLD)
        assert store.spaces() == ["notes", "transactions"]


def test_an_alias_that_points_nowhere_is_no_model(reopen: Reopen, people: Embeddings, tmp_path: Path):
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
    aliases = tmp_path / "vectors.db" / "aliases.json"
    aliases.write_text(aliases.read_text().replace(f"notes_{OLD[:12]}", "gone"))
    with reopen() as store:
        assert store.model_hash is None
        assert store.spaces() == []
        with pytest.raises(StoreError, match="no promoted model"):
            store.search(people, 3)
        store.promote(OLD)
        assert store.model_hash == OLD


def test_a_stray_env_file_is_not_read(tmp_path: Path):
    (tmp_path / ".env").write_text("RINGSIGHT_STRAY=read\nMILVUS_URI=http://elsewhere:1\n")
    look = "import os, ringsight.vectors.milvus; print(os.environ.get('RINGSIGHT_STRAY'), os.environ.get('MILVUS_URI'))"
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert said.stdout == "None None\n"


def test_requests_are_bounded_and_pings_are_rare(reopen: Reopen, people: Embeddings, monkeypatch: pytest.MonkeyPatch):
    """A server refuses more than 16,384 results or queries in a request; Lite cuts off clients that ping often."""
    with reopen() as store:
        assert isinstance(store, MilvusStore)
        assert store._open.client._handler._grpc_options["grpc.keepalive_time_ms"] >= 7_200_000
        store.write(some(people, slice(0, 20)))
        store.promote(OLD)
        asked: list[tuple[int, int]] = []
        real = store._open.client.search

        def search(name: str, data: list[object], limit: int, **options: object) -> object:
            asked.append((len(data), limit))
            return real(name, data=data, limit=limit, **options)

        monkeypatch.setattr(store._open.client, "search", search)
        store.search(some(people, slice(0, 10)), 16_382)
        assert max(limit for _, limit in asked) <= 16_384
        assert max(queries * limit for queries, limit in asked) <= 2**16


def test_a_broken_index_file_is_built_anew(reopen: Reopen, tmp_path: Path, people: Embeddings):
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
    for index in (tmp_path / "vectors.db").rglob("*.idx"):
        index.write_bytes(index.read_bytes()[:100])
    with reopen() as store:
        assert (store.search(people, 4).indices == self_neighbours(people, 4).indices).all()


def test_two_stores_on_one_folder_are_refused(reopen: Reopen):
    with reopen(), pytest.raises(StoreError, match="already open in this process"):
        reopen()
    reopen().close()


def test_a_folder_held_by_another_process_is_refused(reopen: Reopen, tmp_path: Path):
    hold = (
        "import sys; from pathlib import Path; from ringsight.process_lock import ProcessLock\n"
        "lock = ProcessLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path / "vectors.db.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=rf"in use by another process \(pid {other.pid}\)"):
            reopen()
        other.kill()
        other.wait()
    reopen().close()


def test_a_closed_store_is_free_for_another_process(reopen: Reopen, tmp_path: Path, people: Embeddings):
    with reopen() as store:
        store.write(people)
        store.promote(OLD)
    count = (
        "import sys; from pathlib import Path; from ringsight.vectors.opening import open_store\n"
        "from ringsight.vectors.vector_store import StoreConfig\n"
        "with open_store(StoreConfig(path=Path(sys.argv[1]))) as store: sys.stdout.write(str(store.count('notes')))"
    )
    command = [sys.executable, "-c", count, str(tmp_path / "vectors.db")]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (other.returncode, other.stdout, other.stderr) == (0, "400", "")


def test_a_file_is_not_a_store(tmp_path: Path):
    path = tmp_path / "vectors.db"
    path.write_text("an old one")
    with pytest.raises(StoreError, match="is a file"):
        open_store(StoreConfig(path=path))
    assert path.read_text() == "an old one"


def test_a_store_without_a_path_is_refused():
    with pytest.raises(SettingsError, match=r"needs store\.path"):
        open_store(StoreConfig())


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGSIGHT_MILVUS_TOKEN", "root:secret")
    config = StoreConfig(kind=StoreKind.server, uri="http://127.0.0.1:1", connect_seconds=0.3)
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:1: cannot open") as caught:
        open_store(config)
    assert "secret" not in f"{caught.value} {config}"


def test_a_missing_token_file_is_named(tmp_path: Path):
    config = StoreConfig(kind=StoreKind.server, uri="http://127.0.0.1:1", token_file=tmp_path / "token")
    with pytest.raises(SettingsError, match="token_file is missing"):
        open_store(config)


@pytest.mark.parametrize("index", [IndexKind.hnsw, IndexKind.ivf_flat, IndexKind.autoindex])
def test_every_index_is_built_and_finds_nearly_all(index: IndexKind, tmp_path: Path, people: Embeddings):
    with open_store(StoreConfig(path=tmp_path / "vectors.db", index=index)) as store:
        store.write(people)
        store.promote(OLD)
        found, exact = store.search(people, 10), self_neighbours(people, 10)
        assert (found.ids[:, :, None] == exact.ids[:, None, :]).any(axis=1).mean() > 0.97
    assert list((tmp_path / "vectors.db").rglob("*.idx"))


def test_other_collections_in_the_database_are_left_alone(reopen: Reopen, people: Embeddings):
    with reopen() as store:
        assert isinstance(store, MilvusStore)
        schema = MilvusClient.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
        store._open.client.create_collection("theirs", schema=schema)
        store.write(some(people, slice(0, 5)))
        store.promote(OLD)
        store.erase("c00001")
        assert store.spaces() == ["notes"]


def test_models_whose_hashes_begin_alike_do_not_mix(reopen: Reopen):
    with reopen() as store:
        store.write(make_embeddings(5, model="a" * 64))
        with pytest.raises(StoreError, match="belongs to model"):
            store.write(make_embeddings(5, model="a" * 12 + "b" * 52))

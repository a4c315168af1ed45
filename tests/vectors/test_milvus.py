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
from ringsight.vectors.store import IndexKind, StoreConfig, StoreKind, VectorStore, open_store

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
        "import sys; from pathlib import Path; from ringsight.vectors.milvus.lock import ProcessLock\n"
        "lock = ProcessLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path / "vectors.db")]
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
        "import sys; from pathlib import Path; from ringsight.vectors.store import StoreConfig, open_store\n"
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

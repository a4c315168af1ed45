"""A run killed at any point and given again leaves what a run that was not killed leaves: nothing lost or doubled."""

import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest
from vector_world import NEW, OLD, make_embeddings, make_scalars

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.milvus import MilvusStore
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig

pytestmark = pytest.mark.slow
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["ringsight.vectors.milvus", "vector_world"])
IDS = np.array([f"c{i:05d}" for i in range(120)])


def embedded() -> list[Embeddings]:
    """Two models, two spaces; the second model lacks half of the customers."""
    spaces = [make_embeddings(120, 8, seed=seed, space=space) for seed, space in enumerate(("joint", "notes"))]
    return [*spaces, make_embeddings(60, 4, seed=5, model=NEW)]


def whole_run(path: Path) -> None:
    """Write the old model, show it, write the new one, show that, erase a customer."""
    with open_store(StoreConfig(path=path, write_batch=10)) as store:
        for model in (OLD, NEW):
            for embeddings in embedded():
                if embeddings.model_hash == model:
                    store.write(embeddings, make_scalars(embeddings))
            store.promote(model)
        store.erase("c00007")


def held(path: Path) -> dict[str, object]:
    """All that can be read of a store: its models, and every row of every collection."""
    with open_store(StoreConfig(path=path)) as store:
        assert isinstance(store, MilvusStore)
        said: dict[str, object] = {
            str((model.model_hash, model.promoted, model.former, model.data_hashes, model.half_written)): model.counts
            for model in store.models()
        }
        for collection in store._catalogue.collections():
            rows = store._call("query", collection.name, filter="", limit=1000, output_fields=["*"])
            assert len({row["customer_id"] for row in rows}) == len(rows)
            table = sorted((row["customer_id"], row["segment"], row["opened_at"], *row["vector"]) for row in rows)
            said[f"{collection.space} {collection.model_hash} {collection.content}"] = table
        return said


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    """What a run that nobody disturbs leaves, and how long it takes in a process of its own."""
    path = tmp_path_factory.mktemp("undisturbed") / "vectors.db"
    first = PROCESSES.Process(target=embedded)  # so that what is timed has not to import anything
    first.start()
    first.join()
    process = PROCESSES.Process(target=whole_run, args=(path,))
    begun = time.perf_counter()
    process.start()
    process.join()
    seconds = time.perf_counter() - begun
    assert process.exitcode == 0
    return held(path), seconds


@pytest.mark.parametrize("point", range(10))
def test_a_run_killed_at_any_point_is_completed_by_another(
    point: int, undisturbed: tuple[dict[str, object], float], tmp_path: Path
):
    left_whole, seconds = undisturbed
    when = (point + np.random.default_rng(point).random()) / 10 * seconds
    path = tmp_path / "vectors.db"
    process = PROCESSES.Process(target=whole_run, args=(path,))
    process.start()
    process.join(when)
    process.kill()
    process.join()
    whole_run(path)
    assert held(path) == left_whole

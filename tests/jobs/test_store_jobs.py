"""`ringsight store` and `ringsight erase`, on a run whose vectors are made by hand."""

from pathlib import Path

import numpy as np
import pytest
from tiny_world import ringsight

from ringsight.errors import DataError, ModelError, RingsightError, SettingsError, StoreError
from ringsight.jobs import erase, store
from ringsight.jobs.erase import EraseJob
from ringsight.jobs.store import StoreAction, StoreJob
from ringsight.records.embeddings import Embeddings
from ringsight.runs.erasure import erase_embeddings
from ringsight.runs.paths import RunPaths
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig, StoreKind

pytestmark = pytest.mark.slow

OLD, NEW = "12ab" + "0" * 60, "34cd" + "0" * 60
WHO = "c0003"


def embedded(space: str, model: str, seed: int, customers: int = 30) -> Embeddings:
    vectors = np.random.default_rng(seed).normal(size=(customers, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:04d}" for i in range(customers)])
    return Embeddings(space, ids, vectors.astype(np.float32), model, "data")


@pytest.fixture
def made(tmp_path: Path) -> list[Embeddings]:
    """What is in the run's folder: two models in the store, the newer one promoted and on disk."""
    both = [embedded("notes", OLD, 0), embedded("joint", NEW, 1), embedded("notes", NEW, 2)]
    with open_store(StoreConfig().beside(tmp_path)) as filled:
        for embeddings in both:
            filled.write(embeddings)
            filled.promote(embeddings.model_hash)
    for embeddings in both[1:]:
        embeddings.write(tmp_path / "embeddings" / f"{embeddings.space}.parquet")
    return both


def files_with(folder: Path, embeddings: Embeddings, customer: str) -> list[str]:
    """The files that hold the bytes of a customer's vector."""
    (vector,) = embeddings.vectors[embeddings.customer_ids == customer]
    return sorted(str(file) for file in folder.rglob("*") if file.is_file() and vector.tobytes() in file.read_bytes())


class TestStore:
    def test_status_promote_rollback_and_drop(self, made: list[Embeddings], tmp_path: Path):
        def state(**settings: object) -> list[tuple[str, bool, bool]]:
            models = store.run(StoreJob(out=tmp_path, **settings))  # type: ignore[arg-type]
            return [(model.model_hash, model.promoted, model.former) for model in models]

        assert state() == [(OLD, False, True), (NEW, True, False)]
        assert state(do=StoreAction.rollback) == [(OLD, True, False), (NEW, False, True)]
        assert state(do=StoreAction.promote, model="34") == [(OLD, False, True), (NEW, True, False)]
        with pytest.raises(StoreError, match="readers see model 34cd"):
            state(do=StoreAction.drop, model=NEW)
        assert state(do=StoreAction.drop, model="12ab") == [(NEW, True, False)]

    @pytest.mark.parametrize("begins", ["99", "0"])
    def test_a_model_that_is_not_there_is_refused_with_those_that_are(
        self, begins: str, made: list[Embeddings], tmp_path: Path
    ):
        with pytest.raises(ModelError, match=f"no models in the store begin with '{begins}'(.|\n)*{OLD}, {NEW}"):
            store.run(StoreJob(do=StoreAction.promote, model=begins, out=tmp_path))

    def test_a_beginning_that_several_share_is_refused(self, tmp_path: Path):
        with open_store(StoreConfig().beside(tmp_path)) as filled:
            for model in (OLD, OLD[:4] + "f" * 60):
                filled.write(embedded("notes", model, 0, 2))
        with pytest.raises(ModelError, match="2 models in the store begin with '12ab'"):
            store.run(StoreJob(do=StoreAction.promote, model="12ab", out=tmp_path))

    @pytest.mark.parametrize("do", [StoreAction.promote, StoreAction.drop])
    def test_a_model_must_be_named(self, do: StoreAction):
        with pytest.raises(SettingsError, match=f"do={do} needs a model"):
            StoreJob(do=do)

    def test_no_store_is_made_by_looking_for_one(self, tmp_path: Path):
        for look in (
            lambda: store.run(StoreJob(out=tmp_path)),
            lambda: erase.run(EraseJob(customer="c", out=tmp_path)),
        ):
            with pytest.raises(StoreError, match="there is no vector store"):
                look()
        assert list(tmp_path.iterdir()) == []

    def test_from_the_command_line(self, made: list[Embeddings], tmp_path: Path):
        said = ringsight("store", "do=rollback", f"out={tmp_path}", cwd=tmp_path)
        assert said.returncode == 0, said.stderr
        assert "12ab" in said.stdout
        refused = ringsight("store", "do=forget", f"out={tmp_path}", cwd=tmp_path)
        assert refused.returncode == 1
        assert "do" in refused.stderr
        assert "Traceback" not in refused.stderr


class TestErase:
    def test_nothing_is_left_of_a_customer_in_any_file(self, made: list[Embeddings], tmp_path: Path):
        for embeddings in made:
            assert files_with(tmp_path, embeddings, WHO)
        assert erase.run(EraseJob(customer=WHO, out=tmp_path)) == len(made) + 2
        for embeddings in made:
            assert not files_with(tmp_path, embeddings, WHO)
            assert files_with(tmp_path, embeddings, "c0004")
        assert erase.run(EraseJob(customer=WHO, out=tmp_path)) == 0

    def test_everybody_else_stays(self, made: list[Embeddings], tmp_path: Path):
        erase.run(EraseJob(customer=WHO, out=tmp_path))
        with open_store(StoreConfig().beside(tmp_path)) as filled:
            assert filled.model_hash == NEW
            for embeddings in made[1:]:
                kept = embeddings.customer_ids != WHO
                for left in (
                    filled.get(embeddings.space, embeddings.customer_ids),
                    Embeddings.read(tmp_path / "embeddings" / f"{embeddings.space}.parquet"),
                ):
                    assert left.customer_ids.tolist() == embeddings.customer_ids[kept].tolist()
                    np.testing.assert_array_equal(left.vectors, embeddings.vectors[kept])
                    assert (left.model_hash, left.data_hash) == (embeddings.model_hash, embeddings.data_hash)
            assert filled.rollback() == OLD
            assert filled.count("notes") == 29

    def test_the_only_customer_can_be_erased(self, tmp_path: Path):
        embedded("notes", OLD, 0, 1).write(tmp_path / "embeddings" / "notes.parquet")
        assert erase_embeddings(RunPaths(tmp_path), "c0000") == 1
        assert Embeddings.read(tmp_path / "embeddings" / "notes.parquet").vectors.shape == (0, 16)

    def test_a_run_without_embeddings_has_none_to_erase(self, tmp_path: Path):
        assert erase_embeddings(RunPaths(tmp_path), "c0000") == 0

    @pytest.mark.parametrize("left", [".embeddings.77.former/notes.parquet", "embeddings/.notes.77.partial.parquet"])
    def test_files_that_a_killed_run_left_are_not_overlooked(self, left: str, made: list[Embeddings], tmp_path: Path):
        made[2].write(tmp_path / left)
        with pytest.raises(DataError, match="may hold vectors"):
            erase.run(EraseJob(customer=WHO, out=tmp_path))

    def test_a_store_in_memory_leaves_the_embeddings_to_erase(self, made: list[Embeddings], tmp_path: Path):
        job = EraseJob(customer=WHO, out=tmp_path, store=StoreConfig(kind=StoreKind.memory))
        assert erase.run(job) == 2

    def test_an_empty_id_is_refused(self):
        with pytest.raises(SettingsError, match="customer"):
            EraseJob(customer="")

    def test_from_the_command_line(self, made: list[Embeddings], tmp_path: Path):
        said = ringsight("erase", f"customer={WHO}", f"out={tmp_path}", cwd=tmp_path)
        assert said.returncode == 0, said.stderr
        assert f"Erased 2 vectors of customer '{WHO}'" in said.stdout
        assert "3 from the store" in said.stdout
        nobody = ringsight("erase", "customer=nobody", f"out={tmp_path}", cwd=tmp_path)
        assert "No vector of customer 'nobody' was found" in nobody.stdout


def test_an_erasure_that_leaves_something_is_an_error(
    made: list[Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Embeddings, "write", lambda self, path: None)
    with pytest.raises(RingsightError, match="is still here"):
        erase.run(EraseJob(customer=WHO, out=tmp_path))

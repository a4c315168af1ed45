"""The two stores that keep one contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vector_world import OLD, make_embeddings, make_scalars

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.store import StoreConfig, StoreKind, VectorStore, open_store

KINDS = [StoreKind.memory, StoreKind.lite]


@pytest.fixture(scope="session")
def people() -> Embeddings:
    return make_embeddings(400)


@pytest.fixture(scope="module", params=KINDS)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, people: Embeddings
) -> Iterator[VectorStore]:
    """A store to read from: 400 customers in `notes`, none in any other space."""
    with open_store(StoreConfig(kind=request.param, path=tmp_path_factory.mktemp("filled") / "vectors.db")) as store:
        store.write(people, make_scalars(people))
        store.promote(OLD)
        yield store


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    """An empty store to write to."""
    with open_store(StoreConfig(kind=request.param, path=tmp_path / "vectors.db", write_batch=64)) as store:
        yield store


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], VectorStore]:
    """Opens the same Milvus Lite folder again and again."""
    return lambda: open_store(StoreConfig(path=tmp_path / "vectors.db", write_batch=64))

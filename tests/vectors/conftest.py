"""The stores that keep one contract: the twin, Milvus Lite, and two servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from itertools import count
from pathlib import Path

import pytest
from milvus_servers import Server, lite_server, real_server
from vector_world import OLD, make_embeddings, make_scalars

from means import Means, MissingMeansError, lack
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig, StoreKind, VectorStore


class Place(StrEnum):
    """Where the store of a test is."""

    memory = "memory"
    lite = "lite"
    lite_server = "lite_server"
    real_server = "real_server"


SERVERS = (Place.lite_server, Place.real_server)
PLACES = [place if place is Place.memory else pytest.param(place, marks=pytest.mark.slow) for place in Place]
numbers = count()


@pytest.fixture(scope="session")
def people() -> Embeddings:
    return make_embeddings(400)


@pytest.fixture(scope="session")
def served_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _running(lite_server(tmp_path_factory.mktemp("lite_server")))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server, started when a test first asks for it."""
    try:
        server = real_server(tmp_path_factory.mktemp("real_server"))
    except MissingMeansError as error:
        lack(Means.milvus, str(error))
    yield from _running(server)


def _running(server: Server) -> Iterator[Server]:
    server.start()
    yield server
    server.stop()


@contextmanager
def _settings(place: Place, folder: Path, request: pytest.FixtureRequest) -> Iterator[StoreConfig]:
    """Settings of a store that is empty, and is taken away in the end."""
    match place:
        case Place.memory:
            yield StoreConfig(kind=StoreKind.memory)
        case Place.lite:
            yield StoreConfig(path=folder / "vectors.db")
        case Place.lite_server | Place.real_server:
            server = request.getfixturevalue("served" if place is Place.real_server else "served_lite")
            with server.database(f"bank{next(numbers)}") as database:
                yield replace(server.config, database=database)


@pytest.fixture(scope="module", params=PLACES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, people: Embeddings
) -> Iterator[VectorStore]:
    """A store to read from: 400 customers in `notes`, none in any other space."""
    with (
        _settings(request.param, tmp_path_factory.mktemp("filled"), request) as config,
        open_store(config) as store,
    ):
        store.write(people, make_scalars(people))
        store.promote(OLD)
        yield store


@pytest.fixture(params=PLACES)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreConfig]:
    """Settings of an empty store."""
    with _settings(request.param, tmp_path, request) as config:
        yield replace(config, write_batch=64)


@pytest.fixture
def store(config: StoreConfig) -> Iterator[VectorStore]:
    """An empty store to write to."""
    with open_store(config) as store:
        yield store


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], VectorStore]:
    """Opens the same Milvus Lite folder again and again."""
    return lambda: open_store(StoreConfig(path=tmp_path / "vectors.db", write_batch=64))

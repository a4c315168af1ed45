"""One case book a test, over every kind of database."""

import gc
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from case_world import World
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import create_engine, text
from throwaway_postgres import cluster, reason_to_skip

from means import Means, lack
from ringsight.cases import accounts
from ringsight.cases.casebook import CaseBook, open_casebook
from ringsight.cases.users import Role, User

NUMBERS = count()


def pytest_collection_finish() -> None:
    """Spare the collector all that imports and collecting made."""
    gc.freeze()


@pytest.fixture(autouse=True)
def light_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash the passwords of tests cheaply: in full, they take half of the time of the tests of the pages."""
    monkeypatch.setattr(accounts, "_HASHING", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64),)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    if reason := reason_to_skip():
        lack(Means.postgresql, reason)
    with cluster() as url:
        yield url


@pytest.fixture(scope="session")
def new_casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case book of nobody: to copy it takes a tenth of the time that it takes to make one."""
    path = tmp_path_factory.mktemp("new") / "cases.db"
    open_casebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(new_casebook: Path, tmp_path: Path) -> str:
    """Of a case book of nobody."""
    shutil.copy(new_casebook, tmp_path / "cases.db")
    return f"sqlite:///{tmp_path}/cases.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a case book of nobody, or of a database that is to become one."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    server, name = request.getfixturevalue("postgres"), f"cases{next(NUMBERS)}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture
def book(url: str) -> Iterator[CaseBook]:
    with open_casebook(url) as book:
        yield book


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    world.write_bank()
    return world


@pytest.fixture
def ana() -> User:
    return User("ana", Role.analyst)


@pytest.fixture
def ben() -> User:
    return User("ben", Role.analyst)


@pytest.fixture
def lea() -> User:
    return User("lea", Role.lead)

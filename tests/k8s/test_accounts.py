"""The Job that gives Milvus its accounts can be run again and again, and leaves the same behind."""

import runpy
from pathlib import Path
from typing import Any, ClassVar

import pymilvus
import pytest
from pymilvus import MilvusException

SCRIPT = Path(__file__).parents[2] / "k8s" / "overlays" / "prod" / "accounts.py"


class FakeMilvus:
    """Milvus's accounts, as far as the script speaks of them."""

    passwords: ClassVar[dict[str, str]]
    roles: ClassVar[dict[str, set[tuple[str, str, str]]]]
    members: ClassVar[dict[str, set[str]]]
    databases: ClassVar[list[str]]
    dropped: ClassVar[list[str]]

    @classmethod
    def new(cls) -> None:
        cls.passwords, cls.roles, cls.members = {"root": "Milvus"}, {}, {}
        cls.databases, cls.dropped = ["default"], []

    def __init__(self, uri: str, user: str, password: str, server_pem_path: str) -> None:
        assert (uri, server_pem_path) == ("https://milvus:19530", "/tls/ca.crt")
        if self.passwords.get(user) != password:
            raise MilvusException(message="auth check failure")

    def close(self) -> None:
        pass

    def update_password(self, user: str, old: str, new: str) -> None:
        assert self.passwords[user] == old
        self.passwords[user] = new

    def list_databases(self) -> list[str]:
        return self.databases

    def create_database(self, name: str) -> None:
        assert name not in self.databases
        self.databases.append(name)

    def list_roles(self) -> list[str]:
        return list(self.roles)

    def create_role(self, name: str) -> None:
        assert name not in self.roles
        self.roles[name] = set()

    def grant_privilege_v2(self, role: str, privilege: str, collection_name: str, db_name: str) -> None:
        self.roles[role].add((privilege, collection_name, db_name))

    def list_users(self) -> list[str]:
        return list(self.passwords)

    def drop_user(self, name: str) -> None:
        self.dropped.append(name)
        del self.passwords[name]
        self.members.pop(name, None)

    def create_user(self, name: str, password: str) -> None:
        assert name not in self.passwords
        self.passwords[name] = password

    def grant_role(self, name: str, role: str) -> None:
        self.members.setdefault(name, set()).add(role)


def state() -> tuple[Any, ...]:
    return FakeMilvus.passwords, FakeMilvus.roles, FakeMilvus.members, FakeMilvus.databases


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function
    FakeMilvus.new()
    monkeypatch.setattr(pymilvus, "MilvusClient", FakeMilvus)
    monkeypatch.setenv("MILVUS_URI", "https://milvus:19530")
    monkeypatch.setenv("MILVUS_CA", "/tls/ca.crt")
    monkeypatch.setenv("MILVUS_DATABASE", "ringsight")

    def once(root: str, token: str) -> None:
        monkeypatch.setenv("MILVUS_ROOT_PASSWORD", root)
        monkeypatch.setenv("RINGSIGHT_MILVUS_TOKEN", token)
        runpy.run_path(str(SCRIPT), run_name="__main__")

    return once


@pytest.mark.parametrize("times", [1, 2, 3])
def test_root_gets_a_password_and_ringsight_one_database(run: Any, times: int) -> None:  # noqa: ANN401
    for _ in range(times):
        run("a new one", "ringsight:se:cret")
    assert state() == (
        {"root": "a new one", "ringsight": "se:cret"},
        {"ringsight": {("CollectionAdmin", "*", "ringsight"), ("DatabaseAdmin", "*", "ringsight")}},
        {"ringsight": {"ringsight"}},
        ["default", "ringsight"],
    )
    assert FakeMilvus.dropped == [], "a night under way keeps its account"


def test_a_new_token_replaces_the_old_one(run: Any) -> None:  # noqa: ANN401
    run("a new one", "ringsight:first")
    run("a new one", "ringsight:second")
    assert FakeMilvus.passwords["ringsight"] == "second"
    assert FakeMilvus.members == {"ringsight": {"ringsight"}}


def test_a_wrong_password_of_root_fails_and_changes_nothing(run: Any) -> None:  # noqa: ANN401
    run("a new one", "ringsight:first")
    with pytest.raises(MilvusException):
        run("a wrong one", "ringsight:second")
    assert FakeMilvus.passwords == {"root": "a new one", "ringsight": "first"}

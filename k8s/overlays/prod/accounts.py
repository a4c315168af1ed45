"""Milvus's accounts, made once and safe to run again: a password for root, and an account for ringsight.

Reads MILVUS_URI, MILVUS_CA, MILVUS_DATABASE, MILVUS_ROOT_PASSWORD and RINGSIGHT_MILVUS_TOKEN (`user:password`).
"""

import os

from pymilvus import MilvusClient, MilvusException

ROOT = "root"
FIRST_PASSWORD = "Milvus"  # noqa: S105 - what every new Milvus has
PRIVILEGES = ("CollectionAdmin", "DatabaseAdmin")
"""On one database only: all that a vector store does, and nothing about accounts or other databases."""


def main() -> None:
    """Bring Milvus's accounts to what the environment says."""
    root = as_root(os.environ["MILVUS_ROOT_PASSWORD"])
    user, _, password = os.environ["RINGSIGHT_MILVUS_TOKEN"].partition(":")
    give_role(root, user, os.environ["MILVUS_DATABASE"])
    give_account(root, user, password)


def as_root(password: str) -> MilvusClient:
    """Connect as root; on a new Milvus, first change root's password to this one."""
    try:
        return connect(ROOT, password)
    except MilvusException:
        new = connect(ROOT, FIRST_PASSWORD)
        new.update_password(ROOT, FIRST_PASSWORD, password)
        new.close()
    return connect(ROOT, password)


def connect(user: str, password: str) -> MilvusClient:
    """Connect over TLS; the client has Milvus check the password at once."""
    return MilvusClient(os.environ["MILVUS_URI"], user=user, password=password, server_pem_path=os.environ["MILVUS_CA"])


def give_role(root: MilvusClient, role: str, database: str) -> None:
    """A database, and a role that rules it and no other."""
    if database not in root.list_databases():
        root.create_database(database)
    if role not in root.list_roles():
        root.create_role(role)
    for privilege in PRIVILEGES:
        root.grant_privilege_v2(role, privilege, collection_name="*", db_name=database)


def give_account(root: MilvusClient, user: str, password: str) -> None:
    """A user with this password and the role of the same name; one who has both already is not disturbed."""
    if user in root.list_users():
        try:
            connect(user, password).close()
        except MilvusException:
            root.drop_user(user)
    if user not in root.list_users():
        root.create_user(user, password)
    root.grant_role(user, user)


if __name__ == "__main__":
    main()

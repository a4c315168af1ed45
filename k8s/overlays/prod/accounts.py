"""Milvus's accounts, made once and safe to run again: a password for root, and an account for ringsight.

Reads MILVUS_URI, MILVUS_DATABASE, MILVUS_ROOT_PASSWORD and RINGSIGHT_MILVUS_TOKEN (`user:password`).
"""

import os

from pymilvus import MilvusClient, MilvusException

ROOT = "root"
FIRST_PASSWORD = "Milvus"  # noqa: S105 - what every new Milvus has
PRIVILEGES = ("CollectionAdmin", "DatabaseAdmin")
"""On one database only: all that a vector store does, and nothing about accounts or other databases."""


def main() -> None:
    """Bring Milvus's accounts to what the environment says."""
    root = as_root(os.environ["MILVUS_URI"], os.environ["MILVUS_ROOT_PASSWORD"])
    user, _, password = os.environ["RINGSIGHT_MILVUS_TOKEN"].partition(":")
    give_account(root, user, password, os.environ["MILVUS_DATABASE"])


def as_root(uri: str, password: str) -> MilvusClient:
    """Connect as root; on a new Milvus, first change root's password to this one."""
    try:
        return MilvusClient(uri, user=ROOT, password=password)
    except MilvusException:
        new = MilvusClient(uri, user=ROOT, password=FIRST_PASSWORD)
        new.update_password(ROOT, FIRST_PASSWORD, password)
        new.close()
    return MilvusClient(uri, user=ROOT, password=password)


def give_account(root: MilvusClient, user: str, password: str, database: str) -> None:
    """A database, a role that rules it alone, and a user with that role and this password."""
    if database not in root.list_databases():
        root.create_database(database)
    if user not in root.list_roles():
        root.create_role(user)
    for privilege in PRIVILEGES:
        root.grant_privilege_v2(user, privilege, collection_name="*", db_name=database)
    if user in root.list_users():
        root.drop_user(user)
    root.create_user(user, password)
    root.grant_role(user, user)


if __name__ == "__main__":
    main()

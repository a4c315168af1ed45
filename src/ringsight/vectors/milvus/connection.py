"""Connections to Milvus: a Milvus Lite folder or a server, with errors told as ours."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grpc import RpcError  # type: ignore[import-untyped]
from milvus_lite.server_manager import server_manager_instance
from pymilvus import MilvusClient, MilvusException

from ringsight.errors import SettingsError, StoreError
from ringsight.vectors.milvus.lock import ProcessLock
from ringsight.vectors.store import StoreConfig, StoreKind

TOKEN = "RINGSIGHT_MILVUS_TOKEN"  # noqa: S105 - the name of a variable
GRPC_OPTIONS = {"grpc.keepalive_time_ms": 7_200_000}
"""At the client's own 10 s, Milvus Lite cuts every call that lasts longer than 200 s."""

for name in (
    "pymilvus",
    "milvus_lite",
    "grpc._server",
):  # every failure reaches us as an exception and is told once, as StoreError
    logging.getLogger(name).setLevel(logging.CRITICAL)


class Connection:
    """A Milvus client, and for Milvus Lite the lock on its folder."""

    def __init__(self, config: StoreConfig) -> None:
        """Connect.

        Raises:
            SettingsError: if the path or the token's file is missing.
            StoreError: if the store is in use, unreachable or not one of ours.
        """
        self.path = _lite_path(config) if config.kind is StoreKind.lite else None
        self.where = str(self.path or config.uri)
        token = "" if self.path else _token(config)
        self._lock = ProcessLock(self.path) if self.path else None
        try:
            self.client: Any = MilvusClient(
                self.where,
                token=token,
                db_name=config.database,
                timeout=config.connect_seconds,
                grpc_options=GRPC_OPTIONS,
            )
        except (MilvusException, RpcError) as error:
            self._release()
            raise StoreError(
                f"cannot open the vector store ({getattr(error, 'message', error)})",
                where=self.where,
                remedy="if no other program has the folder open, move it away and run `ringsight embed` again"
                if self.path
                else "check that the server runs and that store.uri, store.database and the token are right",
            ) from error

    def call(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 - pymilvus is untyped
        """Call a method of the client.

        Raises:
            StoreError: if Milvus refuses.
        """
        try:
            return method(*args, **options)
        except (MilvusException, RpcError) as error:
            raise StoreError(
                f"Milvus could not {method.__name__}: {getattr(error, 'message', error) or type(error).__name__}",
                where=self.where,
                remedy="the embeddings on disk are whole: `ringsight embed` fills a new store from them",
            ) from error

    def close(self) -> None:
        """Disconnect; Milvus Lite keeps its folder locked until its server is released as well."""
        self.client.close()
        self._release()

    def _release(self) -> None:
        if self.path and self._lock:
            server_manager_instance.release_server(str(self.path))
            self._lock.release()


def _lite_path(config: StoreConfig) -> Path:
    if config.path is None:
        raise SettingsError("store.kind=lite needs store.path", remedy="store.path=vectors.db")
    if config.path.is_file():
        raise StoreError(
            "is a file; Milvus Lite 3 keeps its vectors in a folder",
            where=str(config.path),
            remedy="move the file away: `ringsight embed` fills a new store",
        )
    return config.path


def _token(config: StoreConfig) -> str:
    if config.token_file is None:
        return os.environ.get(TOKEN, "")
    if not config.token_file.is_file():
        raise SettingsError("store.token_file is missing", where=str(config.token_file))
    return config.token_file.read_text(encoding="utf-8").strip()

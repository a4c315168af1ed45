"""Connections to Milvus: a Milvus Lite folder or a server; faults that pass are waited for, others told as ours."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grpc import RpcError, StatusCode  # type: ignore[import-untyped]
from milvus_lite.server_manager import server_manager_instance
from pymilvus import MilvusClient, MilvusException

from ringsight.errors import SettingsError, StoreError
from ringsight.process_lock import HeldError, ProcessLock
from ringsight.vectors.filters import Filter
from ringsight.vectors.milvus.expressions import options, takes_templates
from ringsight.vectors.milvus.leftovers import remove_remains
from ringsight.vectors.vector_store import StoreConfig, StoreKind

TOKEN = "RINGSIGHT_MILVUS_TOKEN"  # noqa: S105 - the name of a variable
GRPC_OPTIONS = {"grpc.keepalive_time_ms": 7_200_000}
"""At the client's own 10 s, Milvus Lite cuts every call that lasts longer than 200 s."""
AWAY = (2, 8, StatusCode.UNAVAILABLE, StatusCode.UNKNOWN)
"""Codes of a server that cannot be reached, asks for patience, or is still starting (a proxy not ready: UNKNOWN)."""
NOT_LOADED = 101
"""Code of a collection that a restarted server has on disk alone."""

for name in ("pymilvus", "milvus_lite", "grpc._server"):  # every failure reaches us as an exception
    logging.getLogger(name).setLevel(logging.CRITICAL)


class Connection:
    """A Milvus client, and for Milvus Lite the lock on its folder."""

    def __init__(self, config: StoreConfig) -> None:
        """Connect.

        Raises:
            SettingsError: if the path, or a file with a token or certificate, is missing.
            StoreError: if the store is in use, unreachable or not one of ours.
        """
        self.config = config
        self.path = _lite_path(config) if config.kind is StoreKind.lite else None
        self.where = str(self.path or config.uri)
        self._patience = config.patience_seconds
        access = {} if self.path else _access(config)
        self._lock = _locked(self.path) if self.path else None
        if self.path:
            remove_remains(self.path)
        try:
            self.client: Any = MilvusClient(
                self.where,
                timeout=config.connect_seconds,
                dedicated=True,  # a shared one would be taken whatever authority it was made with
                grpc_options=GRPC_OPTIONS,
                **access,
            )
            self.client.list_collections(retry_times=1)
            self._templates = takes_templates(self.client.get_server_version())
        except (MilvusException, RpcError) as error:
            self._release()
            raise StoreError(
                f"cannot open the vector store ({_said(error)})",
                where=self.where,
                remedy="if no other program has the folder open, move it away and run `ringsight embed` again"
                if self.path
                else "check that the server runs, and that store.uri, store.database, store.ca_file and the token "
                "are right",
            ) from error

    def call(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - pymilvus is untyped
        """Call a method of the client; while a server is away, again and again at growing intervals.

        Every call that we make may be made twice: what is written is upserted, what is made is looked for first.

        Raises:
            StoreError: if Milvus refuses, or is away for longer than `store.patience_seconds`.
        """
        pauses = _pauses(self._patience)
        while True:
            try:
                return getattr(self.client, method)(*args, retry_times=1, **options)
            except (MilvusException, RpcError) as error:
                code = error.code() if callable(error.code) else error.code
                if code == NOT_LOADED and method != "load_collection":
                    self.call("load_collection", args[0])
                elif code not in AWAY:
                    raise self._refused(method, error) from error
                pause = next(pauses, None)
                if pause is None:
                    raise self._away(error) from error
            time.sleep(pause)

    def count(self, collection: str, where: Filter | None = None) -> int:
        """How many customers a loaded collection holds, or of them fit."""
        counted = self.call("query", collection, output_fields=["count(*)"], **self.about(where))
        return int(counted[0]["count(*)"])

    def about(self, condition: Filter | None) -> dict[str, Any]:
        """Options of a call that say whom it is about: as a template where the server takes them."""
        return options(condition, self._templates)

    def close(self) -> None:
        """Disconnect; Milvus Lite keeps its folder locked until its server is released as well."""
        self.client.close()
        self._release()

    def _release(self) -> None:
        if self.path and self._lock:
            server_manager_instance.release_server(str(self.path))
            self._lock.release()

    def _refused(self, method: str, error: Exception) -> StoreError:
        return StoreError(
            f"Milvus could not {method}: {_said(error)}",
            where=self.where,
            remedy="the embeddings on disk are whole: `ringsight embed` fills a new store from them",
        )

    def _away(self, error: Exception) -> StoreError:
        return StoreError(
            f"the server has not answered for {self._patience:g} seconds ({_said(error)})",
            where=self.where,
            remedy="when it is back give the same command again: it goes on where it stopped. "
            "store.patience_seconds says how long to wait",
        )


def _pauses(patience: float) -> Iterator[float]:
    """Seconds to wait before each further attempt: doubled up to five, until `patience` seconds have passed."""
    until = time.monotonic() + patience
    pause = 0.1
    while (left := until - time.monotonic()) > 0:
        yield min(pause, left)
        pause = min(2 * pause, 5.0)


def _said(error: Exception) -> str:
    return str(getattr(error, "message", error)) or type(error).__name__


def _locked(path: Path) -> ProcessLock:
    """One process at a time: Milvus Lite loses acknowledged rows where two write."""
    try:
        return ProcessLock(path.with_name(f"{path.name}.lock"))
    except HeldError as error:
        raise StoreError(
            f"the store is {error}",
            where=str(path),
            remedy="wait until it ends; for several readers at once run a Milvus server (store.kind=server)",
        ) from error


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


def _access(config: StoreConfig) -> dict[str, str]:
    """What a server asks for: who we are, which database, and whom we trust."""
    access = {"db_name": config.database, "token": os.environ.get(TOKEN, "")}
    if config.token_file is not None:
        access["token"] = _named_file("token_file", config.token_file).read_text(encoding="utf-8").strip()
    if config.ca_file is not None:
        access["server_pem_path"] = str(_named_file("ca_file", config.ca_file))
    return access


def _named_file(setting: str, path: Path) -> Path:
    if not path.is_file():
        raise SettingsError(f"store.{setting} is missing", where=str(path))
    return path

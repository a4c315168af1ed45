"""One process at a time: Milvus Lite loses acknowledged rows where two write."""

import fcntl
import os
from pathlib import Path

from ringsight.errors import StoreError


class ProcessLock:
    """An advisory lock on a file beside the store, held until released or the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock for the store at `path`.

        Raises:
            StoreError: if another holds it, naming that process.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode().strip()
            os.close(self._file)
            who = "already open in this process" if holder == str(os.getpid()) else "in use by another process"
            raise StoreError(
                f"the store is {who} (pid {holder})",
                where=str(path),
                remedy="wait until it ends; for several readers at once run a Milvus server (store.kind=server)",
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Let go; the file stays, empty of meaning."""
        os.close(self._file)

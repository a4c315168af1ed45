"""A lock on a file that one process at a time can hold."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class HeldError(Exception):
    """Somebody else holds the lock."""

    def __init__(self, holder: str) -> None:
        """Say who: the id of a process, empty if it has not written it yet."""
        own = holder == str(os.getpid())
        super().__init__(("already open in this process" if own else "in use by another process") + f" (pid {holder})")


class ProcessLock:
    """An advisory lock, held until released or the process ends."""

    def __init__(self, file: Path) -> None:
        """Take the lock.

        Raises:
            HeldError: if another holds it, naming that process.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode().strip()
            os.close(self._file)
            raise HeldError(holder) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Let go; the file stays, empty of meaning."""
        os.close(self._file)

    def __enter__(self) -> Self:
        """The lock, taken already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self.release()

"""Files that are either whole or absent, folders that go again, and hashes of what they hold."""

import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Give a partial path to write to; on success it becomes `path`, on an error it is removed.

    The partial path keeps the suffix of `path`, so that writers that look at it are content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def write_folder_atomically(path: Path) -> Iterator[Path]:
    """Give an empty partial folder; on success it replaces the folder `path`, on an error it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if path.exists():
            former = path.with_name(f".{path.name}.{os.getpid()}.former")
            path.replace(former)
            partial.replace(path)
            shutil.rmtree(former)
        else:
            partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class TemporaryFolder:
    """A folder that this user alone can read, and that goes with this object."""

    def __init__(self) -> None:
        """Make the folder, where `TMPDIR` says."""
        self.path = Path(tempfile.mkdtemp(prefix="ringsight-"))
        weakref.finalize(self, _remove, self.path, os.getpid())


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over the files' paths relative to `root` and their content, independent of the order given."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _remove(folder: Path, owner: int) -> None:
    """Remove a temporary folder, unless this process is a copy of the one that made it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)

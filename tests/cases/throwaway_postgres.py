"""A PostgreSQL cluster on a free loopback port, for as long as the tests last."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))


def reason_to_skip() -> str:
    """Why there can be no cluster here; empty where there can."""
    if not BINARIES:
        return "PostgreSQL's initdb is not at /usr/lib/postgresql/*/bin (Debian package: postgresql)"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL does not run as root, and there is no runuser"
    return ""


@contextmanager
def cluster() -> Iterator[str]:
    """The cluster's URL, without the name of a database."""
    home = Path(tempfile.mkdtemp(prefix="ringsight-postgres-"))
    binaries = BINARIES[-1].parent
    as_owner = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    data = str(home / "data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off -c max_connections=60"

    def call(*words: str) -> None:
        subprocess.run([*as_owner, *words], check=True, stdout=subprocess.DEVNULL, cwd=home, timeout=60)

    try:
        call(str(binaries / "initdb"), "-D", data, "-U", "tester", "--auth=trust", "--encoding=UTF8", "--no-sync")
        call(str(binaries / "pg_ctl"), "-D", data, "-o", settings, "-l", str(home / "log"), "-w", "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}"
        finally:
            call(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)

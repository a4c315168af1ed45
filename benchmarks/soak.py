"""The service under load and faults, for long, and whether anything that it acknowledged is lost.

    python benchmarks/soak.py [minutes=30] [clients=200] [seed=0] [page=docs/service.md]

A service over a small night of vectors runs in a process of its own, behind HTTP. So many clients let customers come,
change and leave, and ask; each sends a request again with its idempotency key until it is answered, as clients should.
Among them are malformed JSON, bodies that are too long, unknown ids and wrong keys. Meanwhile, one after the other: the
process is killed and started again; the log is held by somebody else for thirty seconds, so that nothing can be
written; the process is stopped for some seconds. At the end the log is opened anew: every customer must be there as
acknowledged last, and no request done twice. Exit status 1 if not, or if an answer was one that should not be.
"""

import asyncio
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import uvicorn
from kills import DIM, opened, rows

from ringsight.arrivals.api_keys import ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.errors import LogError
from ringsight.records.bank import BankConfig
from ringsight.service.guarding import Doorkeeper
from ringsight.service.service_app import create_service
from ringsight.service.settings import ServiceLimits
from ringsight.service.state import ServiceState

MARK, END = "<!-- written by benchmarks/soak.py -->", "<!-- end -->"
SPACES = ("notes", "id_images")
GONE_FOR, STOPPED_FOR, BETWEEN = 30.0, 4.0, 12.0
"""Seconds that the log is held, that the process stands still, and between two faults."""
BODY = 1 << 16
WAITED = {429, 503}
"""Answers after which a request is sent again."""


def serve(database: str, port: int) -> None:
    """The service, until it is killed; it ends where the log cannot be opened."""
    try:
        arrivals, log = opened(Path(database))
    except LogError as error:
        sys.exit(error.what)
    limits = ServiceLimits(per_minute=10**6, body=BODY)
    keeper = Doorkeeper(ApiKeys(log).find, limits.per_minute)
    state = ServiceState(arrivals, keeper, limits, Path("model"), BankConfig(path=Path()))
    uvicorn.run(create_service(state), host="127.0.0.1", port=port, log_level="critical")


@dataclass(slots=True)
class Told:
    """What the clients saw."""

    statuses: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, int | None] = field(default_factory=dict)
    """Customer -> seed of the vectors acknowledged last; None for one who has left."""
    times: list[float] = field(default_factory=list)
    """Seconds of answers."""
    wrong: list[str] = field(default_factory=list)
    """Answers that should not be."""


def vectors(seed: int) -> dict[str, list[float]]:
    """Of a customer, by space; they follow from a seed."""
    return {space: rows(1, seed + place)[0].tolist() for place, space in enumerate(SPACES)}


class Load:
    """Clients of one service."""

    def __init__(self, port: int, key: str, seed: int, told: Told) -> None:
        """Ask at a port."""
        self.told, self.draw, self.count = told, random.Random(seed), 0
        self.web = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            limits=httpx.Limits(max_connections=1000),
        )

    async def sent(self, method: str, path: str, until: float, **more: object) -> httpx.Response | None:
        """The first answer that is not to wait; the same request is sent until there is one, or long after the end."""
        while time.monotonic() < until + 60:
            began = time.monotonic()
            try:
                answer = await self.web.request(method, path, **more)  # type: ignore[arg-type]
            except httpx.TransportError:
                self.told.statuses["no answer"] += 1
                await asyncio.sleep(0.5)
                continue
            self.told.statuses[str(answer.status_code)] += 1
            if answer.status_code not in WAITED:
                self.told.times.append(time.monotonic() - began)
                return answer
            await asyncio.sleep(0.5 + self.draw.random())
        return None

    async def client(self, number: int, until: float) -> None:
        """One client, whose customers nobody else has."""
        turn = 0
        while time.monotonic() < until:
            turn += 1
            name = f"S{number}-{self.draw.randrange(8)}"
            act = self.draw.choices(["put", "remove", "ask", "bad"], [5, 1, 4, 1])[0]
            idempotency = {"Idempotency-Key": f"{number}-{turn}"}
            if act == "put":
                seed = number * 1_000_000 + turn * 10
                body = {"vectors": vectors(seed)}
                self.expect(await self.sent("PUT", f"/customers/{name}", until, json=body, headers=idempotency), 200)
                self.told.acknowledged[name] = seed
            elif act == "remove":
                answer = await self.sent("DELETE", f"/customers/{name}", until, headers=idempotency)
                self.expect(answer, 200, 404)
                self.told.acknowledged[name] = None
            elif act == "ask":
                path = self.draw.choice([f"/customers/{name}", "/rings", f"/similar/{name}", "/night"])
                self.expect(await self.sent("GET", path, until), 200, 404)
            else:
                await self.bad(name, until)
            await asyncio.sleep(self.draw.random())

    async def bad(self, name: str, until: float) -> None:
        """A request that must be refused."""
        path = f"/customers/{name}"
        json = {"Content-Type": "application/json"}
        match self.draw.randrange(4):
            case 0:
                self.expect(await self.sent("PUT", path, until, content=b'{"vectors": {', headers=json), 422)
            case 1:
                self.expect(await self.sent("PUT", path, until, content=b"x" * (BODY + 1), headers=json), 413)
            case 2:
                self.expect(await self.sent("GET", "/customers/nobody", until), 404)
            case 3:
                wrong = {"Authorization": "Bearer rsk_wrong"}
                self.expect(await self.sent("GET", "/rings", until, headers=wrong), 401)

    def expect(self, answer: httpx.Response | None, *statuses: int) -> None:
        """Note an answer that should not be."""
        if answer is None:
            self.told.wrong.append("a request was never answered")
        elif answer.status_code not in statuses:
            self.told.wrong.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")


class Faults:
    """What is done to the service."""

    def __init__(self, database: Path, port: int) -> None:
        """Start the service."""
        self.database, self.port = database, port
        self.done: Counter[str] = Counter()
        self.process = self.started()

    def started(self) -> "subprocess.Popen[bytes]":
        """A new process of the service."""
        return subprocess.Popen([sys.executable, __file__, "serve", str(self.database), str(self.port)])

    async def inject(self, until: float) -> None:
        """One fault after the other; the last ends before the clients do."""
        while time.monotonic() + GONE_FOR + BETWEEN < until:
            for fault in (self.killed, self.log_gone, self.stopped):
                await asyncio.sleep(BETWEEN)
                if time.monotonic() + GONE_FOR < until:
                    await fault()

    async def watched(self, until: float) -> None:
        """Start the process again wherever it has ended, as whatever runs a service does: without a log it ends."""
        while time.monotonic() < until:
            if self.process.poll() is not None:
                self.process = self.started()
                self.done["started again"] += 1
            await asyncio.sleep(1.0)

    async def killed(self) -> None:
        """The process dies."""
        self.process.kill()
        self.done["killed"] += 1

    async def log_gone(self) -> None:
        """Somebody else holds the log, so that nothing can be written."""
        held = sqlite3.connect(self.database, isolation_level=None, timeout=30)
        held.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(GONE_FOR)
        held.execute("ROLLBACK")
        held.close()
        self.done["log gone"] += 1

    async def stopped(self) -> None:
        """The process stands still."""
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(STOPPED_FOR)
        self.process.send_signal(signal.SIGCONT)
        self.done["stood still"] += 1


async def soak(faults: Faults, load: Load, clients: int, minutes: float) -> None:
    """Load and faults together."""
    until = time.monotonic() + 60 * minutes
    async with asyncio.TaskGroup() as group:
        group.create_task(faults.inject(until))
        group.create_task(faults.watched(until + 30))
        for number in range(clients):
            group.create_task(load.client(number, until))
    await load.web.aclose()


def lost(database: Path, told: Told) -> tuple[list[str], int]:
    """Customers who are not as acknowledged last, and rows that one request wrote beyond the first."""
    arrivals, log = opened(database)
    differing = []
    with arrivals.graph() as graph:
        for name, seed in told.acknowledged.items():
            there = graph.vectors_of(name)
            want = {} if seed is None else {space: np.array(v, np.float32) for space, v in vectors(seed).items()}
            if there.keys() != want.keys() or any(not np.allclose(there[each], want[each]) for each in want):
                differing.append(name)
    with log.reading() as connection:
        twice = connection.exec_driver_sql(
            "SELECT COUNT(*) - COUNT(DISTINCT key_hash) FROM arrivals WHERE key_hash IS NOT NULL"
        ).scalar()
    log.close()
    return differing, int(twice or 0)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def main(minutes: float, clients: int, seed: int, page: str) -> None:
    """Soak, look, print, and write the page."""
    told = Told()
    with tempfile.TemporaryDirectory() as folder:
        database, port = Path(folder) / "arrivals.db", free_port()
        log = ArrivalDatabase(f"sqlite:///{database}")
        key = ApiKeys(log).add("soak", list(KeyScope))
        log.close()
        faults = Faults(database, port)
        try:
            asyncio.run(soak(faults, Load(port, key, seed, told), clients, minutes))
        finally:
            faults.process.kill()
            faults.process.wait()
        differing, twice = lost(database, told)
    p50, p95, p99 = 1000 * np.percentile(told.times, [50, 95, 99])
    lines = [
        f"`python benchmarks/soak.py minutes={minutes:g} clients={clients} page=docs/service.md`, "
        f"{os.cpu_count()} cores, load of the machine {os.getloadavg()[1]:.0f}, 60 customers of the night in {DIM} "
        "dimensions",
        "",
        f"- faults: {', '.join(f'{name} {count} times' for name, count in sorted(faults.done.items()))}",
        f"- answers by status: {', '.join(f'{name}: {count:,}' for name, count in sorted(told.statuses.items()))}",
        f"- answers that were not to wait took {p50:.0f} / {p95:.0f} / {p99:.0f} ms (p50 / p95 / p99)",
        f"- customers acknowledged: {len(told.acknowledged):,}; not as acknowledged: {len(differing)}; requests done "
        f"twice: {twice}; answers that should not be: {len(told.wrong)}",
    ]
    print("\n".join(lines), *Counter(told.wrong).most_common(10), sep="\n")
    if page:
        before, _, rest = Path(page).read_text(encoding="utf-8").partition(MARK)
        text = "\n".join([f"{before}{MARK}", "", *lines, "", f"{END}{rest.partition(END)[2]}"])
        Path(page).write_text(text, encoding="utf-8")
    if differing or twice or told.wrong:
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        settings = dict(word.split("=", 1) for word in sys.argv[1:])
        numbers = (float(settings.get("minutes", 30)), int(settings.get("clients", 200)), int(settings.get("seed", 0)))
        main(*numbers, settings.get("page", ""))

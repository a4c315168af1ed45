"""More than the service can take, and a log that cannot be written: refused at once or soon, and nothing hangs."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from service_world import RING, body, service
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from ringsight.arrivals import live_arrivals
from ringsight.arrivals.api_keys import KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.service.guarding import BoundedRequests


def test_more_requests_at_once_than_allowed_are_refused_and_probes_are_not() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/health"):
            await let_go.wait()
        await PlainTextResponse("done")(scope, receive, send)

    async def ask() -> list[int]:
        app = httpx.AsyncClient(transport=httpx.ASGITransport(BoundedRequests(slow, 2)), base_url="http://service")
        first = [asyncio.create_task(app.get("/rings")) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused, probed = await app.get("/rings"), await app.get("/health/live")
        assert refused.headers["retry-after"]
        let_go.set()
        statuses = [
            refused.status_code,
            probed.status_code,
            *(each.status_code for each in await asyncio.gather(*first)),
        ]
        statuses.append((await app.get("/rings")).status_code)
        await app.aclose()
        return statuses

    let_go = asyncio.Event()
    with ThreadPoolExecutor(1) as apart:  # a browser of another test may have left a loop in this thread
        assert apart.submit(asyncio.run, ask()).result() == [503, 200, 200, 200, 200]


def test_while_the_log_cannot_be_written_writers_are_told_so_and_readers_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArrivalDatabase, "patience", 3)
    monkeypatch.setattr(live_arrivals, "PATIENCE", 3)
    served = service(tmp_path)
    other = ArrivalDatabase(f"sqlite:///{tmp_path / 'arrivals.db'}")
    client = served.client(KeyScope.read, KeyScope.write)
    client.get("/night")
    with ThreadPoolExecutor(8) as clients:
        with other.writing():
            writers = [clients.submit(client.post, "/customers", json=body(RING[0])) for _ in range(6)]
            time.sleep(0.2)
            assert client.get("/night").status_code == 200
            assert not any(each.done() for each in writers)
            statuses = {each.result().status_code for each in writers}
        assert statuses == {503}
    assert client.get(f"/customers/{RING[0]}").status_code == 404
    assert client.post("/customers", json=body(RING[0])).status_code == 201
    other.close()
    served.database.close()

"""The client of the library, against a service that listens on a port."""

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from service_world import RING, WORLD, Service, picture, transaction

import ringsight
from ringsight.arrivals.api_keys import ApiKeys, KeyScope

pytestmark = pytest.mark.slow


@pytest.fixture
def client(served: Service) -> Iterator[ringsight.Client]:
    server = uvicorn.Server(uvicorn.Config(served.app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield ringsight.Client(f"http://127.0.0.1:{port}", ApiKeys(served.database).add("client", list(KeyScope)))
    server.should_exit = True
    thread.join()


def test_a_session(client: ringsight.Client, served: Service):
    for name in RING:
        told = client.put(name, vectors=WORLD.arrivals[name], about={"region": "north"})
    assert told["ring"]["provisional"]
    assert client.customer(RING[0])["ring"]["ring_id"] == told["ring"]["ring_id"]
    assert client.ring(told["ring"]["ring_id"])["ties"]
    assert len(client.neighbours(RING[0], k=2)["joint"]) == 2
    found = client.similar(RING[0], k=9, where="region == 'north'")
    assert {each["customer_id"] for each in found} == set(RING[1:])
    assert client.rings()[0]["ring_id"] == "R1"
    assert client.night()["worlds"] == 20
    assert [event["number"] for event in client.events(after=0, most=2)] == [1, 2]
    client.put(
        "a b?", records={"transactions": [transaction(1)], "id_images": [{"image_id": "I", "content": picture()}]}
    )
    assert client.add_records("a b?", {"transactions": [transaction(2)]})["customer_id"] == "a b?"
    assert client.remove("a b?", erase=True)["removed"]
    with pytest.raises(ringsight.ServiceError, match="no customer") as refused:
        client.customer("a b?")
    assert refused.value.status == 404


def test_a_service_that_is_gone_for_a_while_is_asked_again_and_nothing_is_done_twice(
    client: ringsight.Client, served: Service, monkeypatch: pytest.MonkeyPatch
):
    from ringsight.arrivals.errors import LogError

    calls = []
    put = served.arrivals.put

    def flaky(*given: object, **more: object) -> object:
        calls.append(given)
        done = put(*given, **more)  # type: ignore[arg-type]
        if len(calls) < 3:
            raise LogError("the answer was lost")
        return done

    monkeypatch.setattr(served.arrivals, "put", flaky)
    monkeypatch.setattr(served.arrivals, "former", lambda request: None)
    client._first_wait = 0.01
    told = client.put(RING[0], vectors=WORLD.arrivals[RING[0]])
    assert told["number"] == 1
    assert (len(calls), served.arrivals.number) == (3, 1)


def test_nobody_there_is_said_so():
    gone = ringsight.Client("http://127.0.0.1:9", "key", attempts=2, first_wait=0.01)
    with pytest.raises(ringsight.ServiceError, match="does not answer"):
        gone.night()
    with pytest.raises(ringsight.SettingsError):
        ringsight.Client("127.0.0.1:8090", "key")

"""The service over HTTP: customers come and go, rings are told as provisional, and only keys with a scope open it."""

import base64
import threading
from pathlib import Path

import pytest
from service_world import RING, WORLD, Service, body, picture, service, transaction
from sqlalchemy import text

from ringsight.arrivals.api_keys import KeyScope
from ringsight.service.settings import ServiceLimits

FIRST, SECOND, THIRD, LAST = RING
READ, WRITE, ERASE = KeyScope.read, KeyScope.write, KeyScope.erase


def test_a_ring_that_comes_by_day_is_told_with_what_is_provisional_of_it(served: Service):
    client = served.client(READ, WRITE)
    for name in (FIRST, SECOND):
        answer = client.post("/customers", json=body(name))
        assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["number"] == 2
    assert told["ring"]["provisional"]
    assert "not restated until the next night" in told["ring"]["standing"]["reason"]
    assert set(told["ring"]["members"]) >= {FIRST, SECOND}
    assert told["fit"]["p_value"] <= 0.05
    assert told["links"][0]["tied"]
    assert [event["event"] for event in told["events"]] == ["born"]
    ring_id = told["ring"]["ring_id"]
    found = client.get("/rings").json()
    assert ring_id in {ring["ring_id"] for ring in found["rings"]}
    detail = client.get(f"/rings/{ring_id}").json()
    assert set(detail["fits"]) == set(detail["members"])
    assert detail["ties"]
    assert client.get(f"/customers/{FIRST}").json()["ring"]["ring_id"] == ring_id


def test_a_ring_of_the_night_is_found_by_its_name_and_with_what_the_night_said(served: Service):
    ring = served.client(READ).get("/rings/R1").json()
    assert ring["last_night"] == [
        {
            "ring_id": "R1",
            "size": 3,
            "members_here": 3,
            "flagged": True,
            "held": "",
            "explanation": "",
            "adjusted_q_value": 0.01,
        }
    ]


def test_neighbours_and_similar_customers(served: Service):
    client = served.client(READ, WRITE)
    client.post("/customers", json=body(FIRST, about={"region": "north", "last_seen": "2026-05-01T00:00:00Z"}))
    near = client.get(f"/customers/{SECOND}/neighbours")
    assert near.status_code == 404
    client.post("/customers", json=body(SECOND))
    near = client.get(f"/customers/{SECOND}/neighbours?k=3").json()["neighbours"]
    assert {len(found) for found in near.values()} == {3}
    assert FIRST in {each["customer_id"] for each in near["joint"]}
    alike = client.get(f"/similar/{SECOND}?k=2").json()["similar"]
    assert len(alike) == 2
    assert alike[0]["score"] >= alike[1]["score"]
    only = client.get(f"/similar/{SECOND}", params={"where": "region == 'north'"}).json()["similar"]
    assert [each["customer_id"] for each in only] == [FIRST]
    late = client.get(f"/similar/{SECOND}", params={"where": "last_seen > '2026-06-01'"}).json()["similar"]
    assert late == []
    asked = {name: each for name, each in body(SECOND).items() if name != "customer_id"}
    described = client.post("/similar", json={**asked, "k": 1}).json()["similar"]
    assert described[0]["customer_id"] == SECOND
    assert described[0]["score"] == pytest.approx(1, abs=1e-5)


def test_what_makes_customers_similar_is_told_space_by_space(served: Service):
    client = served.client(READ, WRITE)
    client.post("/customers", json=body(FIRST))
    client.post("/customers", json=body(SECOND))
    (alike,) = client.get(f"/similar/{SECOND}?k=1").json()["similar"]
    assert alike["customer_id"] == FIRST
    links = {each["customer_id"]: each["by_source"] for each in client.get(f"/customers/{SECOND}").json()["links"]}
    assert alike["similarities"].keys() == alike["bits"].keys() == body(SECOND)["vectors"].keys()
    assert links[FIRST].items() <= alike["bits"].items()  # a link's bits are the same, wherever they are told
    assert list(alike["bits"].values()) == sorted(alike["bits"].values(), reverse=True)
    by_notes = client.get(f"/similar/{SECOND}", params={"k": 3, "by": ["notes"]}).json()["similar"]
    near = client.get(f"/customers/{SECOND}/neighbours?k=3").json()["neighbours"]["notes"]
    assert [each["customer_id"] for each in by_notes] == [each["customer_id"] for each in near]
    assert [each["score"] for each in by_notes] == pytest.approx([each["similarity"] for each in near], abs=1e-4)
    both = client.get(f"/similar/{SECOND}", params={"k": 1, "by": ["notes", "amounts"]}).json()["similar"][0]
    assert both["score"] == pytest.approx(
        (both["similarities"]["notes"] + both["similarities"]["amounts"]) / 2, abs=1e-4
    )
    refused = client.get(f"/similar/{SECOND}", params={"by": "colour"})
    assert (refused.status_code, "no space 'colour'" in refused.json()["title"]) == (422, True)


def test_records_are_embedded_kept_and_added_to(served: Service):
    client = served.client(READ, WRITE)
    first = {"customer_id": "N1", "records": {"transactions": [transaction(1)]}}
    assert sorted(client.post("/customers", json=first).json()["spaces"]) == ["amounts", "joint", "transactions"]
    further = client.post("/customers/N1/records", json={"transactions": [transaction(1), transaction(2)]})
    assert further.status_code == 200, further.text
    held = served.arrivals.records_of("N1")
    assert held is not None
    assert [row["transaction_id"] for row in held["transactions"]] == ["T1", "T2"]
    image = client.post("/customers/N1/id_images", files=[("images", ("a.png", picture(), "image/png"))])
    assert "id_images" in image.json()["spaces"]
    replaced = client.put("/customers/N1", json={"records": {"transactions": [transaction(3)]}})
    assert "id_images" not in replaced.json()["spaces"]
    content = base64.b64encode(picture(seed=1)).decode()
    given = client.put("/customers/N1", json={"records": {"id_images": [{"image_id": "I1", "content": content}]}})
    assert given.json()["spaces"] == ["id_images", "joint"]
    assert client.post("/customers/nobody/records", json={"transactions": [transaction(1)]}).status_code == 404


def test_the_same_key_again_changes_nothing(served: Service):
    client = served.client(READ, WRITE)
    once = client.post("/customers", json=body(FIRST), headers={"Idempotency-Key": "a"})
    again = client.post("/customers", json=body(FIRST), headers={"Idempotency-Key": "a"})
    assert (once.status_code, again.status_code) == (201, 201)
    assert once.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in once.headers
    other = client.post("/customers", json=body(SECOND), headers={"Idempotency-Key": "a"})
    assert other.status_code == 409
    assert client.post("/customers", json=body(FIRST)).status_code == 409
    assert served.arrivals.number == 1


def test_letting_go_and_erasing_take_their_scopes(served: Service):
    client = served.client(READ, WRITE)
    for name in RING:
        client.post("/customers", json=body(name))
    assert client.delete(f"/customers/{FIRST}").json()["removed"]
    assert client.get(f"/customers/{FIRST}").status_code == 404
    assert client.delete(f"/customers/{FIRST}").status_code == 404
    assert client.delete(f"/customers/{SECOND}?erase=true").status_code == 403
    erased = served.client(WRITE, ERASE).delete(f"/customers/{SECOND}?erase=true")
    assert erased.status_code == 200
    assert SECOND not in erased.text
    assert SECOND not in client.get("/rings").text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rings"),
        ("GET", "/rings/R1"),
        ("GET", "/night"),
        ("GET", "/customers/C000"),
        ("GET", "/customers/C000/neighbours"),
        ("GET", "/similar/C000"),
        ("GET", "/events"),
        ("POST", "/similar"),
        ("POST", "/customers"),
        ("PUT", "/customers/C000"),
        ("DELETE", "/customers/C000"),
    ],
)
def test_nothing_is_told_or_done_without_a_key_that_may(served: Service, method: str, path: str):
    sent = {"customer_id": "x"} if method in ("POST", "PUT") else None
    assert served.client().request(method, path, json=sent).status_code == 401
    wrong = served.client().request(method, path, json=sent, headers={"Authorization": "Bearer rsk_guessed"})
    assert wrong.status_code == 401
    other = served.client(ERASE if method == "GET" or path == "/similar" else READ)
    assert other.request(method, path, json=sent).status_code == 403
    assert served.arrivals.number == 0


def test_every_route_but_health_takes_a_key(served: Service):
    client = served.client()
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            status = client.request(method.upper(), path.replace("{", "").replace("}", ""), json={}).status_code
            assert status == (200 if path.startswith("/health/") else 401), (method, path)


def test_a_key_is_slowed_down_and_others_are_not(tmp_path: Path):
    slow = service(tmp_path, ServiceLimits(per_minute=3))
    client = slow.client(READ)
    answers = [client.get("/night") for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert slow.client(READ, WRITE).get("/night").status_code == 200
    slow.database.close()


def test_a_closed_key_opens_nothing_once_it_is_looked_up_again(served: Service, monkeypatch: pytest.MonkeyPatch):
    from ringsight.arrivals.api_keys import ApiKeys
    from ringsight.service import guarding

    client = served.client(READ)
    assert client.get("/night").status_code == 200
    ApiKeys(served.database).close("read")
    monkeypatch.setattr(guarding, "KNOWN_FOR", 0.0)
    assert client.get("/night").status_code == 401


def test_while_the_database_is_gone_nothing_is_acknowledged_and_afterwards_all_goes_on(served: Service):
    client = served.client(READ, WRITE)
    client.post("/customers", json=body(FIRST))
    with served.database.writing() as connection:
        connection.execute(text("ALTER TABLE arrivals RENAME TO elsewhere"))
    refused = client.post("/customers", json=body(SECOND), headers={"Idempotency-Key": "s"})
    assert refused.status_code == 503
    assert "retry-after" in refused.headers
    assert "idempotency key" in refused.json()["remedy"]
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    assert client.get(f"/customers/{SECOND}").status_code == 404
    with served.database.writing() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO arrivals"))
    assert client.get("/health/ready").status_code == 200
    assert client.post("/customers", json=body(SECOND), headers={"Idempotency-Key": "s"}).status_code == 201
    assert client.get(f"/customers/{FIRST}").status_code == 200


def test_ring_events_are_streamed_from_any_point_on(served: Service):
    client = served.client(READ, WRITE)
    for name in RING:
        client.post("/customers", json=body(name))
    whole = client.get("/events?after=0&most=2").text
    assert "retry:" in whole
    assert [line for line in whole.splitlines() if line.startswith("id:")] == ["id: 1", "id: 2"]
    rest = client.get("/events?most=1", headers={"Last-Event-ID": "1"}).text
    assert "id: 2" in rest
    assert '"provisional": true' in rest


def test_clients_side_by_side(served: Service):
    client = served.client(READ, WRITE)
    names = list(WORLD.arrivals)
    seen: list[int] = []

    def send(mine: list[str]) -> None:
        for name in mine:
            seen.append(client.post("/customers", json=body(name)).status_code)
            seen.append(client.get("/rings").status_code)

    threads = [threading.Thread(target=send, args=(names[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200] * len(names) + [201] * len(names)
    assert served.arrivals.number == len(names)


def test_records_that_are_added_at_the_same_time_are_all_kept(served: Service):
    client = served.client(READ, WRITE)
    client.post("/customers", json={"customer_id": "N1", "records": {"transactions": [transaction(0)]}})

    def add(numbers: range) -> None:
        for number in numbers:
            answer = client.post("/customers/N1/records", json={"transactions": [transaction(number)]})
            assert answer.status_code == 200

    threads = [threading.Thread(target=add, args=(range(1 + 4 * each, 5 + 4 * each),)) for each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = served.arrivals.records_of("N1")
    assert held is not None
    assert {row["transaction_id"] for row in held["transactions"]} == {f"T{number}" for number in range(13)}


def test_answers_carry_what_keeps_browsers_from_mischief(served: Service):
    headers = served.client(READ).get("/rings").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]

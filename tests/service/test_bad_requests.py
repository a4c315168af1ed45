"""What is sent wrongly is refused with a problem that says what to do, and never with a traceback."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from service_world import RING, Service, body, picture, service, transaction

from ringsight.arrivals.api_keys import KeyScope
from ringsight.service.settings import ServiceLimits

READ, WRITE = KeyScope.read, KeyScope.write


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def image(content: bytes | str, **more: object) -> dict[str, Any]:
    told = content if isinstance(content, str) else base64.b64encode(content).decode()
    return {"records": {"id_images": [{"image_id": "I1", "content": told, **more}]}}


def tiff() -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (30, 20), "grey").save(encoded, "TIFF")
    return encoded.getvalue()[:40]


GOOD = body(RING[0])["vectors"]
WRONG: dict[str, tuple[Any, int]] = {
    "nothing": ({}, 422),
    "nobody's records": ({"records": {}}, 422),
    "an unknown member": ({"vectors": GOOD, "colour": "red"}, 422),
    "no dictionary": ([1, 2], 422),
    "an unknown space": ({"vectors": {"voice": [1.0]}}, 422),
    "a short vector": ({"vectors": {"notes": [1.0]}}, 422),
    "an endless vector": ({"vectors": {"notes": [1.0] * 5000}}, 422),
    "a vector of nothing": ({"vectors": {"notes": [0.0] * 12}}, 422),
    "a vector beyond all numbers": ({"vectors": {"notes": [1e308] * 12}}, 422),
    "a vector of text": ({"vectors": {"notes": ["a"] * 12}}, 422),
    "records and vectors": ({"vectors": GOOD, "records": {"transactions": [transaction(1)]}}, 422),
    "no amount": ({"records": {"transactions": [{"transaction_id": "T1", "timestamp": "2026-01-01"}]}}, 422),
    "an amount of text": ({"records": {"transactions": [transaction(1, amount="lots")]}}, 422),
    "an amount without end": ({"records": {"transactions": [transaction(1, amount=10**400)]}}, 422),
    "a moment of another age": ({"records": {"transactions": [transaction(1, timestamp="0001-01-01T00:00:00Z")]}}, 422),
    "no moment": ({"records": {"transactions": [transaction(1, timestamp="yesterday")]}}, 422),
    "rows within rows": ({"records": {"transactions": [transaction(1, amount={"a": [1]})]}}, 422),
    "two kinds of rows": ({"records": {"transactions": [transaction(1), transaction(2, amount=["x"])]}}, 422),
    "half a character": (
        {"records": {"call_notes": [{"note_id": "N", "timestamp": "2026-01-01", "text": "\ud800"}]}},
        422,
    ),
    "an opening that is no moment": ({"vectors": GOOD, "about": {"opened_at": "soon"}}, 422),
    "no base64": (image("%%%"), 422),
    "no image": (image(b"hello"), 422),
    "a cut-off image": (image(tiff()), 422),
    "a picture bomb": (image(bomb()), 422),
    "an image by its path": ({"records": {"id_images": [{"image_id": "I", "path": "../../etc/passwd"}]}}, 422),
    "an image without content": ({"records": {"id_images": [{"image_id": "I"}]}}, 422),
    "too many images": (
        {"records": {"id_images": [{"image_id": f"I{n}", "content": "aGk="} for n in range(13)]}},
        422,
    ),
}


@pytest.mark.parametrize("kind", list(WRONG))
def test_a_wrong_customer_is_refused_with_a_remedy(served: Service, kind: str):
    sent, status = WRONG[kind]
    answer = served.client(READ, WRITE).put("/customers/N1", content=json.dumps(sent).encode())
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["title"]
    assert told["remedy"]
    assert "Traceback" not in answer.text
    assert "site-packages" not in answer.text
    assert served.arrivals.number == 0


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"null", b'{"customer_id": NaN}', b"\xff\xfe", b"[" * 100_000, b"0" * 10_000]
)
def test_malformed_json_is_refused(served: Service, sent: bytes):
    answer = served.client(WRITE).post("/customers", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "a\x00b", "x" * 201, "\ud800"])
def test_an_id_that_no_customer_can_have_is_refused(served: Service, name: str):
    sent = json.dumps({**body(RING[0]), "customer_id": name}).encode()
    answer = served.client(WRITE).post("/customers", content=sent)
    assert answer.status_code == 422
    assert served.arrivals.number == 0


def test_a_body_that_is_too_long_is_refused_whether_it_says_so_or_not(tmp_path: Path):
    small = service(tmp_path, ServiceLimits(body=2000))
    client = small.client(WRITE)
    told = client.post("/customers", content=b"x" * 3000)
    assert told.status_code == 413
    assert told.headers["content-type"] == "application/problem+json"

    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 100

    assert client.post("/customers", content=pieces()).status_code == 413
    assert client.post("/customers", content=b"{}", headers={"Content-Length": "many"}).status_code == 413
    small.database.close()


def test_too_many_records_are_refused(tmp_path: Path):
    small = service(tmp_path, ServiceLimits(rows=3))
    sent = {"records": {"transactions": [transaction(number) for number in range(4)]}}
    answer = small.client(WRITE).put("/customers/N1", json=sent)
    assert (answer.status_code, "limits.rows" in answer.text) == (422, True)
    small.database.close()


@pytest.mark.parametrize(
    "path",
    [
        "/customers/nobody",
        "/customers/nobody/neighbours",
        "/similar/nobody",
        "/rings/nothing",
        "/no/such/route",
        "/customers/%00",
        "/customers/C000/neighbours?k=0",
        "/customers/C000/neighbours?k=many",
        "/similar/C000?where=region%20=%20north",
        "/similar/C000?k=-1",
        "/rings?limit=0",
        "/rings?offset=99999999999999999999",
        "/events?after=9e99",
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_a_problem(served: Service, path: str):
    answer = served.client(READ).get(path)
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_error_that_nobody_foresaw_tells_nothing_of_the_inside(served: Service, monkeypatch: pytest.MonkeyPatch):
    def broken() -> int:
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr(served.arrivals, "last_event", broken)
    answer = served.client(READ).get("/events")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_clock_that_runs_ahead_or_back_changes_no_order(served: Service, monkeypatch: pytest.MonkeyPatch):
    from datetime import UTC, datetime

    from ringsight.cases import clock

    client = served.client(READ, WRITE)
    for year, name in zip((2030, 2020, 2025), RING, strict=False):
        monkeypatch.setattr(clock, "now", lambda year=year: datetime(year, 1, 1, tzinfo=UTC))
        assert client.post("/customers", json=body(name)).status_code == 201
    ahead = {"records": {"transactions": [transaction(1, timestamp="2099-01-01T00:00:00Z")]}}
    assert client.put("/customers/N1", json=ahead).status_code == 200
    assert served.arrivals.number == 4
    assert client.get(f"/customers/{RING[2]}").status_code == 200


def test_an_idempotency_key_without_end_is_refused(served: Service):
    headers = {"Idempotency-Key": "x" * 201}
    assert served.client(WRITE).post("/customers", json=body(RING[0]), headers=headers).status_code == 422


def test_the_smallest_picture_of_a_customer_is_taken(served: Service):
    answer = served.client(WRITE).put("/customers/N1", json=image(picture(8, 8)))
    assert answer.status_code == 200, answer.text

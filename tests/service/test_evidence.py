"""Values of evidence columns over HTTP."""

from dataclasses import replace
from pathlib import Path

import pytest
from live_world import value_bank
from service_world import WORLD, Service, body, embedded, service

from ringsight.arrivals.api_keys import KeyScope
from ringsight.service import state

THERE = WORLD.night.customer_ids.tolist()
OWNER = THERE[40]
PHONE = {"phone": "030 555 1480"}


@pytest.fixture
def valued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service whose night has phones and devices."""
    monkeypatch.setattr(state, "vectors_of", embedded)
    return service(tmp_path, world=replace(WORLD, night=replace(WORLD.night, bank=value_bank(THERE))))


def shared_with(answer: dict[str, object]) -> set[str]:
    """Customers whom a phone links."""
    links = answer["links"]
    assert isinstance(links, list)
    return {each["customer_id"] for each in links if "phone" in each["by_source"]}


def test_a_shared_phone_is_told_and_stays_when_records_are_added(valued: Service):
    client = valued.client(KeyScope.read, KeyScope.write)
    records = {"transactions": [{"transaction_id": "T1", "timestamp": "2026-05-02T09:30:00Z", "amount": -1.0}]}
    came = client.post("/customers", json={"customer_id": "N1", "records": records, "evidence": PHONE})
    assert (came.status_code, shared_with(came.json())) == (201, {OWNER})
    more = {"transactions": [{"transaction_id": "T2", "timestamp": "2026-05-03T09:30:00Z", "amount": -2.0}]}
    assert shared_with(client.post("/customers/N1/records", json=more).json()) == {OWNER}
    replaced = client.put("/customers/N1", json={"records": records, "evidence": {}})
    assert (replaced.status_code, shared_with(replaced.json())) == (200, set())
    valued.database.close()


def test_a_column_that_is_not_evidence_is_refused(served: Service):
    given = body(next(iter(WORLD.arrivals)), evidence=PHONE)
    refused = served.client(KeyScope.write).post("/customers", json=given)
    assert refused.status_code == 422
    assert "no evidence column" in refused.json()["title"]

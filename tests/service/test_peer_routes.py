"""Peers over HTTP: the answers of the model, refusals that say why, and nobody's id but the one asked about."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from finished_runs import NOTHING
from service_world import Service
from two_tribes import customers, purchases

from ringsight.arrivals.api_keys import KeyScope
from ringsight.peers.histories import purchase_histories
from ringsight.peers.peer_model import PeerModel, fit_peers
from ringsight.peers.settings import PeersConfig
from ringsight.service.night_peers import NightPeers
from ringsight.service.peer_routes import peer_routes
from ringsight.service.problems import add_problems


@pytest.fixture(scope="module")
def model() -> PeerModel:
    return fit_peers(
        purchase_histories(purchases(), item="thing"),
        PeersConfig(neighbours=20, largest_share=0.5),
        customers=customers(),
    )


@pytest.fixture(scope="module")
def client(model: PeerModel) -> TestClient:
    app = FastAPI()
    app.include_router(peer_routes(lambda: model))
    add_problems(app)
    return TestClient(app)


def test_the_service_asks_for_a_key_that_may_read(served: Service):
    assert served.client().get("/peers/F00").status_code == 401
    assert served.client(KeyScope.write).get("/peers/F00").status_code == 403
    told = served.client(KeyScope.read).get("/peers/F00")
    assert (told.status_code, told.json()["title"].split(":")[0]) == (404, "no purchases are known")


def test_the_nights_purchases_are_fitted_once(tmp_path: Path):
    rows = purchases().rename({"thing": "category"}).with_columns(amount=-1.0)
    bank = replace(NOTHING, customers=customers(), records={**NOTHING.records, "transactions": rows})
    peers = NightPeers(bank)
    assert peers() is peers()
    assert len(peers().peers("F00", k=2)) == 2


def test_a_customers_peers(client: TestClient, model: PeerModel):
    answer = client.get("/peers/F00", params={"k": 2, "seen": False}).json()
    assert [each["item"] for each in answer["items"]] == [each.item for each in model.peers("F00", k=2, seen=False)]
    assert answer["served_by"] == "purchases"


def test_a_session(client: TestClient):
    answer = client.post("/peers", json={"items": ["seed", "rake"], "k": 3}).json()
    assert {each["item"] for each in answer["items"]} == {"spade", "pot", "bread"}


def test_unlike_peers(client: TestClient):
    (only,) = client.get("/peers/F29/unlike").json()["items"]
    assert (only["item"], only["peers_with"], only["peers"]) == ("lathe", 0, 20)


def test_nobody_elses_id_is_in_an_answer_nor_in_a_refusal(client: TestClient):
    for path in ("/peers/F00", "/peers/F29/unlike", "/peers/F0", "/peers/F99"):
        told = client.get(path).text.replace(path.split("/")[2], "")
        assert not [customer for customer in customers()["customer_id"] if customer in told]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/peers/nobody", 404),
        ("/peers/F00?k=0", 422),
        ("/peers/F00?k=101", 422),
        ("/peers/F00?k=x", 422),
        ("/peers/F00?where=regoin == 'x'", 422),
        (f"/peers/F00?where={'x' * 1_001}", 422),
        ("/peers/F00?order=best", 422),
        ("/peers/F00/unlike?most_share=1", 422),
        ("/peers/NEW/unlike", 404),
    ],
)
def test_questions_that_make_no_sense_are_refused(client: TestClient, path: str, status: int):
    assert client.get(path).status_code == status


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"items": []}, 422),
        ({"items": ["net"] * 201}, 422),
        ({"items": [""]}, 422),
        ({"items": ["x" * 513]}, 422),
        ({"items": ["nothing of ours"]}, 404),
        ({"items": ["net"], "k": 0}, 422),
        ({"items": ["net"], "surprise": 1}, 422),
        ({"items": "net"}, 422),
        ([], 422),
    ],
)
def test_sessions_that_make_no_sense_are_refused(client: TestClient, question: object, status: int):
    assert client.post("/peers", json=question).status_code == status

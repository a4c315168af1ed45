"""Figures for Prometheus: in its format, by a key of their own, and of no customer."""

import re

from service_world import RING, Service, body

from ringsight.arrivals.api_keys import KeyScope

LINE = re.compile(r'ringsight_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+')
"""A row of a figure, as the exposition format has it."""


def test_requests_are_counted_by_route_and_status_and_no_customer_is_named(served: Service) -> None:
    client, monitor = served.client(KeyScope.read, KeyScope.write), served.client(KeyScope.metrics)
    assert client.get("/metrics").status_code == 403
    for name in RING:
        assert client.post("/customers", json=body(name)).status_code == 201
    client.get("/customers/nobody")
    client.get("/no/such/route")
    answer = monitor.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert all(LINE.fullmatch(line) for line in lines if not line.startswith("#"))
    told = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    assert told['ringsight_requests_total{method="POST",route="/customers",status="201"}'] == len(RING)
    assert told['ringsight_requests_total{method="GET",route="/customers/{customer_id}",status="404"}'] == 1
    assert told['ringsight_requests_total{method="none",route="none",status="404"}'] == 1
    assert told['ringsight_request_seconds_bucket{route="/customers",le="+Inf"}'] == len(RING)
    assert told['ringsight_request_seconds_count{route="/customers"}'] == len(RING)
    assert told["ringsight_log_number"] == len(RING)
    assert told["ringsight_live_rings"] >= 1
    assert told["ringsight_requests_under_way"] == 1  # this one
    assert not any(name in answer.text for name in RING)


def test_a_key_for_figures_sees_nothing_else(served: Service) -> None:
    monitor = served.client(KeyScope.metrics)
    assert {monitor.get(path).status_code for path in ("/rings", "/night", "/events")} == {403}


def test_each_figure_is_described_once(served: Service) -> None:
    lines = served.client(KeyScope.metrics).get("/metrics").text.splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) > 8

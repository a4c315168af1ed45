"""The application: its routes, what every answer carries, and whether it is ready."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import polars as pl
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from ringsight.arrivals.api_keys import ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.live_arrivals import Arrivals
from ringsight.errors import RingsightError
from ringsight.online.last_night import read_night
from ringsight.online.live_graph import LiveGraph
from ringsight.online.newcomers import bank_of, vectors_of
from ringsight.records.bank import BankConfig
from ringsight.runs.run import Run, open_run
from ringsight.service import customer_routes, event_routes, ring_routes, service_metrics
from ringsight.service.guarding import BoundedBody, BoundedRequests, Doorkeeper, WithHeaders
from ringsight.service.night_peers import NightPeers
from ringsight.service.peer_routes import peer_routes
from ringsight.service.problems import add_problems
from ringsight.service.service_metrics import RequestCount
from ringsight.service.settings import ServiceLimits, WebhookSettings
from ringsight.service.state import ServiceState, asker, rows_in
from ringsight.service.webhooks import Webhooks, webhook_secret
from ringsight.workers import multiply_alone

ABOUT = """
Customers one at a time, held against the last night of a run. Whatever is told of a ring or of a customer here is
provisional: q-values are restated by the next night. Every request but those of /health needs
`Authorization: Bearer KEY`; writers should send an `Idempotency-Key`.
"""


def open_state(run: Run, database: ArrivalDatabase, limits: ServiceLimits | None = None) -> ServiceState:
    """What the service stands on: a finished run, and the log of arrivals replayed over it.

    Raises:
        DataError: if the run is not finished.
        ModelError: if it has no embeddings.
        LogError: if the log cannot be read.
    """
    run = open_run(run.folder)
    bounds = limits or ServiceLimits()
    config = run.bank_config() if run.bank_folder is not None else BankConfig(path=Path())
    graph = LiveGraph(read_night(run))
    multiply_alone()  # once the night is compared with itself, which takes all threads
    return ServiceState(
        arrivals=Arrivals(graph, database),
        doorkeeper=Doorkeeper(ApiKeys(database).find, bounds.per_minute),
        limits=bounds,
        model=run.model,
        bank_config=config,
    )


def warm_up(state: ServiceState) -> None:
    """Read the model before anybody waits for it, by embedding a customer of the night; nothing is kept of that."""
    with state.arrivals.graph() as graph:
        bank = graph.night.bank
    if bank is None:
        return
    richest = pl.concat([rows["customer_id"].cast(pl.String).unique() for rows in bank.records.values()]).mode().sort()
    if len(richest):
        with suppress(RingsightError):
            vectors_of(richest[0], bank_of(richest[0], rows_in(bank, richest[0]), state.bank_config), state.model)


def create_service(state: ServiceState, webhooks: WebhookSettings | None = None) -> FastAPI:
    """The application over a state.

    Raises:
        SettingsError: if webhooks are asked for, and there is no secret to sign them with.
    """
    told = webhooks or WebhookSettings()
    sender = Webhooks(state.arrivals, told, webhook_secret()) if told.urls else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if sender:
            sender.start()
        yield
        if sender:
            sender.stop()

    app = FastAPI(
        title="ringsight",
        version=version("ringsight"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service, app.state.streams = state, 0
    for routes in (customer_routes, ring_routes, event_routes, service_metrics):
        app.include_router(routes.ROUTES)
    with state.arrivals.graph() as graph:
        peers = NightPeers(graph.night.bank)
    app.include_router(peer_routes(peers), dependencies=[Depends(asker(KeyScope.read))])
    app.add_api_route("/health/live", _alive, methods=["GET"], tags=["health"])
    app.add_api_route("/health/ready", _ready, methods=["GET"], tags=["health"])
    add_problems(app)
    app.add_middleware(BoundedBody, most=state.limits.body)
    app.add_middleware(BoundedRequests, most=state.limits.at_once)
    app.add_middleware(RequestCount)
    app.add_middleware(WithHeaders)
    return app


def _alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


def _ready(request: Request) -> JSONResponse:
    """The log answers, and the live graph has all that is in it. 503 where not."""
    state: ServiceState = request.app.state.service
    state.arrivals.refresh()
    return JSONResponse({"status": "ready", "number": state.arrivals.number})

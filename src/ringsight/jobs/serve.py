"""`ringsight serve`: the real-time graph service over a finished run."""

from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from rich.console import Console

from ringsight.arrivals.api_keys import ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase, log_of
from ringsight.errors import require_port
from ringsight.jobs.command import Command
from ringsight.runs.run import Run
from ringsight.service.service_app import create_service, open_state, warm_up
from ringsight.service.settings import ServiceLimits, WebhookSettings

GRACE = 5
"""Seconds that requests have to end once the service is asked to stop; event streams would never end."""


@dataclass(kw_only=True, slots=True)
class ServeJob:
    """The settings of `ringsight serve`."""

    run: Path = Path("out/run")
    """Folder of the finished run: the last night, and its model."""
    database: str = ""
    """Where the arrivals are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `arrivals.db` inside the
    run."""
    limits: ServiceLimits = field(default_factory=ServiceLimits)
    """How much one request, and one key, may take."""
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    """Who is told of ring events."""
    host: str = "127.0.0.1"
    """Address to listen at. Before any other than this machine's own, put a proxy with TLS."""
    port: int = 8090

    def __post_init__(self) -> None:
        """Refuse a port that does not exist.

        Raises:
            SettingsError: if the port is out of bounds.
        """
        require_port(self.port)


def run(config: ServeJob) -> None:
    """Replay the log over the last night, and serve until stopped.

    Raises:
        RingsightError: for anything that a user can repair.
    """
    console = Console(highlight=False, markup=False)
    database = ArrivalDatabase(log_of(config.run, config.database))
    try:
        state = open_state(Run(config.run), database, config.limits)
        with state.arrivals.graph() as graph:
            customers, caveats = len(graph.night.customer_ids), graph.night.caveats
        console.print(f"{customers:,} customers of the last night; {state.arrivals.number:,} rows of the log replayed.")
        if state.arrivals.left_out:
            left_out = f"{state.arrivals.left_out:,} customers who came before this night are of another model"
            console.print(f"{left_out}, and not in it: send their records again.", soft_wrap=True)
        if caveats:
            console.print(f"No standing of live rings is told: {'; '.join(caveats)}.", soft_wrap=True)
        if not ApiKeys(database).all():
            key = ApiKeys(database).add("first", list(KeyScope))
            said = f"A key for all scopes was made: {key}  (shown once; `ringsight keys` makes others)"
            console.print(said, soft_wrap=True)
        app = create_service(state, config.webhooks)
        warm_up(state)
        console.print(f"Service: http://{config.host}:{config.port}/openapi.json  (Ctrl-C stops it)", soft_wrap=True)
        uvicorn.run(
            app,
            host=config.host,
            port=config.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    finally:
        database.close()


COMMAND = Command("serve", ServeJob, run, verbatim=("database",))

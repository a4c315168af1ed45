"""A service over a small night of vectors, asked in this process; records are embedded by a rule in a model's place."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient
from live_world import DIM, SPACES, LiveWorld, live_world
from numpy.typing import NDArray
from PIL import Image

from ringsight.arrivals.api_keys import ApiKeys, KeyScope
from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.live_arrivals import Arrivals
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import JOINT
from ringsight.service.guarding import Doorkeeper
from ringsight.service.service_app import create_service
from ringsight.service.settings import ServiceLimits
from ringsight.service.state import ServiceState

WORLD = live_world(customers=60)
RING = WORLD.rings["ring3"][1:]
"""Customers who come by day, and make a ring with one of the night."""


@dataclass
class Service:
    """A service, and clients with keys for it."""

    app: FastAPI
    database: ArrivalDatabase
    arrivals: Arrivals
    keys: dict[str, str]

    def client(self, *scopes: KeyScope) -> TestClient:
        """A client whose key has these scopes; without any, one without a key."""
        client = TestClient(self.app, raise_server_exceptions=False)
        if scopes:
            name = "-".join(scopes)
            if name not in self.keys:
                self.keys[name] = ApiKeys(self.database).add(name, scopes)
            client.headers["Authorization"] = f"Bearer {self.keys[name]}"
        return client


def service(folder: Path, limits: ServiceLimits | None = None, world: LiveWorld = WORLD) -> Service:
    database = ArrivalDatabase(f"sqlite:///{folder / 'arrivals.db'}")
    arrivals = Arrivals(world.graph(), database)
    bounds = limits or ServiceLimits()
    keeper = Doorkeeper(ApiKeys(database).find, bounds.per_minute)
    state = ServiceState(arrivals, keeper, bounds, Path("model"), BankConfig(path=Path()))
    return Service(create_service(state), database, arrivals, {})


def body(name: str, **more: object) -> dict[str, Any]:
    """A customer of the day, by vectors."""
    vectors = {space: vector.tolist() for space, vector in WORLD.arrivals[name].items()}
    return {"customer_id": name, "vectors": vectors, **more}


def embedded(customer_id: str, bank: Bank, model: Path) -> dict[str, NDArray[np.float32]]:
    """Vectors by a rule: of each modality from how many records there are."""
    counts = {name: len(bank.table(modality)) for name, modality in SPACES.items()}
    told = {name: _unit(count) for name, count in counts.items() if count}
    return {**told, JOINT: _unit(sum(counts.values()))} if told else {}


def _unit(seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal(DIM)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def picture(width: int = 40, height: int = 30, seed: int = 0) -> bytes:
    """A PNG of noise."""
    encoded = io.BytesIO()
    shades = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    Image.fromarray(shades).save(encoded, "PNG")
    return encoded.getvalue()


def transaction(number: int, **more: object) -> dict[str, Any]:
    return {"transaction_id": f"T{number}", "timestamp": "2026-05-02T09:30:00Z", "amount": -12.5, **more}

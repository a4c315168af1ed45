"""What all routes share: the arrivals, the model that embeds records, the keys, and the bounds."""

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from fastapi import Request
from numpy.typing import NDArray

from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.arrivals.arrival_log import Request as Asked
from ringsight.arrivals.live_arrivals import Arrivals, Given
from ringsight.errors import DataError
from ringsight.online.live_similar import scalars_in, told_scalars
from ringsight.online.newcomers import CONTENT, bank_of, merged, nothing, vectors_of
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.contract import RECORD_TABLES
from ringsight.service.bodies import Body, CustomerBody
from ringsight.service.guarding import Doorkeeper
from ringsight.service.settings import ServiceLimits

TURNS = 64
"""Locks that customers share."""
LONGEST_KEY = 200
"""Characters of an idempotency key."""


@dataclass(frozen=True, slots=True, eq=False)
class ServiceState:
    """What all routes share."""

    arrivals: Arrivals
    doorkeeper: Doorkeeper
    limits: ServiceLimits
    model: Path
    """Folder of the model that made the night's vectors."""
    bank_config: BankConfig
    """How the night read its bank."""
    _turns: tuple[threading.Lock, ...] = field(default_factory=lambda: tuple(threading.Lock() for _ in range(TURNS)))

    def turn(self, customer_id: str) -> threading.Lock:
        """Held by who adds to a customer's records, so that nobody in this process adds at the same time."""
        return self._turns[hash(customer_id) % TURNS]

    def given(self, customer_id: str, body: CustomerBody, former: Mapping[str, Any] | None = None) -> Given:
        """What a customer comes with: vectors as they are, or records embedded.

        Args:
            customer_id: whose they are.
            body: of the request.
            former: records that those of the request are added to.

        Raises:
            DataError: if records cannot be used, there are both or neither, or too many.
        """
        about, keys = body.about.model_dump(), None
        if body.evidence is not None:
            with self.arrivals.graph() as graph:
                keys = graph.keys(body.evidence)
        if body.vectors:
            if body.records.rows:
                raise DataError("records and vectors are given", remedy="give one of them")
            vectors = {name: np.array(vector, dtype=np.float64) for name, vector in body.vectors.items()}
            with self.arrivals.graph() as graph:
                return Given(graph.checked(vectors), None, told_scalars(about), keys)
        records = merged(former, body.records.given())
        if sum(len(rows) for rows in records.values()) > self.limits.rows:
            raise DataError(f"more than {self.limits.rows:,} records of one customer", remedy="limits.rows bounds them")
        if len(records.get("id_images", [])) > self.limits.images:
            raise DataError(f"more than {self.limits.images} ID images", remedy="limits.images bounds them")
        if not any(records.values()):
            raise nothing(customer_id)
        bank = bank_of(customer_id, records, self.bank_config)
        embedded = vectors_of(customer_id, bank, self.model)
        return Given(self._known(embedded), records, scalars_in(bank, about), keys)

    def _known(self, vectors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        with self.arrivals.graph() as graph:
            return {name: vector for name, vector in vectors.items() if name in graph.spaces}

    def records_of(self, customer_id: str) -> dict[str, Any]:
        """Records that further ones are added to: those the customer came with, else those of the night's bank.

        Raises:
            DataError: if the customer came with vectors, or the night's bank is not there.
        """
        held = self.arrivals.records_of(customer_id)
        if held is not None:
            return held
        with self.arrivals.graph() as graph:
            graph.require(customer_id)
            bank = graph.night.bank
        found = {} if bank is None or self.arrivals.version_of(customer_id) else rows_in(bank, customer_id)
        if not found:
            raise DataError(
                f"no records of customer {customer_id!r} are at hand to add to",
                remedy=f"PUT /customers/{customer_id} with all records, or with vectors",
            )
        return found


def state_of(request: Request) -> ServiceState:
    """What all routes share."""
    state: ServiceState = request.app.state.service
    return state


def asker(scope: KeyScope) -> Callable[[Request], ApiKey]:
    """A dependency: the key of a request, which must have a scope."""

    def admitted(request: Request) -> ApiKey:
        return state_of(request).doorkeeper.admit(request, scope)

    return admitted


def asked(request: Request, key: ApiKey, body: Body | None = None) -> Asked:
    """A request as the log keeps it.

    Raises:
        DataError: if the idempotency key is too long.
    """
    idempotency = request.headers.get("idempotency-key", "")
    if len(idempotency) > LONGEST_KEY:
        raise DataError(f"the idempotency key is longer than {LONGEST_KEY} characters", remedy="a UUID will do")
    content = body.content() if body else ""
    return Asked(key.name, idempotency, f"{request.method} {request.url.path}?{request.url.query}\n{content}")


def rows_in(bank: Bank, customer_id: str) -> dict[str, Any]:
    """A customer's records in the night's bank, as JSON has them; images in base64."""
    found: dict[str, Any] = {}
    for table in RECORD_TABLES:
        rows = bank.table(table.modality)
        if len(rows):
            own = rows.filter(pl.col("customer_id").cast(pl.String) == customer_id).drop("customer_id")
            texts = own.with_columns(pl.col(pl.Datetime).dt.to_string("iso"), pl.col(pl.Categorical).cast(pl.String))
            if len(texts):
                found[table.name] = [_with_content(row, table.image_columns, bank.path) for row in texts.to_dicts()]
    return found


def _with_content(row: dict[str, Any], columns: Sequence[str], folder: Path) -> dict[str, Any]:
    """A row of the bank with its image in base64 in the place of the path, which the bank's reading has checked."""
    told = dict(row)
    for column in columns:
        told[CONTENT] = base64.b64encode((folder / str(told.pop(column))).read_bytes()).decode("ascii")
    return told

"""Customers who come by day: taken into the live graph and into the log together, or not at all."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from ringsight.arrivals import arrival_log
from ringsight.arrivals.answers import customer_answer, event_answer
from ringsight.arrivals.arrival_database import PATIENCE, ArrivalDatabase
from ringsight.arrivals.arrival_log import Arrival, ArrivalAction, Request
from ringsight.arrivals.errors import ChangedMeanwhileError, KnownCustomerError, LogError
from ringsight.online.live_graph import Keys, LiveGraph
from ringsight.online.live_rings import RingChange
from ringsight.online.live_rows import Codes
from ringsight.online.live_similar import LiveScalars, Scalars, told_scalars
from ringsight.runs.erasure import pseudonym, renamed
from ringsight.vectors.filters import Filter

Vectors = Mapping[str, NDArray[np.float32]]


UNKNOWN: Scalars = told_scalars({})


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a customer comes with."""

    vectors: Vectors
    """By space."""
    records: dict[str, Any] | None = None
    """That the vectors were made from, to add to them later; None where vectors were given."""
    scalars: Mapping[str, str | int] = field(default_factory=dict)
    """What filters ask."""
    keys: Keys | None = None
    """Of values in evidence columns, as `LiveGraph.keys` gives them; None for what the night knows."""
    version: int | None = None
    """As `Arrivals.version_of` gave it before the former records were read; None where they do not matter."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a request is answered, once it is on disk."""

    answer: dict[str, Any]
    repeated: bool
    """Whether the same request came before, so that nothing was done now."""


class Arrivals:
    """The live graph over a run, and its log; safe to use from several threads.

    Several processes may share one log: each takes in what others wrote before it writes.
    """

    def __init__(self, graph: LiveGraph, database: ArrivalDatabase) -> None:
        """Replay the log over the last night.

        Raises:
            LogError: if the log cannot be read.
        """
        self._graph, self._database = graph, database
        self._records: dict[str, dict[str, Any]] = {}
        self._versions: dict[str, int] = {}
        """Customer -> number of the row that last changed them."""
        self._of_night = set(graph.night.customer_ids.tolist())
        self._model = graph.night.model
        self.left_out = 0
        """Arrivals held against former nights that are not in this one, and are of another model: to be sent again."""
        self._number = 0
        self._scalars = LiveScalars(graph.night.bank, graph.code_of)
        self._lock, self._writers = threading.RLock(), threading.Lock()
        self.refresh()

    @property
    def number(self) -> int:
        """Number of the last row of the log that the graph has."""
        return self._number

    @contextmanager
    def graph(self) -> Iterator[LiveGraph]:
        """The graph, while nobody changes it."""
        with self._lock:
            yield self._graph

    def refresh(self) -> None:
        """Take in what other processes have written.

        Raises:
            LogError: if the log cannot be read.
        """
        with self._database.reading() as connection, self._lock:
            self._catch_up(connection)

    def last_event(self) -> int:
        """Number of the last ring event.

        Raises:
            LogError: if the log cannot be read.
        """
        with self._database.reading() as connection:
            return arrival_log.last_event(connection)

    def events_after(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """Ring events after a number, with their numbers, in order; some at a time.

        Raises:
            LogError: if the log cannot be read.
        """
        with self._database.reading() as connection:
            return arrival_log.events_after(connection, number)

    def delivered(self, url: str) -> int:
        """Number of the last ring event that a webhook has had."""
        with self._database.reading() as connection:
            return arrival_log.delivered(connection, url)

    def note_delivered(self, url: str, number: int) -> None:
        """Keep how far a webhook has come."""
        with self._database.writing() as connection:
            arrival_log.note_delivered(connection, url, number)

    def version_of(self, customer_id: str) -> int:
        """Number of the row of the log that last changed a customer; 0 where none has since the last night."""
        with self._lock:
            return self._versions.get(customer_id, 0)

    def keys_of(self, customer_id: str) -> Keys:
        """What a customer has in evidence columns now."""
        with self._lock:
            return self._graph.keys_of(customer_id)

    def records_of(self, customer_id: str) -> dict[str, Any] | None:
        """The records that a customer came with; None where vectors were given, or nothing."""
        with self._lock:
            return self._records.get(customer_id)

    def former(self, request: Request) -> Acknowledged | None:
        """What the same request was answered before; None where it is new. Spares embedding the records again.

        Raises:
            RepeatedKeyError: if the idempotency key came with another request.
            LogError: if the log cannot be read.
        """
        if not request.key:
            return None
        with self._database.reading() as connection:
            known = arrival_log.former_answer(connection, request)
        return None if known is None else Acknowledged(known, repeated=True)

    def fitting(self, where: Filter) -> Codes:
        """Numbers of the customers who fit a filter."""
        with self._lock:
            return self._scalars.fitting(where)

    def put(self, customer_id: str, given: Given, request: Request, *, new: bool = False) -> Acknowledged:
        """Take a customer in, or replace what is there, and acknowledge it once it is on disk.

        Args:
            customer_id: new, or known.
            given: of the customer.
            request: who asks; the same idempotency key changes nothing and gets the same answer.
            new: refuse a customer who is there already.

        Raises:
            DataError: if a vector does not fit its space.
            KnownCustomerError: if the customer should be new, and is not.
            ChangedMeanwhileError: if the customer is of another version than that which was given.
            RepeatedKeyError: if the idempotency key came with another request.
            LogError: if the log cannot be written; the graph is as it was.
        """
        with self._lock:
            taken = self._graph.checked(given.vectors)
        keys = None if given.keys is None else dict(given.keys)
        arrival = Arrival(0, ArrivalAction.put, customer_id, taken, given.records, dict(given.scalars), keys)

        def change(graph: LiveGraph) -> list[RingChange]:
            if new and customer_id in graph:
                raise KnownCustomerError(
                    f"customer {customer_id!r} is there already",
                    remedy="PUT /customers/{customer_id} replaces; POST /customers/{customer_id}/records adds",
                )
            if given.version is not None and given.version != self.version_of(customer_id):
                raise ChangedMeanwhileError(
                    f"customer {customer_id!r} was changed at the same time", remedy="send the request again"
                )
            return graph.put(customer_id, taken, keys)

        return self._take(arrival, request, change)

    def remove(self, customer_id: str, request: Request, *, erase: bool = False) -> Acknowledged:
        """Let a customer go, and acknowledge it once it is on disk.

        Args:
            customer_id: who is there, or at least was.
            request: who asks.
            erase: also take the customer's records and vectors out of the log. The run's own files are another matter:
                `ringsight erase`.

        Raises:
            DataError: if there is no such customer.
            RepeatedKeyError: if the idempotency key came with another request.
            LogError: if the log cannot be written; the graph is as it was.
        """
        action = ArrivalAction.erase if erase else ArrivalAction.remove
        return self._take(Arrival(0, action, customer_id, {}, None), request, lambda graph: graph.remove(customer_id))

    def _take(
        self, arrival: Arrival, request: Request, change: Callable[[LiveGraph], list[RingChange]]
    ) -> Acknowledged:
        customer_id, erased = arrival.customer_id, arrival.action is ArrivalAction.erase
        former: Vectors | None = None
        former_keys: Keys = {}
        with self._turn(), self._locked_later() as lock:
            try:
                with self._database.writing() as connection:
                    lock()
                    self._catch_up(connection)
                    known = arrival_log.former_answer(connection, request)
                    if known is not None:
                        return Acknowledged(known, repeated=True)
                    if arrival.action is not ArrivalAction.put:
                        self._graph.require(customer_id)
                    former, former_keys = self._graph.vectors_of(customer_id), self._graph.keys_of(customer_id)
                    shown = pseudonym() if erased else customer_id
                    changes = [event_answer(self._graph, each, customer_id) for each in change(self._graph)]
                    events = [renamed(each, customer_id, shown) for each in changes]
                    night = self._graph.night
                    numbered = replace(arrival, number=self._number + 1, night=night.digest, model=self._model)
                    answer = {"number": numbered.number, "events": events} | self._answer(numbered, shown, connection)
                    arrival_log.append(connection, numbered, request, answer, events)
            except BaseException:
                if former is not None:
                    self._restore(customer_id, former, former_keys)
                raise
            self._number = numbered.number
            self._hold(numbered)
        if erased:
            self._database.scrub()
        return Acknowledged(answer, repeated=False)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Held by who writes. Whoever waits too long is told so: behind a log that is gone, all would wait one by one.

        Raises:
            LogError: if it does not come.
        """
        if not self._writers.acquire(timeout=PATIENCE):
            raise LogError("the log of arrivals is busy", remedy="send the request again, with its idempotency key")
        try:
            yield
        finally:
            self._writers.release()

    @contextmanager
    def _locked_later(self) -> Iterator[Callable[[], object]]:
        """The graph's lock, taken when it is asked for, and held to the end.

        While a writer waits for the log, the graph can be read; once it has the log, nobody sees what is not on disk.
        """
        taken = False

        def take() -> None:
            nonlocal taken
            taken = self._lock.acquire()

        try:
            yield take
        finally:
            if taken:
                self._lock.release()

    def _answer(self, arrival: Arrival, shown: str, connection: Connection) -> dict[str, Any]:
        match arrival.action:
            case ArrivalAction.put:
                return customer_answer(self._graph, arrival.customer_id)
            case ArrivalAction.remove:
                return {"customer_id": shown, "removed": True}
            case ArrivalAction.erase:
                emptied = arrival_log.empty_rows_of(connection, arrival.customer_id, shown)
                return {"customer_id": shown, "removed": True, "rows_emptied": emptied}

    def _restore(self, customer_id: str, former: Vectors, keys: Keys) -> None:
        if former:
            self._graph.put(customer_id, former, keys)
        else:
            self._graph.remove(customer_id)

    def _catch_up(self, connection: Connection) -> None:
        for arrival in arrival_log.latest(connection, self._number):
            self._number = arrival.number
            if not self._counts(arrival):
                continue
            if arrival.action is ArrivalAction.put:
                known = {name: vector for name, vector in arrival.vectors.items() if name in self._graph.spaces}
                self._graph.put(arrival.customer_id, known, arrival.keys)
            else:
                self._graph.remove(arrival.customer_id)
            self._hold(arrival)

    def _counts(self, arrival: Arrival) -> bool:
        """Whether a row still says something: those held against former nights do where the night has no later word.

        The night has judged its own customers with all that the bank knew. An erasure counts until the bank lets the
        customer go, too. Vectors of another model cannot be compared, and are left out.
        """
        night = self._graph.night
        if arrival.night == night.digest or arrival.action is ArrivalAction.erase:
            return True
        if arrival.customer_id in self._of_night or arrival.action is ArrivalAction.remove:
            return False
        if arrival.model != self._model:
            self.left_out += 1
            return False
        return True

    def _hold(self, arrival: Arrival) -> None:
        self._versions[arrival.customer_id] = arrival.number
        if arrival.action is ArrivalAction.put:
            self._scalars.put(arrival.customer_id, {**UNKNOWN, **arrival.scalars})
        else:
            self._scalars.remove(arrival.customer_id)
        if arrival.records is None:
            self._records.pop(arrival.customer_id, None)
        else:
            self._records[arrival.customer_id] = arrival.records

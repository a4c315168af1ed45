"""The log of arrivals: what is committed here is acknowledged, and a start replays it over the last night."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, or_, select, update

from ringsight.arrivals.errors import RepeatedKeyError
from ringsight.arrivals.log_tables import ARRIVALS, DELIVERIES, RING_EVENTS
from ringsight.cases import clock
from ringsight.runs.erasure import renamed

Vectors = Mapping[str, NDArray[np.float32]]
REPLAYED = ("number", "action", "customer_id", "vectors", "records", "scalars", "keys", "night", "model")
NOTHING = {"vectors": None, "records": None, "scalars": None, "keys": None}
"""What an erasure leaves of a row."""


class ArrivalAction(StrEnum):
    """What a row of the log does."""

    put = "put"
    remove = "remove"
    erase = "erase"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what, and by which idempotency key."""

    by: str
    """Name of the API key."""
    key: str = ""
    """Idempotency key; empty for none."""
    content: str = ""
    """What was asked, in one form: the same key with another content is refused."""

    @property
    def key_hash(self) -> str | None:
        """The idempotency key, of this asker alone."""
        return hashlib.sha256(f"{self.by}\n{self.key}".encode()).hexdigest() if self.key else None

    @property
    def content_hash(self) -> str:
        """SHA-256 of what was asked."""
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """One row of the log, as it is replayed."""

    number: int
    action: ArrivalAction
    customer_id: str
    vectors: dict[str, NDArray[np.float32]]
    records: dict[str, Any] | None
    scalars: dict[str, str | int] = field(default_factory=dict)
    """What filters ask of the customer."""
    keys: dict[str, tuple[str, ...]] | None = None
    """Of the customer's values in evidence columns; None for what the night knows."""
    night: str = ""
    """Digest of the night that it was held against."""
    model: str = ""
    """Hash of the models that the vectors are of."""


def former_answer(connection: Connection, request: Request) -> dict[str, Any] | None:
    """The answer that the same request got before; None where its key is new.

    Raises:
        RepeatedKeyError: if the key came with another request.
    """
    if request.key_hash is None:
        return None
    wanted = select(ARRIVALS.c.request_hash, ARRIVALS.c.answer).where(ARRIVALS.c.key_hash == request.key_hash)
    row = connection.execute(wanted).first()
    if row is None:
        return None
    if row.request_hash != request.content_hash:
        raise RepeatedKeyError(
            "this idempotency key came before with another request",
            remedy="take a new key for each request, and the same one only to send the same request again",
        )
    answer: dict[str, Any] = json.loads(row.answer)
    return answer


def last_number(connection: Connection) -> int:
    """Number of the last row; 0 where there is none."""
    return int(connection.execute(select(func.max(ARRIVALS.c.number))).scalar() or 0)


def latest(connection: Connection, after: int) -> Iterator[Arrival]:
    """The last row of each customer among those after a number, in their order; earlier ones no longer count."""
    newest = select(func.max(ARRIVALS.c.number)).where(ARRIVALS.c.number > after).group_by(ARRIVALS.c.customer_id)
    wanted = (
        select(*(ARRIVALS.c[name] for name in REPLAYED))
        .where(ARRIVALS.c.number.in_(newest))
        .order_by(ARRIVALS.c.number)
    )
    for row in connection.execute(wanted, execution_options={"yield_per": 500}):
        records = json.loads(row.records) if row.records else None
        scalars = json.loads(row.scalars) if row.scalars else {}
        keys = None if row.keys is None else {name: tuple(each) for name, each in json.loads(row.keys).items()}
        vectors = read_vectors(row.vectors)
        action, told = ArrivalAction(row.action), (row.night, row.model)
        yield Arrival(row.number, action, row.customer_id, vectors, records, scalars, keys, *told)


def append(
    connection: Connection, arrival: Arrival, request: Request, answer: Mapping[str, Any], events: Sequence[Any]
) -> None:
    """Append a row, and what became of the rings.

    Args:
        connection: of `ArrivalDatabase.writing`.
        arrival: what came, with the number that follows the last.
        request: who asked for it.
        answer: what is acknowledged.
        events: each as JSON can hold it.
    """
    connection.execute(
        ARRIVALS.insert().values(
            number=arrival.number,
            at=clock.written(clock.now()),
            by=request.by,
            night=arrival.night,
            model=arrival.model,
            action=arrival.action.value,
            customer_id=arrival.customer_id,
            vectors=written_vectors(arrival.vectors) if arrival.vectors else None,
            records=None if arrival.records is None else json.dumps(arrival.records),
            scalars=json.dumps(arrival.scalars) if arrival.scalars else None,
            keys=None if arrival.keys is None else json.dumps(arrival.keys),
            key_hash=request.key_hash,
            request_hash=request.content_hash,
            answer=json.dumps(answer),
        )
    )
    first = int(connection.execute(select(func.max(RING_EVENTS.c.number))).scalar() or 0) + 1
    rows = [
        {"number": number, "arrival": arrival.number, "content": json.dumps(event)}
        for number, event in enumerate(events, start=first)
    ]
    if rows:
        connection.execute(RING_EVENTS.insert(), rows)


def events_after(connection: Connection, number: int, limit: int = 200) -> list[tuple[int, dict[str, Any]]]:
    """Ring events after a number, with their numbers, in order."""
    wanted = select(RING_EVENTS.c.number, RING_EVENTS.c.content).where(RING_EVENTS.c.number > number)
    rows = connection.execute(wanted.order_by(RING_EVENTS.c.number).limit(limit)).all()
    return [(row.number, json.loads(row.content)) for row in rows]


def last_event(connection: Connection) -> int:
    """Number of the last ring event; 0 where there is none."""
    return int(connection.execute(select(func.max(RING_EVENTS.c.number))).scalar() or 0)


def delivered(connection: Connection, url: str) -> int:
    """Number of the last ring event that a webhook has had; 0 where it has had none."""
    wanted = select(DELIVERIES.c.through).where(DELIVERIES.c.url == url)
    return int(connection.execute(wanted).scalar() or 0)


def note_delivered(connection: Connection, url: str, number: int) -> None:
    """Keep how far a webhook has come."""
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.url == url))
    connection.execute(DELIVERIES.insert().values(url=url, through=number))


def empty_rows_of(connection: Connection, customer_id: str, name: str) -> int:
    """Take a customer's records and vectors out of all earlier rows, and the id out of what others were answered.

    The rows stay, with the id: without it a start would take the customer in again.

    Args:
        connection: of `ArrivalDatabase.writing`.
        customer_id: whom to erase.
        name: the pseudonym that stands for the customer in answers and events.

    Returns:
        How many rows held something.
    """
    own = ARRIVALS.c.customer_id == customer_id
    held = or_(*(ARRIVALS.c[name].is_not(None) for name in NOTHING))
    emptied = connection.execute(update(ARRIVALS).where(own, held).values(**NOTHING)).rowcount
    for table, column in ((ARRIVALS, ARRIVALS.c.answer), (RING_EVENTS, RING_EVENTS.c.content)):
        quoted = json.dumps(customer_id)
        naming = select(table.c.number, column).where(column.contains(quoted, autoescape=True))
        for number, text in connection.execute(naming).all():
            told = json.dumps(renamed(json.loads(text), customer_id, name))
            connection.execute(update(table).where(table.c.number == number).values({column.name: told}))
    return int(emptied)


def written_vectors(vectors: Vectors) -> str:
    """Vectors as JSON: by space, little-endian single precision in base64."""
    packed = {
        name: base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii") for name, vector in vectors.items()
    }
    return json.dumps(packed)


def read_vectors(text: str | None) -> dict[str, NDArray[np.float32]]:
    """What `written_vectors` wrote."""
    packed = json.loads(text) if text else {}
    return {
        name: np.frombuffer(base64.b64decode(each), dtype="<f4").astype(np.float32) for name, each in packed.items()
    }

"""A thin client of the service, for programs and notebooks: `ringsight.Client`."""

import base64
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray

from ringsight.errors import DataError, RingsightError, SettingsError

AGAIN = (429, 503)
"""Answers after which the same request is sent again."""
PATIENCE = 60.0
"""Seconds that an answer is waited for."""


class ServiceError(RingsightError, RuntimeError):
    """The service refused a request, or did not answer; `status` is that of HTTP, 0 without an answer."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "", status: int = 0) -> None:
        """Build the message, and keep the status."""
        super().__init__(what, where=where, remedy=remedy)
        self.status = status


class Client:
    """Asks a service that `ringsight serve` runs. Writers send an idempotency key, so that they may be sent again.

    client = ringsight.Client("http://127.0.0.1:8090", key)
    told = client.put("C900001", records={"transactions": [...]})

    Args:
        address: of the service.
        key: that `ringsight keys` made.
        attempts: how often a request is sent while the service is gone or asks to wait.
        first_wait: seconds before the second; each further wait is twice as long.

    Raises:
        SettingsError: if the address is none of HTTP.
    """

    def __init__(self, address: str, key: str, *, attempts: int = 4, first_wait: float = 0.5) -> None:
        """Ask at this address, by this API key."""
        if not address.startswith(("http://", "https://")):
            raise SettingsError(f"no address of a service: {address!r}", remedy="for instance http://127.0.0.1:8090")
        self._address, self._key = address.rstrip("/"), key
        self._attempts, self._first_wait = attempts, first_wait

    def put(
        self,
        customer_id: str,
        *,
        records: Mapping[str, Any] | None = None,
        vectors: Mapping[str, NDArray[np.floating[Any]] | Sequence[float]] | None = None,
        about: Mapping[str, str] | None = None,
        evidence: Mapping[str, str | Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """Take a customer in, or replace what is there: by records, or by vectors by space.

        Args:
            customer_id: new, or known.
            records: table -> rows; an image as `image_id` and `content`, its bytes.
            vectors: space -> vector.
            about: segment, region, opened_at, last_seen.
            evidence: evidence column -> a value or several, for instance `phone`; by default what the night knows.

        Returns:
            Links, the ring if any, and how the customer stands, all of it provisional.

        Raises:
            ServiceError: if the service refuses, or does not answer.
        """
        body: dict[str, Any] = {"about": dict(about or {})}
        if records is not None:
            body["records"] = _told(records)
        if evidence is not None:
            body["evidence"] = {name: each if isinstance(each, str) else list(each) for name, each in evidence.items()}
        if vectors is not None:
            body["vectors"] = {name: np.asarray(each, dtype=np.float64).tolist() for name, each in vectors.items()}
        return self._ask("PUT", f"/customers/{_quoted(customer_id)}", body)

    def add_records(self, customer_id: str, records: Mapping[str, Any]) -> dict[str, Any]:
        """Add records to a known customer's."""
        return self._ask("POST", f"/customers/{_quoted(customer_id)}/records", _told(records))

    def remove(self, customer_id: str, *, erase: bool = False) -> dict[str, Any]:
        """Let a customer go; with `erase` also out of the log."""
        return self._ask("DELETE", f"/customers/{_quoted(customer_id)}" + ("?erase=true" if erase else ""))

    def customer(self, customer_id: str) -> dict[str, Any]:
        """A customer's links, and the ring if any."""
        return self._ask("GET", f"/customers/{_quoted(customer_id)}")

    def neighbours(self, customer_id: str, k: int = 10) -> dict[str, list[dict[str, Any]]]:
        """The nearest customers in each space."""
        found: dict[str, list[dict[str, Any]]] = self._ask(
            "GET", f"/customers/{_quoted(customer_id)}/neighbours?k={k}"
        )["neighbours"]
        return found

    def similar(self, customer_id: str, *, k: int = 5, where: str = "", by: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The customers most like one, among those who fit a filter, by the joint space or by those that are named."""
        asked = urlencode({"k": k, "where": where, "by": list(by)}, doseq=True)
        found: list[dict[str, Any]] = self._ask("GET", f"/similar/{_quoted(customer_id)}?{asked}")["similar"]
        return found

    def rings(self, limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
        """Live rings: those with a ring of the night first."""
        found: list[dict[str, Any]] = self._ask("GET", f"/rings?limit={limit}&offset={offset}")["rings"]
        return found

    def ring(self, ring_id: str) -> dict[str, Any]:
        """A live ring, its ties, and how surely each member belongs."""
        return self._ask("GET", f"/rings/{_quoted(ring_id)}")

    def night(self) -> dict[str, Any]:
        """What live rings are held against."""
        return self._ask("GET", "/night")

    def events(self, after: int = -1, most: int = 0) -> Iterator[dict[str, Any]]:
        """Ring events as they happen, each with its `number`: from now on, or those after a number.

        Args:
            after: number of the last event that was seen; -1 for none but new ones.
            most: end after so many; 0 for no end.
        """
        with self._open(self._request("GET", f"/events?after={after}&most={most}", None, "")) as stream:
            number = 0
            for line in stream:
                name, _, value = line.decode("utf-8").rstrip("\n").partition(": ")
                if name == "id":
                    number = int(value)
                elif name == "data":
                    yield {"number": number, **json.loads(value)}

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = self._request(method, path, body, str(uuid.uuid4()))
        for attempt in range(self._attempts):
            try:
                with self._open(request) as answer:
                    told: dict[str, Any] = json.load(answer)
                    return told
            except ServiceError as error:
                last = attempt + 1 == self._attempts
                if last or (error.status and error.status not in AGAIN):
                    raise
            time.sleep(self._first_wait * 2**attempt)
        raise AssertionError("a request is sent once at least")

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, idempotency: str) -> Request:
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": idempotency}
        content = None
        if body is not None:
            headers["Content-Type"], content = "application/json", json.dumps(body, default=str).encode()
        kept = {name: value for name, value in headers.items() if value}
        return Request(self._address + path, content, kept, method=method)  # noqa: S310 - checked above

    def _open(self, request: Request) -> Any:  # noqa: ANN401 - what urllib gives has no name
        try:
            return urlopen(request, timeout=PATIENCE)  # noqa: S310 - checked above
        except HTTPError as error:
            with error:
                raise _refused(error) from error
        except (URLError, HTTPException, OSError) as error:
            raise ServiceError(
                f"the service does not answer ({error})",
                where=self._address,
                remedy="check the address, and that `ringsight serve` runs",
            ) from error


def _refused(error: HTTPError) -> ServiceError:
    try:
        told = json.load(error)
        return ServiceError(str(told["title"]), remedy=str(told.get("remedy", "")), status=error.code)
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"HTTP {error.code}", status=error.code)


def _told(records: Mapping[str, Any]) -> dict[str, Any]:
    """Records with the content of images in base64."""
    told = {table: [dict(row) for row in rows] for table, rows in records.items()}
    for row in told.get("id_images", []):
        if not isinstance(row.get("content"), bytes):
            raise DataError("an image must be given by its bytes, as `content`", remedy="Path(FILE).read_bytes()")
        row["content"] = base64.b64encode(row["content"]).decode("ascii")
    return told


def _quoted(name: str) -> str:
    return quote(name, safe="")

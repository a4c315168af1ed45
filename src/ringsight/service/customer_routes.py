"""Customers who come, change and leave."""

import base64
import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Query, Request, Response, UploadFile

from ringsight.arrivals.answers import customer_answer, neighbour_answer
from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.arrivals.errors import ChangedMeanwhileError
from ringsight.arrivals.live_arrivals import Acknowledged
from ringsight.online.newcomers import CONTENT
from ringsight.service.bodies import CustomerBody, CustomerId, NewCustomerBody, RecordsBody
from ringsight.service.problems import AbsentError, found
from ringsight.service.state import asked, asker, state_of

ROUTES = APIRouter(tags=["customers"])
Reader = Annotated[ApiKey, Depends(asker(KeyScope.read))]
Writer = Annotated[ApiKey, Depends(asker(KeyScope.write))]
ATTEMPTS = 5
"""Attempts to add records to a customer whom another process changes at the same time."""
REPEATED = "Idempotent-Replayed"
"""Header of an answer that was given before."""


@ROUTES.post("/customers", status_code=201)
def take_in(body: NewCustomerBody, request: Request, response: Response, key: Writer) -> dict[str, Any]:
    """Take in a customer who is new: embed, store, link, and tell the ring if any. 409 if the customer is known."""
    state, once = state_of(request), asked(request, key, body)
    done = state.arrivals.former(once)
    if done is None:
        done = state.arrivals.put(body.customer_id, state.given(body.customer_id, body), once, new=True)
    return _told(response, done)


@ROUTES.put("/customers/{customer_id}")
def put(
    customer_id: CustomerId, body: CustomerBody, request: Request, response: Response, key: Writer
) -> dict[str, Any]:
    """Take in a customer, or put these records or vectors in the place of all that is known."""
    state, once = state_of(request), asked(request, key, body)
    done = state.arrivals.former(once)
    if done is None:
        done = state.arrivals.put(customer_id, state.given(customer_id, body), once)
    return _told(response, done)


@ROUTES.post("/customers/{customer_id}/records")
def add_records(
    customer_id: CustomerId, body: RecordsBody, request: Request, response: Response, key: Writer
) -> dict[str, Any]:
    """Add records to a known customer's; of two with one id the new one counts."""
    state, once = state_of(request), asked(request, key, body)
    with state.turn(customer_id):
        done = state.arrivals.former(once)
        for attempt in range(ATTEMPTS):
            if done is not None:
                break
            with found():
                version, former = state.arrivals.version_of(customer_id), state.records_of(customer_id)
            given = state.given(customer_id, CustomerBody(records=body), former)
            given = dataclasses.replace(given, version=version, keys=state.arrivals.keys_of(customer_id))
            try:
                done = state.arrivals.put(customer_id, given, once)
            except ChangedMeanwhileError:
                if attempt + 1 == ATTEMPTS:
                    raise
    assert done is not None  # noqa: S101 - the last attempt answers or raises
    return _told(response, done)


@ROUTES.post("/customers/{customer_id}/id_images")
def add_images(
    customer_id: CustomerId,
    images: Annotated[list[UploadFile], File(description="JPEG, PNG and what else a bank's images may be.")],
    request: Request,
    response: Response,
    key: Writer,
) -> dict[str, Any]:
    """Add ID images to a known customer's, uploaded as files; each is named by its file name."""
    rows = [
        {"image_id": each.filename or f"image-{number}", CONTENT: base64.b64encode(each.file.read()).decode("ascii")}
        for number, each in enumerate(images, start=1)
    ]
    return add_records(customer_id, RecordsBody(id_images=rows), request, response, key)


@ROUTES.delete("/customers/{customer_id}")
def let_go(
    customer_id: CustomerId, request: Request, response: Response, key: Writer, erase: bool = False
) -> dict[str, Any]:
    """Let a customer go. With `erase=true`, which takes the scope `erase`, also out of the log of arrivals.

    What the last night's run holds of the customer is erased by `ringsight erase`.
    """
    state = state_of(request)
    if erase:
        state.doorkeeper.admit(request, KeyScope.erase)
    with found():
        return _told(response, state.arrivals.remove(customer_id, asked(request, key), erase=erase))


@ROUTES.get("/customers/{customer_id}")
def customer(customer_id: CustomerId, request: Request, _: Reader) -> dict[str, Any]:
    """A customer's links, the ring if any, and how surely the customer belongs to it."""
    with state_of(request).arrivals.graph() as graph:
        if customer_id not in graph:
            raise AbsentError(f"there is no customer {customer_id!r}", remedy="take an id that was taken in")
        return customer_answer(graph, customer_id)


@ROUTES.get("/customers/{customer_id}/neighbours")
def neighbours(
    customer_id: CustomerId, request: Request, _: Reader, k: Annotated[int, Query(ge=1)] = 10
) -> dict[str, Any]:
    """The nearest customers in each space, with what their nearness is worth in bits."""
    state = state_of(request)
    with found(), state.arrivals.graph() as graph:
        return neighbour_answer(graph, customer_id, min(k, state.limits.neighbours))


def _told(response: Response, done: Acknowledged) -> dict[str, Any]:
    if done.repeated:
        response.headers[REPEATED] = "true"
    return done.answer

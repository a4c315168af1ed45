"""Live rings, and who is similar to whom."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from ringsight.arrivals.answers import night_answer, ring_answer, ring_detail, similar_answer
from ringsight.arrivals.api_keys import ApiKey, KeyScope
from ringsight.online.live_rows import Codes
from ringsight.online.live_similar import similar_now
from ringsight.service.bodies import CustomerId, SimilarBody
from ringsight.service.problems import AbsentError, found
from ringsight.service.state import ServiceState, asker, state_of
from ringsight.vectors.filters import parse_filter

ROUTES = APIRouter()
Reader = Annotated[ApiKey, Depends(asker(KeyScope.read))]


@ROUTES.get("/rings", tags=["rings"])
def rings(
    request: Request,
    _: Reader,
    limit: Annotated[int, Query(ge=1)] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> dict[str, Any]:
    """Live rings: those with a ring that the last night flagged or held first, then by the bits of their ties."""
    state = state_of(request)
    with state.arrivals.graph() as graph:
        every = graph.rings()
        some = every[offset : offset + min(limit, state.limits.neighbours)]
        return {"rings_in_all": len(every), "rings": [ring_answer(graph, each) for each in some]}


@ROUTES.get("/rings/{ring_id}", tags=["rings"])
def ring(ring_id: Annotated[str, "as /rings names it"], request: Request, _: Reader) -> dict[str, Any]:
    """A live ring: its members, the ties among them, how surely each belongs, and its provisional standing."""
    with state_of(request).arrivals.graph() as graph:
        for each in graph.rings():
            if each.ring_id == ring_id or ring_id in each.of_night:
                return ring_detail(graph, each)
    raise AbsentError(f"there is no live ring {ring_id!r}", remedy="GET /rings names them")


@ROUTES.get("/night", tags=["rings"])
def night(request: Request, _: Reader) -> dict[str, Any]:
    """The last night: what live rings are held against, and what keeps a standing from being told."""
    with state_of(request).arrivals.graph() as graph:
        return night_answer(graph)


@ROUTES.get("/similar/{customer_id}", tags=["similar"])
def similar(
    customer_id: CustomerId,
    request: Request,
    _: Reader,
    k: Annotated[int, Query(ge=1)] = 5,
    where: Annotated[str, Query(max_length=2000)] = "",
    by: Annotated[
        tuple[str, ...], Query(max_length=50, description="Spaces that count; by default the joint one.")
    ] = (),
) -> dict[str, Any]:
    """The customers most like one, among those who fit a filter, and what makes each similar, space by space."""
    state = state_of(request)
    fitting = _fitting(state, where)
    with state.arrivals.graph() as graph:
        with found():
            graph.require(customer_id)
        vectors = graph.vectors_of(customer_id)
        most = min(k, state.limits.neighbours)
        return similar_answer(customer_id, similar_now(graph, vectors, most, fitting, customer_id, by))


@ROUTES.post("/similar", tags=["similar"])
def similar_to(body: SimilarBody, request: Request, _: Reader) -> dict[str, Any]:
    """The customers most like somebody who is described by records or vectors, and is not taken in."""
    state = state_of(request)
    fitting = _fitting(state, body.where)
    given = state.given("asked", body)
    with state.arrivals.graph() as graph:
        most = min(body.k, state.limits.neighbours)
        return similar_answer("", similar_now(graph, given.vectors, most, fitting, by=body.by))


def _fitting(state: ServiceState, where: str) -> Codes | None:
    return state.arrivals.fitting(parse_filter(where)) if where else None

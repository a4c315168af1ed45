"""Peers over HTTP: what customers like one buy, or buy with the items of a session.

Answers count peers and never name them, for whoever asks on a customer's behalf has no right to other customers' ids.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from ringsight.errors import DataError
from ringsight.peers.peer_items import PeerItem, PeerItems, UnlikeItem, UnlikeItems
from ringsight.peers.peer_model import PeerModel
from ringsight.peers.settings import Order
from ringsight.service.problems import AbsentError

MOST = 100
"""Items in an answer."""
MOST_IN_SESSION = 200
Name = Annotated[str, Field(min_length=1, max_length=512)]
CustomerId = Annotated[str, Path(min_length=1, max_length=512)]
Count = Annotated[int, Query(ge=1, le=MOST)]
Where = Annotated[str, Query(max_length=1_000, description="Peers are only those who fit, as region == 'EU'")]
Listed = TypeVar("Listed", PeerItems, UnlikeItems)
REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such customer or item"},
    422: {"description": "The question makes no sense"},
}


class SessionQuestion(BaseModel):
    """The items of a session, and how many more to name."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Name], Field(min_length=1, max_length=MOST_IN_SESSION)]
    k: Annotated[int, Field(ge=1, le=MOST)] = 10
    where: Annotated[str, Field(max_length=1_000)] = ""
    seen: bool = False
    order: Order = Order.blend


class PeersAnswer(BaseModel):
    """What customers like one buy, best first."""

    customer: str
    served_by: str
    items: list[PeerItem]


class UnlikeAnswer(BaseModel):
    """What a customer does and hardly any peer does."""

    customer: str
    items: list[UnlikeItem]


def peer_routes(model: Callable[[], PeerModel]) -> APIRouter:
    """The routes of peers, to be mounted in an app.

    Args:
        model: gives the model that is asked, each time anew, so that another may be put in its place.

    Returns:
        `GET /peers/{customer_id}`, `GET /peers/{customer_id}/unlike` and `POST /peers`.
    """
    routes = APIRouter(tags=["peers"], responses=REFUSALS)

    @routes.get("/peers/{customer_id}", summary="What customers like one buy")
    def peers(
        customer_id: CustomerId, k: Count = 10, where: Where = "", seen: bool = True, order: Order = Order.blend
    ) -> PeersAnswer:
        fitted = model()
        return _peers_answer(_or_refused(lambda: fitted.peers(customer_id, k=k, where=where, seen=seen, order=order)))

    @routes.get("/peers/{customer_id}/unlike", summary="What a customer does and their peers do not")
    def unlike(
        customer_id: CustomerId,
        k: Count = 10,
        where: Where = "",
        most_share: Annotated[float, Query(ge=0, lt=1)] = 0.02,
    ) -> UnlikeAnswer:
        fitted = model()
        odd = _or_refused(lambda: fitted.unlike_peers(customer_id, k=k, most_share=most_share, where=where))
        return UnlikeAnswer(customer=odd.customer_id, items=list(odd))

    @routes.post("/peers", summary="What customers buy who bought the items of a session")
    def peers_of_items(question: SessionQuestion) -> PeersAnswer:
        fitted = model()
        return _peers_answer(
            _or_refused(
                lambda: fitted.peers_of_items(
                    question.items, k=question.k, where=question.where, seen=question.seen, order=question.order
                )
            )
        )

    return routes


def _or_refused(ask: Callable[[], Listed]) -> Listed:
    """The answer; who or what is not known is a 404."""
    try:
        return ask()
    except DataError as error:
        raise AbsentError(error.what) from error  # its remedy names customers who may have been meant


def _peers_answer(told: PeerItems) -> PeersAnswer:
    return PeersAnswer(customer=told.customer_id, served_by=told.served_by, items=list(told))

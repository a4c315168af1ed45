"""The customers most like one, of all who are there now: nearest in the joint space, among those who fit a filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.online.live_graph import LiveGraph
from ringsight.records.bank import Bank
from ringsight.records.contract import STORED_TEXTS
from ringsight.records.embeddings import JOINT
from ringsight.vectors.filters import Filter, polars_expression
from ringsight.vectors.neighbours import DECIMALS
from ringsight.vectors.scalars import NUMBERS, as_stored, scalars_of

Scalars = dict[str, str | int]
"""Segment and region, and the moments of opening and of the last record in seconds since 1970; "" and 0 if unknown."""
NOBODY = pl.DataFrame(
    schema={"customer_id": pl.String, **dict.fromkeys(STORED_TEXTS, pl.String), **dict.fromkeys(NUMBERS, pl.Int64)}
)


@dataclass(frozen=True, slots=True)
class SimilarNow:
    """A customer like the one asked about."""

    customer_id: str
    score: float
    """Cosine similarity in the joint space, or the mean over modalities where the model has none."""
    similarities: dict[str, float]
    """Space -> cosine similarity, of the learned spaces that both are in."""
    nearest: str
    """The modality in which the two are most alike."""


class LiveScalars:
    """Segment, region and dates of customers who are there, for filters."""

    def __init__(self, bank: Bank | None) -> None:
        """Begin with those of the last night; without its bank, filters fit nobody of it."""
        self._night = NOBODY if bank is None else as_stored(scalars_of(bank))
        self._day: dict[str, Scalars] = {}

    def put(self, customer_id: str, scalars: Scalars) -> None:
        """What is known of a customer who came by day, in place of what the night knew."""
        self._day[customer_id] = scalars

    def remove(self, customer_id: str) -> None:
        """Forget a customer who came by day."""
        self._day.pop(customer_id, None)

    def fitting(self, where: Filter) -> set[str]:
        """Customers who fit a filter."""
        night = self._night.filter(~pl.col("customer_id").is_in(list(self._day))) if self._day else self._night
        rows = [{"customer_id": name, **scalars} for name, scalars in self._day.items()]
        every = pl.concat([night, pl.DataFrame(rows, schema=self._night.schema)])
        return set(every.filter(polars_expression(where))["customer_id"].to_list())


def scalars_in(bank: Bank, about: Mapping[str, Any]) -> Scalars:
    """What filters ask of a customer, from a bank of that customer alone and what else was said."""
    (row,) = as_stored(scalars_of(bank)).to_dicts()
    return told_scalars(about) | {"last_seen": row["last_seen"]}


def told_scalars(about: Mapping[str, Any]) -> Scalars:
    """What filters ask of a customer, as far as it was said.

    Raises:
        DataError: if a moment cannot be read.
    """
    told: Scalars = {name: str(about.get(name) or "") for name in STORED_TEXTS}
    for name in NUMBERS:
        value = about.get(name)
        try:
            told[name] = int(_moment(str(value)).timestamp()) if value else 0
        except (ValueError, OverflowError) as error:
            raise DataError(f"{name} is no moment ({value!r})", remedy="write it as 2026-05-01T09:30:00Z") from error
    return told


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def similar_now(
    graph: LiveGraph,
    vectors: Mapping[str, NDArray[np.float32]],
    k: int,
    fitting: set[str] | None,
    customer_id: str = "",
) -> list[SimilarNow]:
    """The k customers most like one who is described by vectors.

    Args:
        graph: of those who are there.
        vectors: by space.
        k: how many.
        fitting: customers who may be found; None for all.
        customer_id: who is left out of the answer.
    """
    learned = {
        name: vector for name, vector in vectors.items() if name in graph.spaces and graph.modality[name] == name
    }
    asked = {JOINT: learned[JOINT]} if JOINT in learned else learned
    allowed = None if fitting is None else graph.mask(fitting)
    own = graph.code_of(customer_id)
    total, count = np.zeros(graph.known), np.zeros(graph.known)
    for name, vector in asked.items():
        codes, similar = graph.spaces[name].similarities(vector)
        total[codes] += similar
        count[codes] += 1
    if own is not None:
        count[own] = 0
    if allowed is not None:
        count[~allowed] = 0
    there = np.flatnonzero(count)
    score = total[there] / count[there]
    if len(there) > k:
        kept = np.flatnonzero(score >= np.partition(score, len(score) - k)[len(score) - k] - 1e-6)
        there, score = there[kept], score[kept]
    found = [_similar(graph, int(code), learned, asked) for code in there]
    return sorted(found, key=lambda each: (-each.score, each.customer_id))[:k]


def _similar(
    graph: LiveGraph, code: int, learned: Mapping[str, NDArray[np.float32]], asked: Mapping[str, NDArray[np.float32]]
) -> SimilarNow:
    similarities = {}
    for name, vector in sorted(learned.items()):
        other = graph.spaces[name].vector_of(code)
        if other is not None:
            similarities[name] = round(float(vector.astype(np.float64) @ other.astype(np.float64)), DECIMALS)
    modalities = {name: value for name, value in similarities.items() if name != JOINT}
    nearest = max(modalities, key=lambda name: modalities[name]) if modalities else ""
    score = float(np.mean([similarities[name] for name in asked if name in similarities]))
    return SimilarNow(graph.name_of(code), round(score, DECIMALS), similarities, nearest)

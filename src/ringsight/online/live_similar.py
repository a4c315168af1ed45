"""The customers most like one, of all who are there now: nearest in the joint space, among those who fit a filter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_rows import Codes
from ringsight.online.live_space import LiveSpace
from ringsight.records.bank import Bank
from ringsight.records.contract import STORED_TEXTS
from ringsight.records.embeddings import JOINT
from ringsight.vectors.filters import Filter, polars_expression
from ringsight.vectors.neighbours import DECIMALS
from ringsight.vectors.scalars import NUMBERS, as_stored, scalars_of

Scalars = dict[str, str | int]
"""Segment and region, and the moments of opening and of the last record in seconds since 1970; "" and 0 if unknown."""
BIT_DECIMALS = 4
NOBODY = pl.DataFrame(
    schema={"customer_id": pl.String, **dict.fromkeys(STORED_TEXTS, pl.String), **dict.fromkeys(NUMBERS, pl.Int64)}
)


@dataclass(frozen=True, slots=True)
class SimilarNow:
    """A customer like the one asked about."""

    customer_id: str
    score: float
    """Cosine similarity in the space asked for, the mean over several; by default in the joint one, or over the
    modalities where the model has none."""
    similarities: dict[str, float]
    """Space -> cosine similarity, of all spaces that both are in."""
    bits: dict[str, float]
    """Space -> what the nearness there is worth, as of a link; the most first: what made the two similar."""
    nearest: str
    """The modality of the space with most bits, the joint one aside."""


class LiveScalars:
    """Segment, region and dates of customers who are there, for filters."""

    def __init__(self, bank: Bank | None, code_of: Callable[[str], int | None]) -> None:
        """Begin with those of the last night; without its bank, filters fit nobody of it.

        Args:
            bank: of the last night.
            code_of: number of a customer in the live graph; None for one whom it never had.
        """
        every = NOBODY if bank is None else as_stored(scalars_of(bank))
        codes = np.array([-1 if (code := code_of(name)) is None else code for name in every["customer_id"]], np.int64)
        self._night, self._codes = every.filter(pl.Series(codes >= 0)), codes[codes >= 0]
        self._code_of = code_of
        self._day: dict[int, Scalars] = {}

    def put(self, customer_id: str, scalars: Scalars) -> None:
        """What is known of a customer who came by day, in place of what the night knew."""
        code = self._code_of(customer_id)
        if code is not None:
            self._day[code] = scalars

    def remove(self, customer_id: str) -> None:
        """Forget a customer who came by day."""
        self._day.pop(-1 if (code := self._code_of(customer_id)) is None else code, None)

    def fitting(self, where: Filter) -> Codes:
        """Numbers of the customers who fit a filter."""
        fits = polars_expression(where)
        night = self._codes[self._night.select(fits.alias("fits"))["fits"].fill_null(False).to_numpy()]
        day = pl.DataFrame(list(self._day.values()), schema=self._night.drop("customer_id").schema)
        came = np.array(list(self._day), dtype=np.int64)
        fitting = came[day.select(fits.alias("fits"))["fits"].fill_null(False).to_numpy()]
        return np.concatenate([night[~np.isin(night, came)], fitting])


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
    fitting: Codes | None = None,
    customer_id: str = "",
    by: Sequence[str] = (),
) -> list[SimilarNow]:
    """The k customers most like one who is described by vectors.

    Args:
        graph: of those who are there.
        vectors: by space.
        k: how many.
        fitting: numbers of the customers who may be found; None for all.
        customer_id: who is asked about, and left out of the answer.
        by: spaces that count; by default the joint one, or all modalities' learned ones where there is none.

    Raises:
        DataError: if a space that is to count is not there, or the customer is in none of them.
    """
    there = {name: vector for name, vector in sorted(vectors.items()) if name in graph.spaces}
    asked = _asked(graph, there, by)
    total, count = np.zeros(graph.known), np.zeros(graph.known)
    for name in asked:
        codes, similar = graph.spaces[name].similarities(there[name])
        total[codes] += similar
        count[codes] += 1
    own = graph.code_of(customer_id)
    if own is not None:
        count[own] = 0
    if fitting is not None:
        allowed = np.zeros(graph.known, dtype=np.bool_)
        allowed[fitting] = True
        count[~allowed] = 0
    found = np.flatnonzero(count)
    score = total[found] / count[found]
    if len(found) > k:
        found = found[score >= np.partition(score, len(score) - k)[len(score) - k] - 1e-6]
    told = [_in_space(graph.spaces[name], vector, found, own) for name, vector in there.items()]
    similar_ones = [
        _similar(graph, int(code), row, dict(zip(there, told, strict=True)), asked) for row, code in enumerate(found)
    ]
    return sorted(similar_ones, key=lambda each: (-each.score, each.customer_id))[:k]


def _asked(graph: LiveGraph, there: Mapping[str, NDArray[np.float32]], by: Sequence[str]) -> list[str]:
    for name in by:
        if name not in graph.spaces:
            raise DataError(f"there is no space {name!r}", remedy=f"the spaces are {', '.join(graph.spaces)}")
    if by:
        asked = sorted(set(by) & there.keys())
        if not asked:
            raise DataError("the customer is in none of these spaces", remedy=f"take some of {', '.join(there)}")
        return asked
    return [JOINT] if JOINT in there else [name for name in there if graph.modality[name] == name]


def _in_space(
    space: LiveSpace, vector: NDArray[np.float32], codes: Codes, own: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Similarities to some customers, and bits; NaN for those who are not in the space; both of shape (codes,)."""
    here = space.here(codes)
    similarities, bits = np.full(len(codes), np.nan), np.full(len(codes), np.nan)
    if here.any():
        of_night = own is not None and space.of_night(own)
        standing = space.standing_of(vector, own)
        similarities[here], bits[here] = space.against(vector, standing, codes[here], of_night=of_night)
    return similarities, bits


def _similar(
    graph: LiveGraph,
    code: int,
    row: int,
    told: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    asked: Sequence[str],
) -> SimilarNow:
    similarities = {
        name: round(float(each[row]), DECIMALS) for name, (each, _) in told.items() if each[row] == each[row]
    }
    bits = {name: round(float(told[name][1][row]), BIT_DECIMALS) for name in similarities}
    ordered = dict(sorted(bits.items(), key=lambda each: (-each[1], each[0])))
    evidence = [name for name in ordered if graph.modality[name] != JOINT]
    score = float(np.mean([similarities[name] for name in asked if name in similarities]))
    nearest = graph.modality[evidence[0]] if evidence else ""
    return SimilarNow(graph.name_of(code), round(score, DECIMALS), similarities, ordered, nearest)

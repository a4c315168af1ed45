"""One customer's neighbours in several spaces at once.

Milvus ranks together the vector fields of one collection. Here every space has a collection of its own, for not every
customer is in every space, so the lists are brought together on this side, by the formulas of its rankers:

- `weighted`: the mean of the cosine similarities, by weight. Milvus's own ranker counts 0 where a vector is missing;
  here missing is a mask: the mean is over the spaces that both customers are in.
- `rrf`, reciprocal-rank fusion: the sum of weight / (60 + rank) over the lists that a customer is in (Cormack, Clarke
  and Büttcher 2009, SIGIR). It needs no similarities that can be compared between spaces, and favours whoever is in
  many lists.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.filters import Filter
from ringsight.vectors.neighbours import DECIMALS
from ringsight.vectors.vector_store import VectorStore

RRF_OFFSET = 60
"""What is added to a rank: of the paper, and of Milvus."""
LISTED = 256
"""Nearest customers of each space that are ranked together, unless more are asked for."""
DEEPEST = 4096
"""As far as lists are lengthened to prove that nobody beyond them belongs to the best."""


class Ranking(StrEnum):
    """How several spaces make one order."""

    weighted = "weighted"
    rrf = "rrf"


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A customer's neighbours, best first, ties by id."""

    customer_ids: NDArray[np.str_]
    """Shape (found,)."""
    scores: NDArray[np.float64]
    """What they are ordered by, descending; shape (found,)."""
    similarities: dict[str, NDArray[np.float64]]
    """Space -> cosine similarities, NaN where the neighbour is not in the space; each of shape (found,)."""
    ranks: dict[str, NDArray[np.int64]]
    """Space -> places among all who were searched, 1 for the nearest, 0 beyond the list; each of shape (found,)."""


@dataclass(frozen=True, slots=True, eq=False)
class _List:
    """The nearest customers in one space."""

    query: Embeddings
    ids: NDArray[np.str_]
    similarities: NDArray[np.float64]
    beyond: float
    """No customer of the space beyond the list is nearer than this; -inf if there is none."""

    @classmethod
    def of(cls, store: VectorStore, query: Embeddings, depth: int, where: Filter | None) -> "_List":
        found = store.search(query, depth, where)
        there = found.indices[0] >= 0
        similarities = found.similarities[0][there].astype(np.float64).round(DECIMALS)
        beyond = similarities[-1] if there.all() else -np.inf
        return cls(query, found.ids[0][there], similarities, float(beyond))

    def similarities_of(self, store: VectorStore, ids: NDArray[np.str_]) -> NDArray[np.float64]:
        """Similarities of any customers, NaN where one is not in the space; shape (ids,)."""
        known = dict(zip(self.ids.tolist(), self.similarities.tolist(), strict=True))
        unlisted = store.get(self.query.space, np.setdiff1d(ids, self.ids))
        if len(unlisted.customer_ids):
            products = unlisted.vectors.astype(np.float64) @ self.query.vectors[0].astype(np.float64)
            known |= dict(zip(unlisted.customer_ids.tolist(), products.round(DECIMALS).tolist(), strict=True))
        return np.array([known.get(each, np.nan) for each in ids.tolist()], dtype=np.float64)

    def ranks_of(self, ids: NDArray[np.str_]) -> NDArray[np.int64]:
        """Places in the list, from 1; 0 where a customer is not in it; shape (ids,)."""
        place = {customer: rank for rank, customer in enumerate(self.ids.tolist(), start=1)}
        return np.array([place.get(each, 0) for each in ids.tolist()], dtype=np.int64)


def rank_neighbours(
    store: VectorStore,
    queries: Mapping[str, Embeddings],
    k: int,
    weights: Mapping[str, float],
    ranking: Ranking = Ranking.weighted,
    where: Filter | None = None,
) -> Ranked:
    """The k best neighbours of one customer over the weighted spaces, with their similarities in every space.

    `weighted` lengthens its lists until nobody beyond them can be among the k best (the threshold of Fagin, Lotem and
    Naor 2003, "Optimal aggregation algorithms for middleware"), so that it is exact wherever search is, unless the
    lists reach 4,096. `rrf` ranks the nearest 256 of each space, or the nearest k.

    Args:
        store: to search.
        queries: space -> the customer's vector there; the spaces that the customer is in.
        k: how many.
        weights: space -> its weight; spaces that the customer is not in are left out.
        ranking: how the spaces make one order.
        where: search only among customers who fit.

    Raises:
        SettingsError: if no weighted space is left, a weight is not positive, or k is out of range.
        RingsightError: as `VectorStore.search` does.
    """
    used = _checked(weights, queries)
    depth = max(k, LISTED)
    lists = {space: _List.of(store, query, depth, where) for space, query in queries.items()}
    while True:
        weighted = {space: lists[space] for space in used}
        ids = np.unique(np.concatenate([each.ids for each in weighted.values()]))
        scores = _scores(store, weighted, ids, used, ranking)
        best = np.lexsort((ids, -scores))[:k]
        beyond = max(each.beyond for each in weighted.values())
        settled = len(best) == k and scores[best[-1]] > beyond
        if ranking is Ranking.rrf or settled or beyond == -np.inf or depth >= DEEPEST:
            break
        depth = min(4 * depth, DEEPEST)
        lists |= {space: _List.of(store, queries[space], depth, where) for space in used}
    found = ids[best]
    return Ranked(
        customer_ids=found,
        scores=scores[best],
        similarities={space: each.similarities_of(store, found) for space, each in lists.items()},
        ranks={space: each.ranks_of(found) for space, each in lists.items()},
    )


def weighted_mean(similarities: Collection[NDArray[np.float64]], weights: Collection[float]) -> NDArray[np.float64]:
    """The mean of each customer's similarities over the spaces that there are, by weight.

    Args:
        similarities: one array for each space, NaN where a customer is not in it; each of shape (customers,), and each
            customer in one space at least.
        weights: one for each space.
    """
    each = np.stack(list(similarities))
    there = np.isfinite(each) * np.array(list(weights))[:, None]
    mean: NDArray[np.float64] = (there * np.nan_to_num(each)).sum(axis=0) / there.sum(axis=0)
    return mean.round(DECIMALS)


def reciprocal_ranks(ranks: Collection[NDArray[np.int64]], weights: Collection[float]) -> NDArray[np.float64]:
    """The sum of weight / (60 + rank) of each customer over the lists that it is in.

    Args:
        ranks: one array for each list, from 1, and 0 where a customer is not in it; each of shape (customers,).
        weights: one for each list.
    """
    each = np.stack(list(ranks))
    shares = np.where(each > 0, np.array(list(weights))[:, None] / (RRF_OFFSET + each), 0.0)
    summed: NDArray[np.float64] = shares.sum(axis=0)
    return summed.round(2 * DECIMALS)


def _scores(
    store: VectorStore, lists: Mapping[str, _List], ids: NDArray[np.str_], weights: Mapping[str, float], by: Ranking
) -> NDArray[np.float64]:
    match by:
        case Ranking.weighted:
            return weighted_mean([each.similarities_of(store, ids) for each in lists.values()], weights.values())
        case Ranking.rrf:
            return reciprocal_ranks([each.ranks_of(ids) for each in lists.values()], weights.values())


def _checked(weights: Mapping[str, float], queries: Mapping[str, Embeddings]) -> dict[str, float]:
    """The weights of the spaces that the customer is in.

    Raises:
        SettingsError: if none is left, or one is not positive.
    """
    for space, weight in weights.items():
        if not 0 < weight < np.inf:
            raise SettingsError(
                f"weights.{space} must be positive (got {weight})", remedy="leave the space out instead"
            )
    used = {space: weight for space, weight in weights.items() if space in queries}
    if not used:
        raise SettingsError(
            f"the customer is in none of the spaces weighted: {', '.join(weights) or 'none'}",
            remedy=f"weigh one or more of {', '.join(queries)}",
        )
    return used

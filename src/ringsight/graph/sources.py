"""Evidence between two customers, in bits, one evidence source at a time: a space, or an entity column.

If `b` is the r-th nearest of the n customers whom `a` could have been near, chance alone would bring it so near with
probability r / n, which is worth log2(n / r) bits; both directions are averaged. A tie takes its worst rank: of f
customers with one vector each is the (f - 1)-th neighbour of every other, so that what many share says little. A shared
entity value that f of n customers carry is worth log2(n / f) bits. Where either customer lacks the source there is no
evidence, for or against: missing is a mask.

Records are addressed by their owner's row in the bank's sorted customer ids. A chance world hands records to other
customers, and then asks for the evidence between the records' owners.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from ringsight.errors import DataError
from ringsight.records.embeddings import Embeddings
from ringsight.records.written import carried
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.neighbours import DECIMALS, Neighbours
from ringsight.vectors.pairs import pair_similarities

Rows = NDArray[np.int64]
CHANCE_BITS = float(np.log2(np.e))
"""Expected -log2(u) of a uniform u: what two strangers' nearness is worth on average."""
ROUNDING = 1e-4
"""By no more do two ways to compute a similarity differ."""
AT_ONCE = 32_768
"""Pairs whose ranks are looked up at a time: those of all would not fit the cache."""
SAMPLE = 4096
"""Customers by whom the size of a tie is estimated that the neighbours kept do not show whole."""


def distinct_keys(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct keys, sorted; by sorting, which for millions of pairs is several times as quick as by a hash."""
    ordered = np.sort(keys)
    kept: NDArray[np.int64] = ordered[np.diff(ordered, prepend=-1) != 0]
    return kept


@dataclass(frozen=True, slots=True, eq=False)
class SpaceSource:
    """Nearness in one space."""

    name: str
    modality: str
    """The modality that the space belongs to."""
    present: NDArray[np.bool_]
    """Shape (customers,)."""
    row: Rows
    """Customer -> row among the n who have the modality, -1 where absent; shape (customers,)."""
    neighbours: NDArray[np.int32]
    """Rows of each customer's nearest, nearest first, -1 where there are fewer; shape (n, kept)."""
    similarities: NDArray[np.float32]
    """Cosine similarity of each neighbour, -inf where there is none; shape (n, kept)."""
    nearness: "EveryRank | NearRanks"
    vectors: NDArray[np.float32]
    """Of length 1; shape (n, dim)."""

    @property
    def count(self) -> int:
        """How many customers have the modality."""
        return len(self.neighbours)

    def pair_bits(self, a: Rows, b: Rows) -> NDArray[np.float64]:
        """Bits between the records of a[i] and b[i]; both must be present; shape (pairs,)."""
        return self.nearness.bits(self.row[a], self.row[b])

    def near(self, customers: Rows) -> Rows:
        """The neighbours kept of some customers, one customer's after the other's; who is near several comes again."""
        rows = self.row[customers]
        neighbours = self.neighbours[rows[rows >= 0]].ravel()
        return np.flatnonzero(self.present)[neighbours[neighbours >= 0]]

    def near_pairs(self, k: int) -> tuple[Rows, Rows]:
        """Pairs (a < b) of whom either has the other among its k nearest; none but the neighbours kept."""
        near = self.neighbours[:, :k]
        start, column = np.nonzero(near >= 0)
        end = near[start, column].astype(np.int64)
        pairs = distinct_keys(np.minimum(start, end) * self.count + np.maximum(start, end))
        owner = np.flatnonzero(self.present)
        return owner[pairs // self.count], owner[pairs % self.count]


@dataclass(frozen=True, slots=True, eq=False)
class EveryRank:
    """All ranks, for a bank small enough to hold them."""

    table: NDArray[np.float32]
    """Bits between any two rows, both directions averaged; shape (n, n)."""

    def bits(self, a: Rows, b: Rows) -> NDArray[np.float64]:
        """Bits between rows a[i] and b[i]; shape (pairs,)."""
        return self.table.ravel().take(a * len(self.table) + b).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class NearRanks:
    """The ranks of the neighbours kept; farther ones are estimated.

    The estimate takes a customer's similarities to all others as normal, and is never nearer than the neighbours kept,
    or than those tied with the last of them.
    """

    vectors: NDArray[np.float32]
    """Shape (n, dim)."""
    mean: NDArray[np.float64]
    """Mean similarity of each vector to all; shape (n,)."""
    spread: NDArray[np.float64]
    """Standard deviation of each vector's similarities to all; shape (n,)."""
    keys: NDArray[np.int64]
    """Sorted `from * n + to` of the neighbours kept; shape (n * kept,)."""
    ranks: NDArray[np.int64]
    """For each key how many others are at least as near."""
    reach: NDArray[np.int64]
    """How many others are at least as near as the last neighbour kept; shape (n,)."""
    last: NDArray[np.float32]
    """Similarity of the last neighbour kept; shape (n,)."""

    def bits(self, a: Rows, b: Rows) -> NDArray[np.float64]:
        """Bits between rows a[i] and b[i]; shape (pairs,)."""
        bits = np.empty(len(a))
        similarities = pair_similarities(self.vectors, a, b)
        for start in range(0, len(a), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            one, other, similarity = a[some], b[some], similarities[some].astype(np.float64)
            rank = self._one_way(one, other, similarity)
            rank *= self._one_way(other, one, similarity)
            np.log2(rank, out=rank)
            np.subtract(np.log2(len(self.vectors) - 1), rank / 2, out=bits[some])
        return bits

    def _one_way(self, start: Rows, end: Rows, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ranks of the ends among all others of the starts."""
        others = len(self.vectors) - 1
        rank = self.mean.take(start)
        rank -= similarity
        rank /= self.spread.take(start)
        ndtr(rank, out=rank)
        rank *= others
        np.maximum(rank, self.reach.take(start), out=rank)
        np.minimum(rank, others, out=rank)
        near = np.flatnonzero(similarity >= self.last.take(start) - ROUNDING)
        key = start[near] * len(self.vectors) + end[near]
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        kept = self.keys[at] == key
        rank[near[kept]] = self.ranks[at[kept]]
        return rank


def space_source(
    embeddings: Embeddings, customer_ids: NDArray[np.str_], keep: int, every_rank_up_to: int = 2048
) -> SpaceSource:
    """Weigh one modality's embeddings.

    Args:
        embeddings: n >= 2 vectors of length 1.
        customer_ids: all customers of the bank, sorted; shape (customers,).
        keep: how many nearest customers have an exact rank.
        every_rank_up_to: with no more customers than this, everybody's rank is exact.

    Raises:
        DataError: if the embeddings name customers whom the bank does not have.
    """
    row = embeddings.rows_in(customer_ids)
    strangers = len(embeddings.vectors) - int((row >= 0).sum())
    if strangers:
        raise DataError(
            f"{embeddings.space} embeddings: {strangers} of {len(embeddings.vectors)} customers are not in the bank",
            remedy="embed this bank anew: `ringsight embed`",
        )
    neighbours = self_neighbours(embeddings, keep)
    small = len(embeddings.vectors) <= every_rank_up_to
    return SpaceSource(
        name=embeddings.space,
        modality=embeddings.modality,
        present=row >= 0,
        row=row,
        neighbours=neighbours.indices,
        similarities=neighbours.similarities,
        nearness=_every_rank(embeddings.vectors) if small else _near_ranks(embeddings.vectors, neighbours),
        vectors=embeddings.vectors,
    )


def _every_rank(vectors: NDArray[np.float32]) -> EveryRank:
    n = len(vectors)
    similarity = (vectors @ vectors.T).round(DECIMALS)
    np.fill_diagonal(similarity, -np.inf)
    of_rank = np.log2((n - 1) / np.minimum(np.arange(1, n + 1), n - 1)).astype(np.float32)
    bits = np.empty((n, n), dtype=np.float32)
    for row, others in zip(bits, similarity, strict=True):
        order = np.argsort(-others)
        last = np.flatnonzero(np.diff(others[order], append=np.inf))  # of those who are equally near
        row[order] = np.repeat(of_rank[last], np.diff(last, prepend=-1))
    return EveryRank(((bits + bits.T) / 2).astype(np.float32, copy=False))


def _near_ranks(vectors: NDArray[np.float32], neighbours: Neighbours) -> NearRanks:
    n = len(vectors)
    start, column = np.nonzero(neighbours.indices >= 0)
    keys = start * n + neighbours.indices[start, column].astype(np.int64)
    order = np.argsort(keys)
    ranks, reach = _worst_ranks(vectors, neighbours)
    mean = (vectors @ vectors.mean(axis=0)).astype(np.float64)
    second = np.einsum("ij,jk,ik->i", vectors, vectors.T @ vectors / n, vectors, optimize=True)
    return NearRanks(
        vectors=vectors,
        mean=mean,
        spread=np.sqrt(np.maximum(second - mean**2, 1e-12)),
        keys=keys[order],
        ranks=ranks[start, column][order],
        reach=reach,
        last=neighbours.similarities[:, -1],
    )


def _worst_ranks(vectors: NDArray[np.float32], neighbours: Neighbours) -> tuple[Rows, Rows]:
    """How many others are at least as near as each neighbour kept (n, kept), and as the last of them (n,).

    Where the neighbours kept end in a tie, it may go on among those not kept: how far, a sample of customers tells.
    """
    similarity = neighbours.similarities
    n, kept = similarity.shape
    ranks = np.tile(np.arange(1, kept + 1), (n, 1))
    for column in range(kept - 2, -1, -1):
        tied = similarity[:, column] == similarity[:, column + 1]
        ranks[tied, column] = ranks[tied, column + 1]
    reach = np.isfinite(similarity).sum(axis=1)
    open_ended = np.flatnonzero((ranks[:, -2:][:, 0] == kept) & (reach == kept) & (kept < n - 1))
    sample = np.random.default_rng(0).permutation(n)[:SAMPLE]
    for rows in np.array_split(open_ended, len(open_ended) // SAMPLE + 1):
        as_near = (vectors[rows] @ vectors[sample].T).round(DECIMALS) >= similarity[rows, -1:]
        reach[rows] = np.maximum(kept, np.rint(as_near.mean(axis=1) * n).astype(np.int64) - 1)
    last = similarity == similarity[:, -1:]
    return np.where(last, reach[:, None], ranks), reach


@dataclass(frozen=True, slots=True, eq=False)
class EntitySource:
    """Values of one evidence entity column, shared exactly."""

    name: str
    present: NDArray[np.bool_]
    """Shape (customers,)."""
    codes: NDArray[np.int64]
    """Customer -> code of its value, of several the first, -1 where absent; shape (customers,)."""
    bits: NDArray[np.float64]
    """Code -> log2(n / f), or 0 for a value carried by more than the cap; shape (values,)."""
    further: NDArray[np.int64] | None = None
    """Customer -> codes of its other values, -1 for none; shape (customers, most - 1); None if nobody has several."""

    @property
    def every_code(self) -> NDArray[np.int64]:
        """Customer -> codes of all its values, -1 for none; shape (customers, most)."""
        return self.codes[:, None] if self.further is None else np.column_stack([self.codes, self.further])

    def pair_bits(self, a: Rows, b: Rows) -> NDArray[np.float64]:
        """Bits between the records of a[i] and b[i], of several shared values the rarest's; both must be present.

        Returns:
            Shape (pairs,).
        """
        codes, best = self.every_code, np.zeros(len(a))
        for one in codes.T:
            for other in codes.T:
                shared = (one[a] == other[b]) & (one[a] >= 0)
                best = np.maximum(best, np.where(shared, self.bits[one[a]], 0.0))
        return best

    def near_pairs(self, k: int) -> tuple[Rows, Rows]:
        """All pairs (a < b) that share a value within the cap, whatever k: a shared value has no rank."""
        pairs = {(a, b) for group in self.groups(2) for i, a in enumerate(group) for b in group[i + 1 :]}
        both = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def groups(self, minimum: int) -> list[Rows]:
        """The customers of each value within the cap that at least `minimum` share, in order of value."""
        every = self.every_code
        code = every.ravel()
        order = np.argsort(code, kind="stable")
        carriers = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
        return [
            group // every.shape[1]
            for group in carriers
            if len(group) >= minimum and code[group[0]] >= 0 and self.bits[code[group[0]]] > 0
        ]


Source = SpaceSource | EntitySource
"""What customers can be alike in, and how strongly that ties them."""


def entity_sources(customers: pl.DataFrame, columns: Sequence[str], cap: int) -> list[EntitySource]:
    """One source for each evidence entity column.

    Args:
        customers: the bank's customers, sorted by id.
        columns: columns declared as evidence.
        cap: a value that more customers carry says nothing about any two of them, and is never walked.
    """
    return [_entity_source(customers, column, cap) for column in columns]


def _entity_source(customers: pl.DataFrame, column: str, cap: int) -> EntitySource:
    held = carried(customers, column)
    row, place = held["row"].to_numpy(), held.select(pl.int_range(pl.len()).over("row")).to_series().to_numpy()
    code = held["value"].rank("dense").to_numpy().astype(np.int64) - 1
    codes = np.full((customers.height, int(place.max(initial=0)) + 1), -1, dtype=np.int64)
    codes[row, place] = code
    carriers = np.bincount(code)
    present = codes[:, 0] >= 0
    bits = np.where(carriers <= cap, np.log2(max(int(present.sum()), 1) / np.maximum(carriers, 1)), 0.0)
    return EntitySource(column, present, codes[:, 0], bits, codes[:, 1:] if codes.shape[1] > 1 else None)

"""What the last night's customers are to one another in one space: whom each is nearest to, and who is linked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ringsight.online.kept_night import Arrays, KeptNight
from ringsight.online.live_rows import Codes, Standing
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.neighbours import DECIMALS

EVERY_RANK_UP_TO = 2048
"""With no more customers than this in the last night, all ranks are exact."""
LEAST_SPREAD = 1e-6
SLACK = 1e-5
"""By less do a similarity in single and in double precision differ."""
SURELY = 4.0
"""Times the customers wanted that a guess at the nearest should hold: a normal tail is a guess, and is checked."""
ROUNDING = 1e-9
"""Bits by which two who stand exactly at the threshold may miss it."""
ROWS_AT_ONCE = 16_384
"""Pairs of the night that are weighed at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class NightSpace:
    """The vectors of a night's customers in one space, and how they stand to one another."""

    vectors: NDArray[np.float32]
    """Shape (n, dim)."""
    near: int
    """Two customers are linked who are, on average, among each other's so many nearest."""
    depth: int
    """Nearest whose similarities are kept, of each."""
    centre: NDArray[np.float64]
    """Mean of the vectors, and of their outer products; (dim,) and (dim, dim)."""
    second: NDArray[np.float64]

    @classmethod
    def of(cls, embeddings: Embeddings, neighbours: int) -> "NightSpace":
        """Of a night's embeddings, at least two."""
        others, vectors = len(embeddings.customer_ids) - 1, np.ascontiguousarray(embeddings.vectors)
        near = min(neighbours, others)
        second = (vectors.T.astype(np.float64) @ vectors) / len(vectors)
        depth = others if others < EVERY_RANK_UP_TO else near
        return cls(vectors, near, depth, vectors.mean(axis=0, dtype=np.float64), second)

    @property
    def others(self) -> int:
        """Customers of the night whom anyone could be near."""
        return len(self.vectors) - 1

    @property
    def threshold(self) -> float:
        """Bits of two who are each the other's k-th neighbour: log2(n / k)."""
        return float(np.log2(self.others / self.near))

    def spread_of(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean similarity of some vectors to the night's, and its standard deviation; both of shape (vectors,)."""
        mean = vectors @ self.centre
        second = np.einsum("ij,ij->i", vectors @ self.second, vectors)
        return mean, np.sqrt(np.maximum(second - mean**2, LEAST_SPREAD**2))

    def standing(self, kept: NDArray[np.float32], vectors: NDArray[np.float32]) -> Standing:
        """The standing of some vectors; `kept` are the similarities of each one's nearest, descending."""
        return Standing(kept, np.ascontiguousarray(kept[:, self.near - 1]), *self.spread_of(vectors))

    def compared(self, vector: NDArray[np.float32], own_row: int | None = None) -> tuple[Standing, NDArray[np.float32]]:
        """The standing of a vector among the night's customers but one, and its similarity to each."""
        similar = self.vectors @ vector
        if own_row is not None:
            similar[own_row] = -np.inf
        depth = self.depth
        found = self._nearest_of(similar, vector, depth)
        double = (self.vectors[found].astype(np.float64) * vector.astype(np.float64)).sum(axis=1).round(DECIMALS)
        kept = np.full(depth, -np.inf, dtype=np.float32)
        best = -np.sort(-double)[:depth]
        kept[: len(best)] = best
        return self.standing(kept[None], vector[None]), similar

    def _nearest_of(self, similar: NDArray[np.float32], vector: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
        """Rows of the night among which the `depth` nearest surely are.

        To part everybody by similarity takes as long as to compare a fifth of them, so a normal tail is tried first.
        """
        wanted = depth + 1  # one more than is kept, for ties in single precision
        if SURELY * wanted < len(similar):
            mean, spread = self.spread_of(vector[None])
            guess = mean[0] + spread[0] * ndtri(1 - SURELY * wanted / len(similar))
            tail = np.flatnonzero(similar >= guess)
            if wanted <= len(tail) <= len(similar) // 8:
                least = np.partition(similar[tail], len(tail) - depth)[len(tail) - depth]
                if least - SLACK >= guess:
                    near: NDArray[np.int64] = tail[similar[tail] >= least - SLACK]
                    return near
        place = max(len(similar) - depth, 0)
        found: NDArray[np.int64] = np.flatnonzero(similar >= np.partition(similar, place)[place] - SLACK)
        return found

    def among_themselves(
        self, embeddings: Embeddings, codes: Codes, kept: KeptNight
    ) -> tuple[Standing, tuple[Codes, Codes, NDArray[np.float64]]]:
        """The standing of each customer, and the links: both ends, the lower number first, and their bits.

        Args:
            embeddings: of the space.
            codes: numbers of the customers; shape (n,).
            kept: where what was found lies for the next start.
        """
        made_from = (self.vectors, embeddings.customer_ids, self.near, self.depth)
        found = kept.arrays(f"space-{embeddings.space}", made_from, lambda: self._found(embeddings))
        standing = self.standing(found["similarities"].astype(np.float32, copy=False), self.vectors)
        a, b = (codes[found[end].astype(np.int64, copy=False)] for end in ("a", "b"))
        return standing, (np.minimum(a, b), np.maximum(a, b), found["bits"].astype(np.float64, copy=False))

    def _found(self, embeddings: Embeddings) -> Arrays:
        nearest = self_neighbours(embeddings, self.depth)
        a, b, bits = self._linked(nearest.indices, self.standing(nearest.similarities, self.vectors))
        return {"similarities": nearest.similarities, "a": a, "b": b, "bits": bits}

    def _linked(
        self, indices: NDArray[np.int32], standing: Standing
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Rows of both ends of each link, and their bits."""
        near = indices[:, : self.near]
        start, column = np.nonzero(near >= 0)
        end = near[start, column].astype(np.int64)
        n = len(self.vectors)
        pairs = np.unique(np.minimum(start, end) * n + np.maximum(start, end))
        a, b = pairs // n, pairs % n
        bits = np.empty(len(a))
        for begin in range(0, len(a), ROWS_AT_ONCE):
            some = slice(begin, begin + ROWS_AT_ONCE)
            one, other = a[some], b[some]
            double = (self.vectors[one].astype(np.float64) * self.vectors[other]).sum(axis=1).round(DECIMALS)
            known = np.ones(len(one), dtype=np.bool_)
            there = standing.take(one).ranks(double, known, self.others)
            back = standing.take(other).ranks(double, known, self.others)
            bits[some] = np.log2(self.others) - np.log2(there * back) / 2
        strong = bits >= self.threshold - ROUNDING
        return a[strong], b[strong], bits[strong]

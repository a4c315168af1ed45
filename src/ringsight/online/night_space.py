"""What the last night's customers are to one another in one space: whom each is nearest to, and who is linked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.online.kept_night import Arrays, KeptNight
from ringsight.online.live_rows import Codes, Standing
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.bulk import self_neighbours
from ringsight.vectors.neighbours import DECIMALS

EVERY_RANK_UP_TO = 2048
"""With no more customers than this in the last night, all ranks are exact."""
LEAST_SPREAD = 1e-6
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

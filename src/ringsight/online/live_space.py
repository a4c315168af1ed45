"""One space that customers enter and leave: who is near whom, in bits, by the last night's customers.

If `b` stands at rank r among the n customers of the last night whom `a` could have been near, that is worth log2(n / r)
bits; both directions are averaged, as in `graph.sources`. The night's customers are what ranks are counted among, and
they stay the same all day. So the bits between two customers follow from their own two vectors and from the last night
alone: whoever else comes or goes changes nothing, and any order of arrivals leads to the same links.

Ranks are exact for the nearest customers kept; beyond them a customer's similarities are taken as normal, as the night
does in a large bank. Everything is compared with everything: a scan of 100,000 vectors takes milliseconds, and misses
nobody.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.online.kept_night import KeptNight
from ringsight.online.live_rows import Codes, Rows, Standing
from ringsight.online.night_space import ROUNDING, SLACK, NightSpace
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.neighbours import DECIMALS

RANKED_AT_ONCE = 1 << 22
"""Similarities that ranks of pairs are told from at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Customers near one, nearest first, ties by their numbers; each of shape (found,)."""

    codes: Codes
    similarities: NDArray[np.float64]
    bits: NDArray[np.float64]


class LiveSpace:
    """The vectors of one space, of the last night's customers and of those who came since."""

    def __init__(self, embeddings: Embeddings, codes: Codes, neighbours: int, kept: KeptNight | None = None) -> None:
        """Begin with the last night.

        Args:
            embeddings: the night's, at least two.
            codes: numbers of its customers; shape (n,).
            neighbours: two customers are linked who are, on average, among each other's so many nearest.
            kept: where what was found of the night lies; by default it is found anew.
        """
        self.name, self.modality, self.model_hash = embeddings.space, embeddings.modality, embeddings.model_hash
        self._found_at_night = NightSpace.of(embeddings, neighbours)
        standing, self.links_of_night = self._found_at_night.among_themselves(embeddings, codes, kept or KeptNight())
        self.others, self._night = self._found_at_night.others, self._found_at_night.vectors
        self._rows = Rows.of(self._night, codes, standing)
        self._newcomers = Rows.empty(self.dim, self._found_at_night.depth)
        self._scanned: tuple[int, NDArray[np.float32]] | None = None
        """Who came last, and how similar the night's customers are to them: compared with all of them once."""
        self._place: dict[int, int] = {}
        """Number of a newcomer -> place among the newcomers."""
        self._unranked: set[int] = set()
        """Newcomers whose standing nobody has asked for yet."""
        self._row = {code: row for row, code in enumerate(codes.tolist())}

    @property
    def threshold(self) -> float:
        """Bits of two who are each the other's k-th neighbour: log2(n / k)."""
        return self._found_at_night.threshold

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._night.shape[1])

    @property
    def count(self) -> int:
        """How many customers are in the space now."""
        return int(self._rows.alive.sum() + self._newcomers.alive.sum())

    def checked(self, vector: NDArray[np.floating]) -> NDArray[np.float32]:
        """A vector as this space takes it: of its length, finite, and scaled to length 1.

        Raises:
            DataError: if it is not of this space.
        """
        given = np.asarray(vector, dtype=np.float64).ravel()
        if len(given) != self.dim or not np.isfinite(given).all():
            raise DataError(
                f"a vector of {self.name} must have {self.dim} finite numbers (got {len(given)})",
                remedy="embed the customer with the model of this run",
            )
        length = float(np.linalg.norm(given))
        if not 1e-6 < length < 1e18:
            raise DataError(f"the vector of {self.name} has length {length:.3g}", remedy="leave the space out")
        if abs(length - 1) < 1e-3:
            return given.astype(np.float32)
        return (given / length).astype(np.float32)

    def put(self, code: int, vector: NDArray[np.float32]) -> None:
        """Take a customer in, or give one who is there another vector."""
        row = self._row.get(code)
        self.remove(code)
        if row is not None and np.array_equal(self._night[row], vector):
            self._rows.alive[row] = True
            return
        self._place[code] = self._newcomers.put(code, vector)
        self._unranked.add(code)

    def remove(self, code: int) -> None:
        """Let a customer go; no error if there is none. The night still counts ranks among all of its own."""
        if self._scanned and self._scanned[0] == code:
            self._scanned = None
        if code in self._row:
            self._rows.alive[self._row[code]] = False
        if code in self._place:
            self._newcomers.free(self._place.pop(code))
            self._unranked.discard(code)

    def has(self, code: int) -> bool:
        """Whether a customer is in the space."""
        row = self._row.get(code, -1)
        return code in self._place or bool(row >= 0 and self._rows.alive[row])

    def of_night(self, code: int) -> bool:
        """Whether a customer is here with the vector that the night has."""
        return code in self._row and code not in self._place

    def vector_of(self, code: int) -> NDArray[np.float32] | None:
        """A customer's vector; None where there is none."""
        if code in self._place:
            own: NDArray[np.float32] = self._newcomers.vectors[self._place[code]]
            return own
        if not self.has(code):
            return None
        found: NDArray[np.float32] = self._night[self._row[code]]
        return found

    def linked(self, code: int) -> Near:
        """Customers whom a customer is linked with here: as close as mutual k-th neighbours of the night, or closer."""
        vector = self.vector_of(code)
        if vector is None:
            return _NOBODY
        for each in tuple(self._unranked):
            self._rank(each)
        reach = self._own_standing(code).reach[0]
        parts = []
        for rows in (self._rows, self._newcomers):
            similar = self._products(rows, vector, code)
            parts.append((rows, np.flatnonzero(similar >= np.minimum(rows.standing.reach, reach) - SLACK)))
        found = self._weighed(code, vector, parts)
        return _those(found, found.bits >= self.threshold - ROUNDING)

    def nearest(self, code: int, count: int) -> Near:
        """The nearest customers to one, with what their nearness is worth."""
        vector = self.vector_of(code)
        if vector is None:
            return _NOBODY
        parts = []
        for rows in (self._rows, self._newcomers):
            similar = self._products(rows, vector, code)
            if len(similar) > count:
                least = np.partition(similar, len(similar) - count)[len(similar) - count]
                parts.append((rows, np.flatnonzero((similar >= least - SLACK) & np.isfinite(similar))))
            else:
                parts.append((rows, np.flatnonzero(np.isfinite(similar))))
        found = self._weighed(code, vector, parts)
        return _those(found, np.arange(len(found.codes)) < count)

    def similarities(self, vector: NDArray[np.float32]) -> tuple[Codes, NDArray[np.float64]]:
        """Everybody who is there, and how similar to a vector, in single precision; both of shape (count,)."""
        parts = [
            (rows.codes[rows.alive], (rows.vectors @ vector)[rows.alive]) for rows in (self._rows, self._newcomers)
        ]
        codes, similar = (np.concatenate(each) for each in zip(*parts, strict=True))
        return codes, similar.astype(np.float64)

    def bits_between(
        self, vectors: NDArray[np.float32], standing: Standing, codes: Codes, *, of_night: bool = True
    ) -> NDArray[np.float64]:
        """Bits between each of some vectors and each of some customers here; shape (vectors, customers)."""
        return self._between(vectors, standing, codes, of_night)[1]

    def against(
        self, vector: NDArray[np.float32], standing: Standing, codes: Codes, *, of_night: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Similarity of a vector to each of some customers here, and bits; both of shape (customers,)."""
        similarities, bits = self._between(vector[None], standing, codes, of_night)
        return similarities[0], bits[0]

    def _between(
        self, vectors: NDArray[np.float32], standing: Standing, codes: Codes, of_night: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        theirs, their_standing, they_of_night = self._those_of(codes)
        similarities = (vectors.astype(np.float64) @ theirs.astype(np.float64).T).round(DECIMALS)
        bits = np.zeros(similarities.shape)
        step = max(1, RANKED_AT_ONCE // max(len(vectors) * self._found_at_night.depth, 1))
        for begin in range(0, len(codes), step):
            column = np.arange(begin, min(begin + step, len(codes)))
            pairs = similarities[:, column].ravel()
            other, one = np.tile(column, len(vectors)), np.repeat(np.arange(len(vectors)), len(column))
            there = their_standing.take(other).ranks(pairs, np.full(len(pairs), of_night), self.others)
            back = standing.take(one).ranks(pairs, they_of_night[other], self.others)
            bits[:, column] = (np.log2(self.others) - np.log2(there * back) / 2).reshape(len(vectors), len(column))
        return similarities, bits

    def sample(self, codes: Codes) -> tuple[NDArray[np.float32], Standing]:
        """Vectors and standing of some customers of the night, all in this space."""
        rows = np.array([self._row[int(code)] for code in codes], dtype=np.int64)
        return self._night[rows], self._rows.standing.take(rows)

    def bits_with(self, code: int, others: Codes) -> NDArray[np.float64]:
        """Bits between a customer and each of some others, all of them here; shape (others,)."""
        vector = self.vector_of(code)
        assert vector is not None  # noqa: S101 - asked of those who are here
        own = self._own_standing(code)
        bits: NDArray[np.float64] = self.bits_between(vector[None], own, others, of_night=code not in self._place)[0]
        return bits

    def counted(self) -> Codes:
        """Numbers of the night's customers among whom ranks are counted, whoever has gone since."""
        return self._rows.codes

    def standing_of(self, vector: NDArray[np.float32], code: int | None = None) -> Standing:
        """How a vector stands among the night's customers; of a customer who is here, as it is known."""
        known = code is not None and self.has(code)
        return self._own_standing(code) if known and code is not None else self._found_at_night.compared(vector)[0]

    def here(self, codes: Codes) -> NDArray[np.bool_]:
        """Which of some customers are in the space; shape (codes,)."""
        return np.array([self.has(code) for code in codes.tolist()], dtype=np.bool_)

    # --- how ranks are told ---------------------------------------------------------------------------------------

    def _products(self, rows: Rows, vector: NDArray[np.float32], code: int) -> NDArray[np.float32]:
        """Similarities in single precision, -inf for the customer and for those who are gone."""
        scanned = self._scanned if rows is self._rows and self._scanned and self._scanned[0] == code else None
        similar: NDArray[np.float32] = scanned[1].copy() if scanned else rows.vectors @ vector
        similar[~rows.alive] = -np.inf
        similar[rows.codes == code] = -np.inf
        return similar

    def _weighed(self, code: int, vector: NDArray[np.float32], parts: list[tuple[Rows, NDArray[np.int64]]]) -> Near:
        """Some customers with similarities that do not depend on who else was compared."""
        own, night = self._own_standing(code), np.array([code not in self._place])
        codes, similarities, bits = [], [], []
        for rows, found in parts:
            double = (rows.vectors[found].astype(np.float64) * vector.astype(np.float64)).sum(axis=1).round(DECIMALS)
            for each in self._unranked.intersection(rows.codes[found].tolist()):
                self._rank(each)
            theirs = rows.standing.take(found)
            codes.append(rows.codes[found])
            similarities.append(double)
            bits.append(self._bits(own, theirs, double, np.array([rows is self._rows]), night))
        near = Near(np.concatenate(codes), np.concatenate(similarities), np.concatenate(bits))
        return _those(near, np.lexsort((near.codes, -near.similarities)))

    def _bits(
        self,
        own: Standing,
        theirs: Standing,
        similarities: NDArray[np.float64],
        they_of_night: NDArray[np.bool_],
        own_of_night: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Bits between one customer and each of some others, both directions averaged; shape (others,)."""
        if len(similarities) == 0:
            return np.zeros(0)
        one = np.zeros(len(similarities), dtype=np.int64)
        there = own.take(one).ranks(similarities, np.broadcast_to(they_of_night, similarities.shape), self.others)
        back = theirs.ranks(similarities, np.broadcast_to(own_of_night, similarities.shape), self.others)
        bits: NDArray[np.float64] = np.log2(self.others) - np.log2(there * back) / 2
        return bits

    def _own_standing(self, code: int) -> Standing:
        if code in self._unranked:
            self._rank(code)
        rows, place = (self._newcomers, self._place[code]) if code in self._place else (self._rows, self._row[code])
        return rows.standing.take(np.array([place]))

    def _those_of(self, codes: Codes) -> tuple[NDArray[np.float32], Standing, NDArray[np.bool_]]:
        """Vectors and standing of some customers here, and who of them has the vector that the night has."""
        for each in self._unranked.intersection(codes.tolist()):
            self._rank(each)
        places = np.array([self._place.get(code, -1) for code in codes.tolist()], dtype=np.int64)
        rows = np.searchsorted(self._rows.codes, codes)
        of_night = places < 0
        vectors = np.empty((len(codes), self.dim), dtype=np.float32)
        vectors[of_night] = self._night[rows[of_night]]
        vectors[~of_night] = self._newcomers.vectors[places[~of_night]]
        standing = Standing.empty(len(codes), self._found_at_night.depth)
        standing.put(of_night, self._rows.standing.take(rows[of_night]))
        standing.put(~of_night, self._newcomers.standing.take(places[~of_night]))
        return vectors, standing, of_night

    def _rank(self, code: int) -> None:
        """Find out how a newcomer stands among the night's customers, their own former vector left out."""
        place = self._place[code]
        standing, similar = self._found_at_night.compared(self._newcomers.vectors[place], self._row.get(code))
        self._newcomers.standing.put(np.array([place]), standing)
        self._scanned = (code, similar)
        self._unranked.discard(code)


_NOBODY = Near(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def _those(near: Near, which: NDArray[np.int64] | NDArray[np.bool_]) -> Near:
    return Near(near.codes[which], near.similarities[which], near.bits[which])

"""Which pairs of customers are tied: by several kinds of evidence at once, more closely than chance ties strangers.

What honest strangers do not share is several kinds of evidence at once, so two customers are tied where at least two
modalities or evidence columns link them and the bits of all that do reach a bound. Spaces of one modality tell much of
the same, so this sum is no chance by itself. It is held against chance worlds of the last night, in which each modality
and each column changes hands within its stratum: the bound is so high that their pairs are at most one in twenty of the
bank's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ringsight.online.kept_night import Arrays

Codes = NDArray[np.int64]
WORLDS = 20
"""Chance worlds of the last night that ties and rings are held against."""
FALSE_SHARE = 0.05
"""Share of the ties of a night that chance may show."""
LEAST_KINDS = 2


@dataclass(frozen=True, slots=True, eq=False)
class PairLinks:
    """Linked pairs of customers, a < b, each once; each of shape (pairs,)."""

    a: Codes
    b: Codes
    bits: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NightOfTies:
    """The last night's ties, and what chance would show of such."""

    ties: PairLinks
    bound: float
    """Least bits of a tie."""
    chance_rings: Sequence[NDArray[np.float64]]
    """Of each chance world the bits of its groups, sorted."""
    expected: float
    """Ties that a chance world shows."""

    def arrays(self) -> Arrays:
        """As it is kept."""
        return {
            "a": self.ties.a,
            "b": self.ties.b,
            "bits": self.ties.bits,
            "bound_and_expected": np.array([self.bound, self.expected]),
            "chance_rings": np.concatenate([np.zeros(0), *self.chance_rings]),
            "chance_rings_of_world": np.array([len(each) for each in self.chance_rings], dtype=np.int64),
        }

    @classmethod
    def of(cls, arrays: Arrays) -> "NightOfTies":
        """As it was kept."""
        bound, expected = arrays["bound_and_expected"].tolist()
        ties = PairLinks(*(arrays[name] for name in ("a", "b", "bits")))  # type: ignore[arg-type]
        ends = np.cumsum(arrays["chance_rings_of_world"])[:-1]
        return cls(ties, bound, np.split(arrays["chance_rings"].astype(np.float64), ends), expected)


def together(kinds: Mapping[str, PairLinks], customers: int) -> PairLinks:
    """The pairs that at least two kinds link, with the bits of all."""
    keys = [np.zeros(0, np.int64), *(each.a * customers + each.b for each in kinds.values())]
    bits = np.concatenate([np.zeros(0), *(each.bits for each in kinds.values())])
    key, where, count = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    several = count >= LEAST_KINDS
    total = np.bincount(where, bits, len(key)).astype(np.float64)[several]
    return PairLinks(key[several] // customers, key[several] % customers, total)


def summed(parts: Iterable[PairLinks], customers: int) -> PairLinks:
    """PairLinks of several spaces of one modality, each with the bits of all its spaces."""
    some = list(parts)
    keys = np.concatenate([np.zeros(0, np.int64), *(each.a * customers + each.b for each in some)])
    bits = np.concatenate([np.zeros(0), *(each.bits for each in some)])
    key, where = np.unique(keys, return_inverse=True)
    return PairLinks(key // customers, key % customers, np.bincount(where, bits, len(key)).astype(np.float64))


def ties_of_night(
    kinds: Mapping[str, PairLinks], cells: Mapping[str, NDArray[np.int64]], min_size: int, seed: int
) -> NightOfTies:
    """The ties of a night, by a bound that its own chance worlds give.

    Args:
        kinds: by modality or evidence column, its linked pairs.
        cells: for each kind, customers of one code may hand their records to each other; shape (customers,).
        min_size: smallest group.
        seed: of the worlds.
    """
    customers = len(next(iter(cells.values()))) if cells else 0
    own = together(kinds, customers)
    rng = np.random.default_rng([seed, 15])
    worlds = [together(_shuffled(kinds, cells, rng), customers) for _ in range(WORLDS)]
    chance = np.sort(np.concatenate([np.zeros(0), *(each.bits for each in worlds)]))
    bound = _bound(np.sort(own.bits), chance)
    rings = [np.sort(ring_bits(_above(each, bound), min_size)) for each in worlds]
    expected = float((chance >= bound).sum() / WORLDS)
    return NightOfTies(_above(own, bound), bound, rings, expected)


def ring_bits(ties: PairLinks, min_size: int) -> NDArray[np.float64]:
    """Bits of the ties in each connected group of at least so many customers."""
    if len(ties.a) == 0:
        return np.zeros(0)
    _, ends = np.unique(np.concatenate([ties.a, ties.b]), return_inverse=True)
    one, other = ends[: len(ties.a)], ends[len(ties.a) :]
    size = int(ends.max()) + 1
    _, group = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(size, size)), directed=False)
    sizes = np.bincount(group)
    total: NDArray[np.float64] = np.bincount(group[one], ties.bits, len(sizes)).astype(np.float64)
    return total[sizes >= min_size]


def _bound(own: NDArray[np.float64], chance: NDArray[np.float64]) -> float:
    """Least bits at which chance shows at most one in twenty of the pairs that the bank shows; all sorted."""
    if len(own) == 0:
        return float(np.nextafter(chance[-1], np.inf)) if len(chance) else 0.0
    shown = (len(chance) - np.searchsorted(chance, own, side="left")) / WORLDS
    there = np.arange(len(own), 0, -1)
    good = np.flatnonzero(shown <= FALSE_SHARE * there)
    return float(own[good[0]]) if len(good) else float(np.nextafter(max(own[-1], chance[-1]), np.inf))


def _above(pairs: PairLinks, bound: float) -> PairLinks:
    kept = pairs.bits >= bound
    return PairLinks(pairs.a[kept], pairs.b[kept], pairs.bits[kept])


def _shuffled(
    kinds: Mapping[str, PairLinks], cells: Mapping[str, NDArray[np.int64]], rng: np.random.Generator
) -> dict[str, PairLinks]:
    """A chance world: what links customers by one kind links others of their cells."""
    handed = {}
    for kind, pairs in kinds.items():
        to = _permutation(cells[kind], rng)
        a, b = to[pairs.a], to[pairs.b]
        handed[kind] = PairLinks(np.minimum(a, b), np.maximum(a, b), pairs.bits)
    return handed


def _permutation(cells: NDArray[np.int64], rng: np.random.Generator) -> Codes:
    """Everybody changes places with somebody of the same cell."""
    own = np.argsort(cells, kind="stable")
    drawn = np.lexsort((rng.random(len(cells)), cells))
    to = np.empty(len(cells), dtype=np.int64)
    to[own] = drawn
    return to

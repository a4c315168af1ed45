"""Values of one evidence column that customers bring and take along: a phone, a device.

A value that f of the n customers of the last night carry is worth log2(n / f) bits, as at night; one that hardly
anybody of the night had counts as if two had it, for so many share it at least. What more than the cap carry says
nothing. As in a space, only the night is counted among, so that any order of arrivals leads to the same links.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ringsight.online.live_rows import Codes
from ringsight.online.live_space import Near
from ringsight.records.bank import Bank
from ringsight.records.canonical.matching_values import MatchingValues


class LiveValues:
    """Who has which value of one evidence column now."""

    def __init__(self, column: str, bank: Bank, codes: Mapping[str, int], cap: int) -> None:
        """Begin with the last night.

        Args:
            column: an evidence column of the bank.
            bank: that the night searched.
            codes: number of each customer of the night who has a vector.
            cap: a value that more customers of the night carry says nothing.
        """
        self._matching = MatchingValues(bank, column)
        held = self._matching.held
        carriers = held.group_by("key").len()
        self._present = held["customer_id"].n_unique()
        self._counts = dict(zip(carriers["key"].to_list(), carriers["len"].to_list(), strict=True))
        self._cap = cap
        self._keys: dict[int, tuple[str, ...]] = {}
        self._carriers: defaultdict[str, set[int]] = defaultdict(set)
        for (customer,), rows in held.group_by("customer_id"):
            if str(customer) in codes:
                self._settle(codes[str(customer)], tuple(sorted(rows["key"].to_list())))
        self._night = dict(self._keys)

    def keys(self, values: list[str]) -> tuple[str, ...]:
        """The keys of what a customer brings; nothing of what stands for nothing."""
        return self._matching.keys(values)

    def keys_of(self, code: int) -> tuple[str, ...]:
        """The keys of a customer's values now."""
        return self._keys.get(code, ())

    def put(self, code: int, keys: tuple[str, ...] | None) -> None:
        """Give a customer these values in place of all others; None for those that the night knows."""
        self._settle(code, self._night.get(code, ()) if keys is None else keys)

    def remove(self, code: int) -> None:
        """Let a customer go."""
        self._settle(code, ())

    def linked(self, code: int) -> Near:
        """Who shares a value with a customer, by the rarest that they share."""
        best: dict[int, float] = {}
        for key in self._keys.get(code, ()):
            bits = self._bits(key)
            for other in self._carriers[key] - {code} if bits > 0 else ():
                best[other] = max(bits, best.get(other, 0.0))
        codes = np.array(sorted(best), dtype=np.int64)
        bits_of = np.array([best[other] for other in codes.tolist()])
        return Near(codes, np.zeros(len(codes)), bits_of)

    def links_of_night(self) -> tuple[Codes, Codes, NDArray[np.float64]]:
        """Pairs (a < b) of the night who share a value, with the bits of the rarest."""
        best: dict[tuple[int, int], float] = {}
        for pair, bits in self._pairs():
            best[pair] = max(bits, best.get(pair, 0.0))
        pairs = np.array(sorted(best), dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1], np.array([best[pair] for pair in sorted(best)])

    def counted(self) -> Codes:
        """Customers of the night who have a value."""
        return np.array(sorted(self._night), dtype=np.int64)

    def _pairs(self) -> Iterator[tuple[tuple[int, int], float]]:
        for key, carriers in self._carriers.items():
            bits = self._bits(key)
            if bits > 0:
                yield from ((pair, bits) for pair in combinations(sorted(carriers), 2))

    def _bits(self, key: str) -> float:
        count = self._counts.get(key, 0)
        return 0.0 if count > self._cap else float(np.log2(max(self._present, 2) / max(count, 2)))

    def _settle(self, code: int, keys: tuple[str, ...]) -> None:
        for key in self._keys.pop(code, ()):
            self._carriers[key].discard(code)
            if not self._carriers[key]:
                del self._carriers[key]
        for key in keys:
            self._carriers[key].add(code)
        if keys:
            self._keys[code] = keys

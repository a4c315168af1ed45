"""The live graph: the last night's customers and those who came since, their links, and the rings they touch.

Links, ties and live rings follow from who is there with which vectors, and from the last night. Any order of arrivals,
changes and departures that leads to the same customers leads to the same graph, as does building it from nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.online.last_night import LastNight
from ringsight.online.live_links import CustomerLinks, LiveLink
from ringsight.online.live_rings import LiveRing, LiveRings, RingChange
from ringsight.online.live_rows import Codes
from ringsight.online.live_space import LiveSpace, Near
from ringsight.online.live_values import LiveValues
from ringsight.online.similar import unknown
from ringsight.online.ties import NightOfTies, PairLinks, summed, ties_of_night
from ringsight.records.bank import ColumnRole
from ringsight.records.contract import TRANSACTIONS
from ringsight.records.embeddings import JOINT
from ringsight.workers import workers

Vectors = Mapping[str, NDArray[np.float32]]
"""A customer's vectors, by space."""
Keys = Mapping[str, tuple[str, ...]]
"""A customer's values by evidence column, each by the key that stands for all its spellings."""


@dataclass(frozen=True, slots=True)
class LiveNeighbour:
    """One of the nearest customers in a space."""

    customer_id: str
    similarity: float
    bits: float


class LiveGraph:
    """Customers who come, change and leave, and what ties them."""

    def __init__(self, night: LastNight) -> None:
        """Begin with the last night, nobody gone and nobody new."""
        self.night = night
        self._ids: list[str] = night.customer_ids.tolist()
        self._codes = {customer: code for code, customer in enumerate(self._ids)}
        self.spaces = {name: self._begun(name) for name in sorted(self._large_enough())}
        self.columns = self._columns()
        self.ties_of_night = self._ties_of_night()
        self._last: tuple[str, CustomerLinks] | None = None
        self._threads = ThreadPoolExecutor(workers())
        self._rings = LiveRings(night.candidates.min_size, night.listed)
        held = self.ties_of_night.ties
        ends = ([self._ids[code] for code in each.tolist()] for each in (held.a, held.b))
        self._rings.begin(zip(*ends, held.bits.tolist(), strict=True))

    # --- who is there ---------------------------------------------------------------------------------------------

    def __contains__(self, customer_id: str) -> bool:
        """Whether a customer has a vector in any space now."""
        code = self._codes.get(customer_id)
        return code is not None and any(space.has(code) for space in self.spaces.values())

    def vectors_of(self, customer_id: str) -> dict[str, NDArray[np.float32]]:
        """A customer's vectors, by space; empty where there is no such customer."""
        code = self._codes.get(customer_id, -1)
        found = {name: space.vector_of(code) for name, space in self.spaces.items() if space.has(code)}
        return {name: vector.copy() for name, vector in found.items() if vector is not None}

    def checked(self, vectors: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float32]]:
        """A customer's vectors as the spaces take them.

        Raises:
            DataError: if a space is not there, a vector does not fit, or there is none.
        """
        if not vectors:
            raise DataError(
                "no vector of the customer is given", remedy=f"give one or more of {', '.join(self.spaces)}"
            )
        for name in vectors:
            if name not in self.spaces:
                raise DataError(f"there is no space {name!r}", remedy=f"the spaces are {', '.join(self.spaces)}")
        return {name: self.spaces[name].checked(vector) for name, vector in sorted(vectors.items())}

    def keys(self, evidence: Mapping[str, str | list[str]]) -> dict[str, tuple[str, ...]]:
        """What a customer brings in evidence columns; what stands for nothing is left out.

        Raises:
            DataError: if the night has no such evidence column.
        """
        for column in evidence:
            if column not in self.columns:
                there = ", ".join(self.columns) or "none; the bank's folder must be where the night searched it"
                raise DataError(f"there is no evidence column {column!r}", remedy=f"the columns are {there}")
        told = {column: [value] if isinstance(value, str) else value for column, value in evidence.items()}
        return {column: self.columns[column].keys(values) for column, values in sorted(told.items())}

    def keys_of(self, customer_id: str) -> dict[str, tuple[str, ...]]:
        """What a customer has in evidence columns now."""
        code = self._codes.get(customer_id, -1)
        return {name: keys for name, column in self.columns.items() if (keys := column.keys_of(code))}

    # --- who comes and goes ---------------------------------------------------------------------------------------

    def put(self, customer_id: str, vectors: Vectors, keys: Keys | None = None) -> list[RingChange]:
        """Take a customer in, or put other vectors in the place of those that are there.

        Args:
            customer_id: new, or known.
            vectors: by space, as `checked` gives them; the customer leaves all other spaces.
            keys: of the customer's values, as `keys` gives them, in place of all others; None for what the night knows.

        Returns:
            What became of the live rings.
        """
        code, self._last = self._code(customer_id), None
        for name, space in self.spaces.items():
            if name in vectors:
                space.put(code, vectors[name])
            else:
                space.remove(code)
        for name, column in self.columns.items():
            column.put(code, None if keys is None else keys.get(name, ()))
        return self._rings.tied(customer_id, self._tied(customer_id))

    def remove(self, customer_id: str) -> list[RingChange]:
        """Let a customer go; nothing happens where there is none. Gives what became of the live rings."""
        code = self._codes.get(customer_id)
        if code is None:
            return []
        self._last = None
        for space in self.spaces.values():
            space.remove(code)
        for column in self.columns.values():
            column.remove(code)
        return self._rings.tied(customer_id, {}, there=False)

    # --- what is asked --------------------------------------------------------------------------------------------

    def links_of(self, customer_id: str, most: int | None = None) -> list[LiveLink]:
        """Whom a customer is linked with, the closest first, ties by id; all of them, or so many."""
        return self._linked(customer_id).closest(self._ids, most)

    def links_in_all(self, customer_id: str) -> int:
        """How many customers a customer is linked with."""
        return len(self._linked(customer_id).others)

    def neighbours(self, customer_id: str, k: int) -> dict[str, list[LiveNeighbour]]:
        """The k nearest customers in each space that a customer is in.

        Raises:
            DataError: if there is no such customer.
        """
        self.require(customer_id)
        code = self._codes[customer_id]
        return {
            name: self._neighbours(space.nearest(code, k)) for name, space in self.spaces.items() if space.has(code)
        }

    def rings(self) -> list[LiveRing]:
        """All live rings: those with a ring of the night first, then by bits."""
        return self._rings.rings()

    def ring_of(self, customer_id: str) -> LiveRing | None:
        """The live ring that a customer is in."""
        return self._rings.ring_of(customer_id)

    def dormant(self, customers: Iterable[str]) -> list[str]:
        """Those of some customers who are there and have not acted: nothing is known of transactions of theirs.

        Nobody where the night has no space of transactions, for then it is not known who acts.
        """
        acting = [space for _, space in self.evidence() if space.modality == TRANSACTIONS.modality]
        there = [customer for customer in customers if customer in self]
        codes = self.codes_of(tuple(there)).tolist()
        still = [not any(space.has(code) for space in acting) for code in codes]
        return [customer for customer, sleeps in zip(there, still, strict=True) if acting and sleeps]

    def ties(self) -> set[tuple[str, str, float]]:
        """All ties, the smaller id first."""
        every = self._rings.ties.items()
        return {(one, other, bits) for one, ties in every for other, bits in ties.items() if one < other}

    def ties_among(self, members: tuple[str, ...]) -> list[tuple[str, str, float]]:
        """The ties among some customers, the smaller id first."""
        there = set(members)
        return sorted(
            (one, other, bits)
            for one in members
            for other, bits in self._rings.ties.get(one, {}).items()
            if one < other and other in there
        )

    def require(self, customer_id: str) -> None:
        """Refuse a customer who is not there.

        Raises:
            DataError: naming those whose ids are spelt alike.
        """
        if customer_id not in self:
            raise unknown(customer_id, np.array(self._ids), "the live graph")

    # --- how it is worked out -------------------------------------------------------------------------------------

    def _large_enough(self) -> list[str]:
        least = max(self.night.candidates.min_size, 2)
        return [name for name, each in self.night.embeddings.items() if len(each.customer_ids) >= least]

    def _begun(self, name: str) -> LiveSpace:
        embeddings = self.night.embeddings[name]
        codes = np.searchsorted(self.night.customer_ids, embeddings.customer_ids).astype(np.int64)
        return LiveSpace(embeddings, codes, self.night.candidates.neighbours, self.night.kept)

    def _columns(self) -> dict[str, LiveValues]:
        bank = self.night.bank
        if bank is None:
            return {}
        names = sorted(bank.columns_with(ColumnRole.evidence))
        return {name: LiveValues(name, bank, self._codes, self.night.candidates.entity_cap) for name in names}

    def evidence(self) -> Iterator[tuple[str, LiveSpace]]:
        """The spaces that are evidence: the joint one has no part in it, so that nothing counts twice."""
        return ((name, space) for name, space in self.spaces.items() if space.modality != JOINT)

    @cached_property
    def modality(self) -> dict[str, str]:
        """Space -> its modality."""
        return {name: space.modality for name, space in self.spaces.items()}

    def _ties_of_night(self) -> NightOfTies:
        customers = len(self.night.customer_ids)
        kinds: dict[str, list[PairLinks]] = {}
        present: dict[str, NDArray[np.int64]] = {}
        for _, space in self.evidence():
            kinds.setdefault(space.modality, []).append(PairLinks(*space.links_of_night))
            there = np.zeros(customers, dtype=np.int64)
            there[space.counted()] = 1
            present[space.modality] = 2 * present.get(space.modality, np.zeros(customers, np.int64)) + there
        for name, column in self.columns.items():
            kinds[name] = [PairLinks(*column.links_of_night())]
            present[name] = np.zeros(customers, dtype=np.int64)
            present[name][column.counted()] = 1
        cells = {kind: _cells(self.night.strata, pattern) for kind, pattern in present.items()}
        pairs = {kind: summed(parts, customers) for kind, parts in sorted(kinds.items())}
        how = self.night.candidates.min_size, self.night.seed
        told = [(kind, each.a, each.b, each.bits, cells[kind]) for kind, each in pairs.items()]
        made_from = chain(how, chain.from_iterable(told))
        return NightOfTies.of(
            self.night.kept.arrays("ties", made_from, lambda: ties_of_night(pairs, cells, *how).arrays())
        )

    def _code(self, customer_id: str) -> int:
        if customer_id not in self._codes:
            self._codes[customer_id] = len(self._ids)
            self._ids.append(customer_id)
        return self._codes[customer_id]

    def _tied(self, customer_id: str) -> dict[str, float]:
        found = self._linked(customer_id)
        rows = np.flatnonzero(found.tied).tolist()
        return {self._ids[int(found.others[row])]: float(found.closeness[row]) for row in rows}

    def _linked(self, customer_id: str) -> "CustomerLinks":
        """A customer's links; of the one asked about last they are still known, if nobody has changed since."""
        if self._last is None or self._last[0] != customer_id:
            code = self._codes.get(customer_id, -1)
            spaces = dict(self.evidence())
            found = self._threads.map(lambda space: space.linked(code), spaces.values())
            near = dict(zip(spaces, found, strict=True))
            near |= {name: column.linked(code) for name, column in self.columns.items()}
            kinds = self.modality | {name: name for name in self.columns}
            self._last = (customer_id, CustomerLinks.of(near, kinds, self.ties_of_night.bound))
        return self._last[1]

    def _neighbours(self, near: Near) -> list[LiveNeighbour]:
        rows = zip(near.codes.tolist(), near.similarities.tolist(), near.bits.tolist(), strict=True)
        found = [LiveNeighbour(self._ids[code], similarity, bits) for code, similarity, bits in rows]
        return sorted(found, key=lambda each: (-each.similarity, each.customer_id))

    @property
    def known(self) -> int:
        """How many customers have ever been there: one more than the highest number."""
        return len(self._ids)

    def code_of(self, customer_id: str) -> int | None:
        """Number of a customer who was ever there."""
        return self._codes.get(customer_id)

    def name_of(self, code: int) -> str:
        """The customer of a number."""
        return self._ids[code]

    def codes_of(self, customers: tuple[str, ...]) -> Codes:
        """Numbers of some customers who were ever there."""
        return np.array([self._codes[each] for each in customers], dtype=np.int64)


def _cells(strata: NDArray[np.int64], pattern: NDArray[np.int64]) -> NDArray[np.int64]:
    """Customers of one stratum who have the same spaces of a modality; codes, shape (customers,)."""
    codes: NDArray[np.int64] = np.unique(strata * (pattern.max(initial=0) + 1) + pattern, return_inverse=True)[1]
    return codes.astype(np.int64)

"""Groups of tied customers, kept while customers come and go.

A live ring is a connected group of ties, together with the members of a ring that the last night flagged or held. It
follows from the ties alone: the order in which they came does not show. A group with a ring of the night bears its id,
of several the one of whom most members are there; any other is named after its first member.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ringsight.detection.lineage import RingEvent


@dataclass(frozen=True, slots=True)
class LiveRing:
    """A group of tied customers as it is now. All of it is provisional until the next night has judged it."""

    ring_id: str
    members: tuple[str, ...]
    """Sorted."""
    of_night: tuple[str, ...]
    """Flagged or held rings of the last night that are in it, sorted."""
    bits: float
    """Of all ties between its members."""


@dataclass(frozen=True, slots=True)
class RingChange:
    """What became of live rings through one arrival or departure."""

    event: RingEvent
    from_ids: tuple[str, ...]
    to_ids: tuple[str, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(slots=True)
class LiveRings:
    """The live rings, and the ties that make them."""

    min_size: int
    of_night: Mapping[str, tuple[str, ...]]
    """Flagged or held ring of the night -> its members."""
    ties: dict[str, dict[str, float]] = field(default_factory=dict)
    """Customer -> customers tied to, and the bits of each tie; both ways."""
    _gone: set[str] = field(default_factory=set)
    """Members of rings of the night who are not there now."""
    _ring: dict[str, LiveRing] = field(default_factory=dict)
    """Customer -> the ring they are in."""
    _rings_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Customer -> rings of the night they are in."""

    def begin(self, ties: Iterable[tuple[str, str, float]]) -> None:
        """Begin with the ties of the night, of whose customers all are there."""
        for one, other, bits in ties:
            self.ties.setdefault(one, {})[other] = bits
            self.ties.setdefault(other, {})[one] = bits
        for ring_id, members in self.of_night.items():
            for member in members:
                self._rings_of[member] = (*self._rings_of.get(member, ()), ring_id)
        for customer in [*self.ties, *self._rings_of]:
            if customer not in self._ring:
                self._settle(customer)

    def rings(self) -> list[LiveRing]:
        """All live rings: those with a ring of the night first, then by bits."""
        every = {each.ring_id: each for each in self._ring.values()}
        return sorted(every.values(), key=lambda each: (not each.of_night, -each.bits, each.ring_id))

    def ring_of(self, customer_id: str) -> LiveRing | None:
        """The ring that a customer is in."""
        return self._ring.get(customer_id)

    def tied(self, customer_id: str, ties: Mapping[str, float], *, there: bool = True) -> list[RingChange]:
        """Replace the ties of a customer, and say what became of the rings.

        Args:
            customer_id: who came, changed or left.
            ties: customers tied to now, and the bits of each tie.
            there: whether the customer is there now.
        """
        former = self.ties.pop(customer_id, {})
        touched = {customer_id, *former, *ties}
        before = {each.ring_id: each for name in touched if (each := self._ring.get(name))}
        for other in former:
            del self.ties[other][customer_id]
            if not self.ties[other]:
                del self.ties[other]
        for other, bits in ties.items():
            self.ties.setdefault(customer_id, {})[other] = bits
            self.ties.setdefault(other, {})[customer_id] = bits
        if customer_id in self._rings_of:
            (self._gone.discard if there else self._gone.add)(customer_id)
        asked = touched.union(*(each.members for each in before.values()))
        for member in asked:
            self._ring.pop(member, None)
        for member in sorted(asked):
            if member not in self._ring and (there or member != customer_id):
                self._settle(member)
        after = {each.ring_id: each for name in asked if (each := self._ring.get(name))}
        return changes(before, after)

    def _settle(self, customer_id: str) -> None:
        """Find the group that a customer is in, and name it where it is a ring."""
        members = self._connected(customer_id)
        if len(members) < self.min_size:
            return
        held = [ring for member in members for ring in self._rings_of.get(member, ())]
        known = tuple(sorted(set(held)))
        bits = sum(sorted(bits for one in members for other, bits in self.ties.get(one, {}).items() if one < other))
        name = min(known, key=lambda ring: (-held.count(ring), ring)) if known else _named_after(min(members))
        ring = LiveRing(name, tuple(sorted(members)), known, bits)
        for member in members:
            self._ring[member] = ring

    def _connected(self, customer_id: str) -> set[str]:
        found, open_ends = {customer_id}, [customer_id]
        while open_ends:
            one = open_ends.pop()
            fellows = (member for ring in self._rings_of.get(one, ()) for member in self.of_night[ring])
            there = (fellow for fellow in fellows if fellow not in self._gone) if one not in self._gone else ()
            for other in (*self.ties.get(one, {}), *there):
                if other not in found:
                    found.add(other)
                    open_ends.append(other)
        return found


def changes(before: Mapping[str, LiveRing], after: Mapping[str, LiveRing]) -> list[RingChange]:
    """What became of some rings, by their members; those that stayed as they were are left out."""
    found = []
    told: set[str] = set()
    for ring_id, ring in sorted(after.items()):
        sources = sorted(name for name, each in before.items() if set(each.members) & set(ring.members))
        told.update(sources)
        was = {member for name in sources for member in before[name].members}
        joined, left = sorted(set(ring.members) - was), sorted(was - set(ring.members))
        targets = [name for name, each in after.items() if set(each.members) & was]
        event = _event(len(sources), len(targets), joined, left)
        if event is not None:
            found.append(RingChange(event, tuple(sources), (ring_id,), tuple(joined), tuple(left)))
    for ring_id in sorted(before.keys() - told):
        found.append(RingChange(RingEvent.gone, (ring_id,), (), (), before[ring_id].members))
    return found


def _event(sources: int, targets: int, joined: list[str], left: list[str]) -> RingEvent | None:
    if sources == 1 and targets == 1:
        staying = {(True, True): RingEvent.moved, (True, False): RingEvent.grew, (False, True): RingEvent.shrank}
        return staying.get((bool(joined), bool(left)))
    if sources == 0:
        return RingEvent.born
    return RingEvent.split if sources == 1 else RingEvent.merged


def _named_after(customer_id: str) -> str:
    return "L" + hashlib.sha256(customer_id.encode()).hexdigest()[:10]

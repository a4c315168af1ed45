"""Who sends money to whom: relations between customers, and the evidence in bits that two of them have one.

A hub, whom many pay, ties nobody. So a relation is held against a null that keeps how many each customer pays and, on
average, is paid by: the directed configuration model (Newman, Strogatz and Watts 2001, Physical Review E 64:026118),
in which a relation from a reaches b with a chance that grows with how many pay b. That number is shrunk to the mean by
as much of its spread as chance alone shows (gamma and Poisson; Robbins 1956): where customers are seldom paid at all,
that somebody is says little of how often he will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammainc

from ringsight.graph.shuffle import shuffled
from ringsight.graph.sources import Rows, Source, distinct_keys

Floats = NDArray[np.float64]
MODALITY = "transactions"
"""Transfers are transactions: what they tell is never added to what the other spaces of transactions tell."""
HUB = 200
"""A customer with more relations than this is a hub: money meets there all the time, and nothing is told by it."""
EVEN = 1e6
"""How far numbers of payers are shrunk where they vary no more than by chance."""
REDRAWN = 20
"""How often a relation that chance leads back to its sender is drawn again."""
SMALLEST_CHANCE = 1e-300


@dataclass(frozen=True, eq=False)
class Relations:
    """Pairs of customers of whom one pays the other, and their transfers laid end to end."""

    customers: int
    sender: Rows
    receiver: Rows
    """Each of shape (relations,)."""
    start: NDArray[np.int64]
    """Where each relation's transfers begin, and the end of the last; shape (relations + 1,)."""
    moment: Floats
    """Seconds since 1970 of each transfer, ascending within a relation; shape (transfers,)."""
    amount: Floats
    """Natural logarithm of each transfer's sum; shape (transfers,)."""

    @property
    def count(self) -> int:
        """How many relations there are."""
        return len(self.sender)

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """Transfers of each relation; shape (relations,)."""
        return np.diff(self.start)

    @cached_property
    def relation(self) -> Rows:
        """The relation of each transfer; shape (transfers,)."""
        return np.repeat(np.arange(self.count), self.times)

    @cached_property
    def pays(self) -> NDArray[np.int64]:
        """How many each customer pays; shape (customers,)."""
        return np.bincount(self.sender, minlength=self.customers)

    @cached_property
    def paid_by(self) -> NDArray[np.int64]:
        """How many pay each customer; shape (customers,)."""
        return np.bincount(self.receiver, minlength=self.customers)

    @cached_property
    def ordered(self) -> tuple[NDArray[np.int64], Rows]:
        """Sorted `sender * customers + receiver`, and the relation of each."""
        keys = self.sender * self.customers + self.receiver
        order = np.argsort(keys, kind="stable")
        return keys[order], order


def relations_of(transfers: pl.DataFrame, customer_ids: NDArray[np.str_]) -> Relations:
    """The relations of a bank's transfers.

    Args:
        transfers: columns of `records.transfers.TRANSFERS`.
        customer_ids: of the bank, sorted; shape (customers,).
    """
    ends = [np.searchsorted(customer_ids, transfers[end].to_numpy().astype(np.str_)) for end in ("sender", "receiver")]
    moment = transfers["timestamp"].dt.epoch("us").to_numpy() / 1e6
    amount = np.log(transfers["amount"].to_numpy())
    order = np.lexsort((moment, ends[1], ends[0]))
    key = ends[0][order] * len(customer_ids) + ends[1][order]
    first = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    return Relations(
        customers=len(customer_ids),
        sender=ends[0][order][first],
        receiver=ends[1][order][first],
        start=np.append(first, len(key)),
        moment=moment[order],
        amount=amount[order],
    )


@dataclass(frozen=True, eq=False)
class TransferSource:
    """That two customers send each other money, weighed by how seldom chance brings them together."""

    relations: Relations
    present: NDArray[np.bool_]
    """Who has transactions; shape (customers,)."""
    strata: NDArray[np.int64]
    """Code of each customer's stratum; shape (customers,)."""
    hub: int
    """Customers with more relations than this are hubs: what meets at them is not looked at."""
    name: str = "transfers"
    modality: str = MODALITY

    @cached_property
    def shrunk(self) -> float:
        """Payers that are added to everybody's number of them to shrink it to the mean, learned from all but hubs."""
        counted = self.relations.paid_by[self.present & ~self.hubs]
        mean, spread = (float(counted.mean()), float(counted.var())) if len(counted) else (0.0, 0.0)
        return min(max(mean**2 / (spread - mean), 1e-9), EVEN) if spread > mean else EVEN

    @cached_property
    def drawn_by(self) -> Floats:
        """How readily a relation reaches each customer: how many pay them, shrunk to the mean; shape (customers,)."""
        return np.where(self.present, self.relations.paid_by + self.shrunk, 0.0)

    @cached_property
    def hubs(self) -> NDArray[np.bool_]:
        """Customers with more relations than `hub`; shape (customers,)."""
        found: NDArray[np.bool_] = self.relations.pays + self.relations.paid_by > self.hub
        return found

    @cached_property
    def _share(self) -> Floats:
        share: Floats = self.drawn_by / max(float(self.drawn_by.sum()), 1e-12)
        return share

    @cached_property
    def _pairs(self) -> NDArray[np.int64]:
        """Sorted keys of the customers who have a relation, whichever way."""
        sender, receiver = self.relations.sender, self.relations.receiver
        return distinct_keys(np.minimum(sender, receiver) * self.relations.customers + np.maximum(sender, receiver))

    def expected(self, a: Rows, b: Rows) -> Floats:
        """How many relations chance leads to expect between customers a[i] and b[i]; shape (pairs,)."""
        pays = self.relations.pays
        expected: Floats = pays[a] * self._share[b] + pays[b] * self._share[a]
        return expected

    def related(self, a: Rows, b: Rows) -> NDArray[np.bool_]:
        """Whether a[i] and b[i] have a relation, whichever way; shape (pairs,)."""
        if not len(self._pairs):
            return np.zeros(len(a), dtype=np.bool_)
        key = np.minimum(a, b) * self.relations.customers + np.maximum(a, b)
        found: NDArray[np.bool_] = (
            self._pairs[np.minimum(np.searchsorted(self._pairs, key), len(self._pairs) - 1)] == key
        )
        return found

    def pair_bits(self, a: Rows, b: Rows) -> Floats:
        """Bits between customers a[i] and b[i]: minus log2 of the chance that they have a relation; shape (pairs,)."""
        chance = -np.expm1(-self.expected(a, b))
        return np.where(self.related(a, b), -np.log2(np.maximum(chance, SMALLEST_CHANCE)), 0.0)

    def partners(self, customers: Rows) -> Rows:
        """Others with whom some customers, hubs among them apart, have a relation; sorted."""
        asked = np.zeros(self.relations.customers, dtype=np.bool_)
        asked[customers] = True
        asked &= ~self.hubs
        sender, receiver = self.relations.sender, self.relations.receiver
        found = np.concatenate([receiver[asked[sender]], sender[asked[receiver]]])
        return np.setdiff1d(found, customers)

    def rewired(self, rng: np.random.Generator) -> "TransferSource":
        """A bank in which relations tie whom chance has them tie, and how many of what strata pay what strata stays.

        Customers keep how many they pay, and how many pay them on average. Relations exchange their senders with others
        of the same strata, and their receivers with others who reach the same stratum, but for a share of them, by as
        much as numbers of payers are shrunk, who reach anybody there. Each keeps its transfers: how many, when and how
        much.
        """
        relations = self.relations
        both = self.strata[relations.sender] * (self.strata.max(initial=0) + 1) + self.strata[relations.receiver]
        sender = _exchanged(relations.sender, both, np.arange(relations.count), rng)
        anybody = self.shrunk * self.present.sum()
        free = rng.random(relations.count) < anybody / (anybody + relations.count)
        receiver = relations.receiver.copy()
        receiver[free] = self._anybody(self.strata[receiver[free]], rng)
        receiver = _exchanged(receiver, self.strata[receiver], np.flatnonzero(~free), rng)
        for _ in range(REDRAWN):
            own = np.flatnonzero(receiver == sender)
            if not len(own):
                break
            some = np.union1d(own, rng.integers(relations.count, size=2 * len(own)))
            receiver = _exchanged(receiver, self.strata[receiver], some, rng)
        return replace(self, relations=replace(relations, sender=sender, receiver=receiver))

    def _anybody(self, strata: NDArray[np.int64], rng: np.random.Generator) -> Rows:
        """A customer who has transactions of each of these strata."""
        here = np.flatnonzero(self.present)
        here = here[np.argsort(self.strata[here], kind="stable")]
        first = np.searchsorted(self.strata[here], strata, side="left")
        last = np.searchsorted(self.strata[here], strata, side="right")
        drawn: Rows = here[first + (rng.random(len(strata)) * (last - first)).astype(np.int64)]
        return drawn


def _exchanged(ends: Rows, cells: NDArray[np.int64], some: Rows, rng: np.random.Generator) -> Rows:
    """Ends of relations, those of some of them dealt out among them anew within cells; shape (relations,)."""
    exchanged = ends.copy()
    exchanged[some] = ends[some[shuffled(cells[some], rng)]]
    return exchanged


EvidenceSource = Source | TransferSource
"""What can tie two customers, and how strongly it does."""


def rarity_of_relations(found: NDArray[np.int64], expected: Floats) -> Floats:
    """Minus log2 of the chance of so many relations, or more, where so many are expected (Poisson); 0 for none."""
    chance = gammainc(np.maximum(found, 1), np.maximum(expected, 1e-12))
    return np.where(found > 0, -np.log2(np.maximum(chance, SMALLEST_CHANCE)), 0.0)


def transfer_source(
    transfers: pl.DataFrame, owners: Sequence[str], customers: pl.DataFrame, strata: NDArray[np.int64], hub: int
) -> TransferSource | None:
    """The source of a bank's transfers between customers; None where there are none.

    Args:
        transfers: columns of `records.transfers.TRANSFERS`.
        owners: ids of the customers who have transactions.
        customers: of the bank, sorted by id.
        strata: code of each customer's stratum.
        hub: most relations of a customer who is no hub.
    """
    if transfers.is_empty():
        return None
    ids = customers["customer_id"].to_numpy().astype(np.str_)
    relations = relations_of(transfers, ids)
    present = np.isin(ids, np.asarray(owners, dtype=np.str_)) | (relations.pays + relations.paid_by > 0)
    return TransferSource(relations, present, strata, hub)

"""Banks of transfers alone: honest people who pay each other in all the usual ways, and circles, chains and fans."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.bank import Bank

DAYS = 90
Whole = int | np.integer[Any]
Real = float | np.floating[Any] | np.integer[Any]
TOWN = 25
"""Customers of a town, who pay each other more."""


@dataclass(frozen=True)
class TransferWorld:
    """How many customers there are, and what is planted among them."""

    customers: int = 600
    circles: int = 3
    """Of 5 to 9, who send the same money round one to three times, a little less at each step, within days."""
    chains: int = 3
    """Of 5 to 8: what comes in goes on within days."""
    fans: int = 3
    """Of 6 to 10 who pay one like sums within three days; that one pays on what came together."""
    clubs: int = 10
    """Honest fans: some of a town pay one of them a like sum within days, who may pay a bill with it."""


@dataclass
class Drawn:
    """A bank, and what was planted in it."""

    bank: Bank
    planted: list[tuple[str, set[str]]] = field(default_factory=list)
    """Kind and members."""


class _Drawing:
    """Payments (payer, payee, day, sum), as they are drawn."""

    def __init__(self, world: TransferWorld, seed: int) -> None:
        self.world = world
        self.rng = np.random.default_rng(seed)
        self.made: list[tuple[int, int, float, float]] = []
        self.planted: list[tuple[str, list[int]]] = []
        self.town = self.rng.integers(0, max(world.customers // TOWN, 1), world.customers)

    def pay(self, payer: Whole, payee: Whole, day: Real, amount: Real) -> None:
        if payer != payee:
            self.made.append((int(payer), int(payee), float(day), round(float(amount), 2)))

    def some(self, count: Whole) -> NDArray[np.int64]:
        """Different customers, in no order."""
        return self.rng.choice(self.world.customers, int(count), replace=False)

    def waking(self, day: Real) -> float:
        return float(day) + self.rng.normal(14, 3.5) / 24

    def everyday(self) -> None:
        """Each pays some of the town, and some of those whom many pay."""
        activity = self.rng.lognormal(0, 0.7, self.world.customers)
        popular = activity / activity.sum()
        for payer in range(self.world.customers):
            neighbours = np.flatnonzero(self.town == self.town[payer])
            for _ in range(self.rng.poisson(2.5 * activity[payer])):
                near = self.rng.random() < 0.5
                payee = self.rng.choice(neighbours) if near else self.rng.choice(len(activity), p=popular)
                for _ in range(1 + self.rng.poisson(0.8)):
                    amount = self.rng.lognormal(4, 1)
                    rounded = round(amount / 5) * 5 + 5 if self.rng.random() < 0.5 else amount
                    self.pay(payer, payee, self.waking(self.rng.integers(DAYS)), rounded)

    def families(self) -> None:
        """Couples, and families of three to five."""
        rng, count = self.rng, self.world.customers
        for _ in range(count // 10):
            one, other = self.some(2)
            for month in range(DAYS // 30):
                self.pay(one, other, self.waking(30 * month + rng.integers(1, 28)), rng.integers(2, 9) * 100)
            for _ in range(rng.poisson(4)):
                payer, payee = rng.permutation([one, other])
                self.pay(payer, payee, self.waking(rng.integers(DAYS)), rng.lognormal(3.5, 0.8))
        for _ in range(count // 40):
            family = self.some(rng.integers(3, 6))
            for _ in range(rng.poisson(10)):
                payer, payee = rng.choice(family, 2, replace=False)
                self.pay(payer, payee, self.waking(rng.integers(DAYS)), rng.lognormal(4, 1))

    def business(self) -> None:
        """Wages, rents and shops."""
        rng, count = self.rng, self.world.customers
        for _ in range(max(count // 100, 1)):
            employer, payday = rng.integers(count), rng.integers(24, 29)
            for worker in self.some(rng.integers(8, 45)):
                for month, wage in enumerate([rng.lognormal(7.6, 0.3)] * (DAYS // 30)):
                    self.pay(employer, worker, 30 * month + payday + 0.4, wage)
        for _ in range(max(count // 60, 1)):
            landlord = rng.integers(count)
            for tenant in self.some(rng.integers(3, 12)):
                day, rent = rng.integers(1, 4), round(rng.normal(750, 150))
                for month in range(DAYS // 30):
                    self.pay(tenant, landlord, 30 * month + day + 0.4, rent)
        for _ in range(max(count // 75, 1)):
            shop = rng.integers(count)
            for buyer in self.some(rng.integers(15, min(150, count))):
                for _ in range(1 + rng.poisson(0.7)):
                    self.pay(buyer, shop, self.waking(rng.integers(DAYS)), rng.lognormal(3, 0.7))

    def collections(self) -> None:
        """Clubs, and friends who share a bill."""
        for _ in range(self.world.clubs):
            treasurer = self.rng.integers(self.world.customers)
            town = np.flatnonzero(self.town == self.town[treasurer])
            club = self.rng.choice(town, min(int(self.rng.integers(4, 8)), len(town)), replace=False)
            share, day = self.rng.choice([10, 15, 20, 25, 30]), self.rng.integers(DAYS - 4)
            for member in club:
                self.pay(member, treasurer, self.waking(day + self.rng.integers(0, 4)), share)
            if self.rng.random() < 0.5:
                payee = self.rng.integers(self.world.customers)
                self.pay(treasurer, payee, self.waking(day + self.rng.integers(3, 8)), share * len(club))

    def rings(self) -> None:
        """What is planted."""
        rng = self.rng
        for _ in range(self.world.circles):
            ring, amount, day = self.some(rng.integers(5, 10)), rng.uniform(500, 5000), rng.uniform(2, DAYS - 30)
            for number in range(rng.integers(1, 4)):
                self._paid_on([*ring, ring[0]], day + number * rng.uniform(6, 9), amount * rng.normal(1, 0.03))
            self.planted.append(("circle", ring.tolist()))
        for _ in range(self.world.chains):
            ring = self.some(rng.integers(5, 9))
            self._paid_on(ring.tolist(), rng.uniform(2, DAYS - 15), rng.uniform(500, 5000))
            self.planted.append(("chain", ring.tolist()))
        for _ in range(self.world.fans):
            ring, day = self.some(rng.integers(8, 13)), rng.uniform(2, DAYS - 10)
            *senders, collector, last = ring
            sums = rng.uniform(880, 995, len(senders))
            for sender, amount in zip(senders, sums, strict=True):
                self.pay(sender, collector, day + rng.uniform(0, 3), amount)
            self.pay(collector, last, day + 3 + rng.uniform(0.1, 1.5), 0.97 * sums.sum())
            self.planted.append(("fan", ring.tolist()))

    def _paid_on(self, path: list[int], day: float, amount: float) -> None:
        for payer, payee in pairwise(path):
            self.pay(payer, payee, day, amount)
            amount *= self.rng.uniform(0.96, 1)
            day += self.rng.uniform(0.05, 1)


def draw_transfers(world: TransferWorld, seed: int) -> Drawn:
    """Draw a bank of two strata that has transfers between its customers, and nothing else."""
    drawing = _Drawing(world, seed)
    drawing.everyday()
    drawing.families()
    drawing.business()
    drawing.collections()
    drawing.rings()
    ids = [f"C{number:05d}" for number in range(world.customers)]
    begin = datetime(2026, 1, 1)
    debits = pl.DataFrame(
        [
            {
                "customer_id": ids[payer],
                "counterparty_id": ids[payee],
                "timestamp": begin + timedelta(seconds=round(day * 86_400)),
                "amount": -amount,
            }
            for payer, payee, day, amount in drawing.made
        ]
    )
    credits_ = debits.select(
        customer_id="counterparty_id", counterparty_id="customer_id", timestamp="timestamp", amount=-pl.col("amount")
    )
    both = pl.concat([debits, credits_]).with_row_index("number")
    transactions = both.select(
        pl.exclude("number").exclude("timestamp"),
        pl.col("timestamp").cast(pl.Datetime("us")),
        transaction_id=pl.format("T{}", "number"),
    )
    strata = pl.Series("stratum", [f"stratum {number}" for number in drawing.rng.integers(0, 2, world.customers)])
    nothing = pl.DataFrame()
    records = {"transactions": transactions, "notes": nothing, "id_images": nothing}
    customers = pl.DataFrame({"customer_id": ids, "stratum": strata})
    bank = Bank(Path("/nowhere"), customers, records, {}, nothing, "data")
    return Drawn(bank, [(kind, {ids[member] for member in members}) for kind, members in drawing.planted])

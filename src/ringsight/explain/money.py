"""What members of a ring send each other, in plain words: a circle, a chain, a fan, or how much in all.

The words tell what the transfers show, and no part of the score. Honest people pay each other in every one of these
shapes, and each sentence says who does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, pairwise
from statistics import median

import networkx as nx
import polars as pl

from ringsight.explain.words import count

LONGEST = 12
"""Customers of a circle or a chain at most."""
CIRCLES = 5_000
"""Circles that are looked at among a ring's members; in a dense ring there are more."""
TRANSFERS = 2_000
"""Transfers among members that a chain is sought in, the earliest ones."""
SOON = timedelta(days=14)
"""What is paid on later than this is not paid on."""
AS_MUCH = (0.75, 1.05)
"""Shares of what came in that count as the same money."""
FAN = 4
"""Fewest who pay one, or are paid by one,"""
TOGETHER = timedelta(days=7)
"""within so long."""
CITED = 200
"""Transactions that a sentence cites at most, the earliest ones."""
LIKE = 1.5
"""Sums that differ by a greater factor are told from the least to the greatest."""
PERIODS = ((1.5, "a day"), (8.5, "a week"), (16.0, "a fortnight"), (32.0, "a month"))
"""Words for the days between rounds, up to so many."""


class MoveKind(StrEnum):
    """What money does among customers."""

    circle = "circle"
    chain = "chain"
    fan = "fan"
    in_all = "in_all"
    """None of these: they send each other some."""


@dataclass(frozen=True, slots=True)
class MoneyMove:
    """A sentence about transfers among members, and the ids of the customers and transactions that it rests on."""

    kind: MoveKind
    sentence: str
    who: tuple[str, ...]
    """The customers."""
    transactions: tuple[str, ...]
    """Their ids, the earliest `CITED` of them."""

    @property
    def cites(self) -> tuple[str, ...]:
        """What the sentence rests on."""
        return (*self.who, *self.transactions)


@dataclass(frozen=True, slots=True)
class _Transfer:
    sender: str
    receiver: str
    at: datetime
    amount: float
    transaction_ids: tuple[str, ...]


def money_moves(transfers: pl.DataFrame, members: Sequence[str]) -> tuple[MoneyMove, ...]:
    """Tell what members send each other; nothing where they send nothing.

    Args:
        transfers: columns of `records.transfers.TRANSFERS`.
        members: customer ids.
    """
    inside = pl.col("sender").is_in(list(members)) & pl.col("receiver").is_in(list(members))
    rows = transfers.filter(inside).sort("timestamp", "sender", "receiver", "amount").iter_rows()
    sent = [_Transfer(a, b, at, amount, tuple(ids)) for a, b, at, amount, ids in rows]
    if not sent:
        return ()
    told = [*_circle(sent)] or [*_chain(sent)]
    told += _fan(sent)
    return tuple(told or [_in_all(sent, len(members))])


def _circle(sent: Sequence[_Transfer]) -> Iterator[MoneyMove]:
    """The longest circle, the one of most rounds among equals."""
    relations: dict[tuple[str, str], list[_Transfer]] = {}
    for each in sent:
        relations.setdefault((each.sender, each.receiver), []).append(each)
    names = sorted({name for pair in relations for name in pair})
    number = {name: at for at, name in enumerate(names)}
    graph: nx.DiGraph[int] = nx.DiGraph(sorted((number[a], number[b]) for a, b in relations))
    found = [cycle for cycle in islice(nx.simple_cycles(graph, LONGEST), CIRCLES) if len(cycle) > 2]
    if not found:
        return
    rounds = {
        tuple(each): min(len(relations[pair]) for pair in _pairs(each, names)) for each in map(_from_least, found)
    }
    best = min(rounds, key=lambda each: (-len(each), -rounds[each], each))
    made = [transfer for pair in _pairs(best, names) for transfer in relations[pair]]
    path = " → ".join(names[at] for at in (*best, best[0]))
    first = relations[_pairs(best, names)[0]]
    often = f"{count(rounds[best], 'round')}, " if rounds[best] > 1 else ""
    yield MoneyMove(
        MoveKind.circle,
        f"{len(best)} customers send each other {_sums(made)}{_period(first)} in a circle: {path}; "
        f"{often}{_dates(made)}. Family, friends or a savings club may pay each other so.",
        tuple(names[at] for at in best),
        _cited(made),
    )


def _from_least(cycle: Sequence[int]) -> list[int]:
    start = cycle.index(min(cycle))
    return [*cycle[start:], *cycle[:start]]


def _pairs(cycle: Sequence[int], names: Sequence[str]) -> list[tuple[str, str]]:
    return [(names[a], names[b]) for a, b in pairwise((*cycle, cycle[0]))]


def _chain(sent: Sequence[_Transfer]) -> Iterator[MoneyMove]:
    """The longest chain in which each pays on soon what came in."""
    arrived: dict[str, list[tuple[_Transfer, ...]]] = {}
    best: tuple[_Transfer, ...] = ()
    for each in sent[:TRANSFERS]:
        low, high = (share for share in AS_MUCH)
        before = [
            chain
            for chain in arrived.get(each.sender, [])
            if each.at - chain[-1].at <= SOON
            and low <= each.amount / chain[-1].amount <= high
            and len(chain) < LONGEST - 1
            and all(each.receiver != link.sender for link in chain)
        ]
        chain = (*max(before, key=len, default=()), each)
        kept = [old for old in arrived.get(each.receiver, []) if each.at - old[-1].at <= SOON]
        arrived[each.receiver] = [*kept, chain][-LONGEST:]
        best = max(best, chain, key=len)
    if len(best) > 2:
        names = [best[0].sender, *(each.receiver for each in best)]
        yield MoneyMove(
            MoveKind.chain,
            f"Money is paid on along {len(names)} customers, {_sums(best)} each time: {' → '.join(names)}; "
            f"{_dates(best)}. Family, or a purchase paid for together, may look so.",
            tuple(names),
            _cited(best),
        )


def _fan(sent: Sequence[_Transfer]) -> Iterator[MoneyMove]:
    """The most customers who pay one, or are paid by one, within days."""
    best: tuple[int, list[_Transfer], str, bool] = (0, [], "", True)
    for gathers in (True, False):
        by_customer: dict[str, list[_Transfer]] = {}
        for each in sent:
            by_customer.setdefault(each.receiver if gathers else each.sender, []).append(each)
        for customer, made in sorted(by_customer.items()):
            for start, each in enumerate(made):
                near = [other for other in made[start:] if other.at - each.at <= TOGETHER]
                others = {other.sender if gathers else other.receiver for other in near}
                if len(others) > best[0]:
                    best = (len(others), near, customer, gathers)
    size, made, customer, gathers = best
    if size >= FAN:
        ends = sorted({each.sender if gathers else each.receiver for each in made})
        deed = f"{size} customers pay {customer}" if gathers else f"{customer} pays {size} customers"
        yield MoneyMove(
            MoveKind.fan,
            f"{deed} {_sums(made)} each, {_dates(made)}. Rent, wages, a shop or a collection may look so.",
            (customer, *ends),
            _cited(made),
        )


def _in_all(sent: Sequence[_Transfer], members: int) -> MoneyMove:
    names = sorted({name for each in sent for name in (each.sender, each.receiver)})
    total = sum(each.amount for each in sent)
    return MoneyMove(
        MoveKind.in_all,
        f"{len(names)} of {members} members send each other money: {count(len(sent), 'transfer')} of {total:,.0f} "
        f"in all, {_dates(sent)}. Family and friends do so too.",
        tuple(names),
        _cited(sent),
    )


def _sums(made: Sequence[_Transfer]) -> str:
    """Like sums by their middle, to two digits; others from the least to the greatest."""
    amounts = [each.amount for each in made]
    if max(amounts) <= LIKE * min(amounts):
        return f"about {_rounded(median(amounts))}"
    return f"{_rounded(min(amounts))} to {_rounded(max(amounts))}"


def _rounded(amount: float) -> str:
    rounded = float(f"{amount:.2g}")
    return f"{rounded:,.0f}" if rounded >= 1 else f"{rounded:.2f}"


def _period(made: Sequence[_Transfer]) -> str:
    """How often the first pays: `a week`; nothing where it is seldom or no period is steady."""
    apart = [(later.at - earlier.at) / timedelta(days=1) for earlier, later in pairwise(made)]
    if len(apart) < 2 or min(apart) * LIKE < median(apart) or max(apart) > LIKE * median(apart):
        return ""
    return next((f" {word}" for days, word in PERIODS if median(apart) <= days), "")


def _dates(made: Sequence[_Transfer]) -> str:
    """The first and the last day."""
    first, last = min(each.at for each in made), max(each.at for each in made)
    day, end = f"{first.day} {first:%B}", f"{last.day} {last:%B %Y}"
    if first.date() == last.date():
        return end
    return f"{day} to {end}" if first.year == last.year else f"{day} {first.year} to {end}"


def _cited(made: Sequence[_Transfer]) -> tuple[str, ...]:
    in_time = sorted(made, key=lambda each: (each.at, each.sender, each.receiver))
    ids = [name for each in in_time for name in each.transaction_ids]
    return tuple(ids[:CITED])

"""Condition on X: what is left of a ring's corroboration when X is given.

One operation, two of its three answers: with X an innocent column (household address, employer, agent) what remains is
the ring *beyond its innocent explanation*; with X a protected column it is the *proxy audit*. The members stay; their
traces change hands. Members who share a value of X exchange theirs with everybody who carries it in their strata, the
others with their stratum. What such groups corroborate on average is what X explains, and is taken off. A household of
four exchanges its traces among its own four, agrees as before, and is explained whole; four colleagues of a large
employer agree no more than forty colleagues do, and keep nearly everything.

The third answer, a trace left out, needs no shuffling (`rings.detection`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.agreement import Groups, entity_agreement
from ringsight.detection.candidates import Evidence, as_observed
from ringsight.detection.rarity import rarity_bits
from ringsight.graph.sources import CHANCE_BITS, EntitySource, Rows
from ringsight.records.bank import Bank, ColumnRole

WORLDS = 100
"""How often the traces of a ring change hands."""
LARGEST_POOL = 2_000
"""Customers at most, a random draw of a larger group, with whom traces are exchanged."""
DECADES = 12
"""A protected column of numbers with more distinct values than this is taken in tens: a birth year by its decade."""
COINCIDENCE = 10.0
"""Bits of coincidence by which a value must be common in a group to be one of its own: one in a thousand."""


class ConditionKind(StrEnum):
    """What is given."""

    innocent = "innocent"
    """A column that makes honest people alike."""
    protected = "protected"
    """A column that must not be the reason for a flag."""
    without = "without"
    """A trace is left out."""
    only = "only"
    """All traces but the fewest that suffice are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A column that rings are conditioned on."""

    kind: ConditionKind
    name: str
    codes: NDArray[np.int64]
    """Customer -> code of its value, -1 where absent; shape (customers,)."""
    values: list[str]
    """By code."""

    def common(self, members: Rows) -> tuple[str, int]:
        """The value that most members carry (ties by value), and how many do; ("", 0) where none has any."""
        carried = self.codes[members]
        counts = np.bincount(carried[carried >= 0])
        return (self.values[int(counts.argmax())], int(counts.max())) if len(counts) else ("", 0)

    def characterises(self, members: Rows) -> bool:
        """Whether at least half of a group carry one value, and sharing it so is itself a coincidence."""
        carriers = self.common(members)[1]
        return carriers > 1 and 2 * carriers >= len(members) and self.coincidence(members) >= COINCIDENCE

    def coincidence(self, members: Rows) -> float:
        """Bits of chance against so many members sharing values: the union bound of `rings.agreement`."""
        present = self.codes >= 0
        carriers = np.bincount(self.codes[present], minlength=len(self.values))
        bits = np.log2(max(int(present.sum()), 1) / np.maximum(carriers, 1))
        trace = EntitySource(name=self.name, present=present, codes=self.codes, bits=bits)
        return float(entity_agreement(trace, Groups.of([members]), np.arange(len(self.codes)))[0])


def innocent(members: Rows, conditions: Sequence[Condition]) -> bool:
    """Whether an innocent column explains that members stand apart from strangers."""
    return any(c.kind is ConditionKind.innocent and c.characterises(members) for c in conditions)


def declared_conditions(bank: Bank) -> list[Condition]:
    """The innocent columns, then the protected ones, each sorted by name.

    Two are derived where the bank does not give them: `agent_id`, the agent who wrote most of a customer's notes, and
    `opened_week`, the week in which the account was opened, within its `onboarding` channel where that is known. Of
    names the last word counts: relatives and origins share it.
    """
    innocent = {column: _text(bank.customers[column]) for column in bank.columns_with(ColumnRole.innocent)}
    if "agent_id" not in bank.customers.columns and "agent_id" in bank.notes.columns:
        innocent["agent_id"] = _main_agent(bank)
    if "opened_at" in bank.customers.columns and "opened_week" not in bank.customers.columns:
        innocent["opened_week"] = _opened_week(bank.customers)
    protected = {column: _protected(bank.customers[column]) for column in bank.columns_with(ColumnRole.protected)}
    return [
        *(_coded(ConditionKind.innocent, name, values) for name, values in sorted(innocent.items())),
        *(_coded(ConditionKind.protected, name, values) for name, values in sorted(protected.items())),
    ]


def _coded(kind: ConditionKind, name: str, values: pl.Series) -> Condition:
    known = sorted(values.drop_nulls().unique().to_list())
    codes = values.replace_strict(known, range(len(known)), default=-1, return_dtype=pl.Int64) if known else None
    return Condition(kind, name, np.full(len(values), -1) if codes is None else codes.fill_null(-1).to_numpy(), known)


def _text(values: pl.Series) -> pl.Series:
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def _main_agent(bank: Bank) -> pl.Series:
    notes = bank.notes.select(pl.col("customer_id", "agent_id").cast(pl.String)).drop_nulls()
    most = (
        notes.group_by("customer_id", "agent_id")
        .len()
        .sort("len", "agent_id", descending=[True, False])
        .unique("customer_id", keep="first")
    )
    return bank.customers.select("customer_id").join(most, on="customer_id", how="left", maintain_order="left")[
        "agent_id"
    ]


def _opened_week(customers: pl.DataFrame) -> pl.Series:
    week = pl.col("opened_at").dt.strftime("%G-W%V")
    if "onboarding" in customers.columns:
        week = pl.format("{} {}", pl.col("onboarding").cast(pl.String).fill_null("unknown"), week)
    return customers.select(opened_week=week)["opened_week"]


def _protected(values: pl.Series) -> pl.Series:
    text = _text(values)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == text.null_count() and numbers.n_unique() > DECADES:
        return (numbers / 10).floor().cast(pl.Int64).cast(pl.String) + "0s"
    return text.str.split(" ").list.last() if values.name.casefold() == "name" else text


def remaining(
    evidence: Evidence, candidates: Sequence[tuple[int, Rows]], condition: Condition, strata: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Corroborating bits that remain of each candidate, given the condition; shape (candidates,).

    Where the condition is one of the group's own, no more remains than the surprise, in bits, that those who share it
    agree so well: a household agrees as before whoever carries whose trace, and the luck of a stranger beside it is
    no evidence.

    Args:
        evidence: all traces of the bank.
        candidates: proposer (see `Candidates.proposer`) and members of each.
        condition: what is given.
        strata: stratum of each customer; shape (customers,).
    """
    left = np.zeros(len(candidates))
    own = as_observed(evidence.traces)
    for number, (proposer, members) in enumerate(candidates):
        rng = np.random.default_rng([evidence.seed, int(members[0]), len(members)])
        observed = evidence.weigh(proposer, [members], own).corroboration[0]
        pools = _pools(members, condition.codes, strata)
        owners = {trace.name: _drawn(pools, trace.present, members, rng) for trace in evidence.traces}
        groups = [np.arange(world * len(members), (world + 1) * len(members)) for world in range(WORLDS)]
        explained = np.sort(evidence.weigh(proposer, groups, owners).corroboration)
        left[number] = max(observed - max(explained.mean(), 0.0), 0.0)
        if condition.characterises(members):
            left[number] = min(left[number], rarity_bits(np.array([observed]), explained, CHANCE_BITS)[0])
    return left


def _pools(members: Rows, codes: NDArray[np.int64], strata: NDArray[np.str_]) -> list[tuple[Rows, Rows]]:
    """Places in the ring, and the customers with whom those members exchange their traces.

    Pools of shared values hold everybody of the sharers' strata who carries the value; those of strata hold the rest.
    """
    carried = codes[members]
    taken = np.zeros(len(codes), dtype=np.bool_)
    alone = np.ones(len(members), dtype=np.bool_)
    pools = []
    for value in np.unique(carried[carried >= 0]):
        sharers = np.flatnonzero(carried == value)
        if len(sharers) > 1:
            pool = np.flatnonzero((codes == value) & np.isin(strata, strata[members[sharers]]))
            taken[pool], alone[sharers] = True, False
            pools.append((sharers, pool))
    for stratum in np.unique(strata[members[alone]]):
        here = np.flatnonzero(alone & (strata[members] == stratum))
        pools.append((here, np.flatnonzero((strata == stratum) & ~taken)))
    return pools


def _drawn(
    pools: Sequence[tuple[Rows, Rows]], present: NDArray[np.bool_], members: Rows, rng: np.random.Generator
) -> Rows:
    """Whose trace each member carries in each world; who lacks the trace goes on lacking it; shape (worlds * size,)."""
    owner = np.tile(members, (WORLDS, 1))
    for places, pool in pools:
        have = places[present[members[places]]]
        donors = pool[present[pool]]
        if len(donors) > max(LARGEST_POOL, 2 * len(have)):
            donors = rng.choice(donors, max(LARGEST_POOL, 2 * len(have)), replace=False)
        order = rng.random((WORLDS, len(donors))).argsort(axis=1)[:, : len(have)]
        owner[:, have] = donors[order]
    return owner.ravel()

"""Columns that rings are conditioned on: innocent ones that may explain a ring, and protected ones that must not.

What is left of a ring given a column is worked out in `conditional`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.agreement import entity_agreement
from ringsight.detection.groups import Groups
from ringsight.detection.spellings import most_of_one_name
from ringsight.graph.sources import EntitySource, Rows
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.written import carried

DECADES = 12
"""A protected column of numbers with more distinct values than this is taken in tens: a birth year by its decade."""
COINCIDENCE = (2.0, 2.0, 12.0)
"""Bits of coincidence by which a value must be common in a group to be one of its own: so many, so many more for each
member, and at most so many. Three of three at one branch of thirty suffice; in a larger group half must share it."""


class ConditionKind(StrEnum):
    """What is given."""

    innocent = "innocent"
    """A column that makes honest people alike."""
    protected = "protected"
    """A column that must not be the reason for a flag."""
    without = "without"
    """A source is left out."""
    only = "only"
    """All sources but the fewest that suffice are left out."""
    one_person = "one_person"
    """The members' names are one name in several spellings: one person, perhaps, whom the name then does not excuse."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A column that rings are conditioned on."""

    kind: ConditionKind
    name: str
    codes: NDArray[np.int64]
    """Customer -> code of its value, -1 where absent; shape (customers,)."""
    values: list[str]
    """By code."""
    names: Sequence[str] = ()
    """Of a column of names what the bank wrote, by customer, empty where nothing; of other columns nothing."""

    def common(self, members: Rows) -> tuple[str, int]:
        """The value that most members carry (ties by value), and how many do; ("", 0) where none has any."""
        carried = self.codes[members]
        counts = np.bincount(carried[carried >= 0])
        return (self.values[int(counts.argmax())], int(counts.max())) if len(counts) else ("", 0)

    def carriers(self, groups: Groups) -> NDArray[np.int64]:
        """How many members of each group carry its commonest value; shape (groups,)."""
        code = self.codes[groups.members]
        held = code >= 0
        key, counts = np.unique(groups.group[held] * len(self.values) + code[held], return_counts=True)
        most = np.zeros(groups.count, dtype=np.int64)
        np.maximum.at(most, key // len(self.values), counts)
        return most

    def shared_by_few(self, groups: Groups, few: int) -> NDArray[np.bool_]:
        """Groups of whom two carry a value that at most `few` customers of the bank carry; shape (groups,)."""
        known = self.codes >= 0
        carriers = np.bincount(self.codes[known], minlength=len(self.values))
        code = self.codes[groups.members]
        rare = np.flatnonzero(code >= 0)
        rare = rare[carriers[code[rare]] <= few]
        key, sharers = np.unique(groups.group[rare] * len(self.values) + code[rare], return_counts=True)
        shared = np.zeros(groups.count, dtype=np.bool_)
        shared[key[sharers > 1] // len(self.values)] = True
        return shared

    def one_person(self, members: Rows) -> int:
        """How many members have one name in several spellings, if that is half of them and all who share the value.

        Two people of one family share a last word, spellings of one name nearly all: then the column explains nothing
        that one person with several accounts would not.
        """
        if not len(self.names):
            return 0
        same = most_of_one_name([self.names[member] for member in members.tolist()])
        return same if 2 * same >= len(members) and same >= self.common(members)[1] > 1 else 0

    def characterises(self, groups: Groups) -> NDArray[np.bool_]:
        """Whether half of each group carry one value, and sharing it so is itself a coincidence; shape (groups,).

        The coincidence is the union bound of `agreement.entity_agreement`.
        """
        present = self.codes >= 0
        customers = np.bincount(self.codes[present], minlength=len(self.values))
        bits = np.log2(max(int(present.sum()), 1) / np.maximum(customers, 1))
        source = EntitySource(name=self.name, present=present, codes=self.codes, bits=bits)
        coincidence = entity_agreement(source, groups, np.arange(len(self.codes))).full
        base, each, most = COINCIDENCE
        carriers = self.carriers(groups)
        needed = np.minimum(base + each * groups.sizes, most)
        own: NDArray[np.bool_] = (carriers > 1) & (2 * carriers >= groups.sizes) & (coincidence >= needed)
        return own


def explained_innocently(groups: Groups, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """Groups that an innocent column characterises; shape (groups,)."""
    explained = np.zeros(groups.count, dtype=np.bool_)
    for condition in conditions:
        if condition.kind is ConditionKind.innocent:
            explained |= condition.characterises(groups)
    return explained


def around_circles(groups: Groups, conditions: Sequence[Condition], few: int) -> NDArray[np.bool_]:
    """Groups of whom two share an innocent value that at most `few` customers carry, as in a household; (groups,)."""
    around = np.zeros(groups.count, dtype=np.bool_)
    for condition in conditions:
        if condition.kind is ConditionKind.innocent:
            around |= condition.shared_by_few(groups, few)
    return around


def declared_conditions(bank: Bank) -> list[Condition]:
    """The innocent columns, then the protected ones, each sorted by name.

    Two are derived where the bank does not give them: `agent_id`, the agent who wrote most of a customer's notes, and
    `opened_week`, the week in which the account was opened, within its `onboarding` channel where that is known. Of
    names the last word counts: relatives and origins share it. Of several values of one customer counts the rarest that
    somebody else has too: a household's address before the employer's.
    """
    innocent = {column: _text(bank.customers, column) for column in bank.columns_with(ColumnRole.innocent)}
    if "agent_id" not in bank.customers.columns and "agent_id" in bank.notes.columns:
        innocent["agent_id"] = _main_agent(bank)
    if "opened_at" in bank.customers.columns and "opened_week" not in bank.customers.columns:
        innocent["opened_week"] = _opened_week(bank.customers)
    protected = {
        column: _protected(_text(bank.customers, column)) for column in bank.columns_with(ColumnRole.protected)
    }
    return [
        *(_coded(ConditionKind.innocent, name, values) for name, values in sorted(innocent.items())),
        *(_named(_coded(ConditionKind.protected, name, values), bank) for name, values in sorted(protected.items())),
    ]


def _named(condition: Condition, bank: Bank) -> Condition:
    """With the whole names, if it is a column of names."""
    if not _is_name(condition.name):
        return condition
    return replace(condition, names=_text(bank.customers, condition.name).fill_null("").to_list())


def _is_name(column: str) -> bool:
    return column.casefold() == "name"


def _coded(kind: ConditionKind, name: str, values: pl.Series) -> Condition:
    known = sorted(values.drop_nulls().unique().to_list())
    codes = values.replace_strict(known, range(len(known)), default=-1, return_dtype=pl.Int64) if known else None
    return Condition(kind, name, np.full(len(values), -1) if codes is None else codes.fill_null(-1).to_numpy(), known)


def _text(customers: pl.DataFrame, column: str) -> pl.Series:
    """One value of each customer, null where there is none."""
    values = customers[column]
    if values.dtype.is_nested():
        held = carried(customers, column).with_columns(carriers=pl.len().over("value"))
        first = held.sort(pl.col("carriers") == 1, "carriers", "value").unique("row", keep="first")
        rows = pl.DataFrame({"row": pl.int_range(customers.height, dtype=pl.UInt32, eager=True)})
        values = rows.join(first, on="row", how="left", maintain_order="left")["value"].rename(column)
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


def _protected(text: pl.Series) -> pl.Series:
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == text.null_count() and numbers.drop_nulls().n_unique() > DECADES:
        return (numbers / 10).floor().cast(pl.Int64).cast(pl.String) + "0s"
    return text.str.split(" ").list.last() if _is_name(text.name) else text

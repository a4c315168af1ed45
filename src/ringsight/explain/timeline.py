"""What happened when in a ring: money in, out and among its members, and accounts, photographs and calls beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import polars as pl

from ringsight.records.bank import Bank

SPANS = 60
"""Spans of time at most;"""
WIDTHS = (1, 2, 7, 14, 28, 91, 364)
"""each so many days wide, the fewest that suffice."""
MARKS = 2_000
"""Marks that are kept, the latest ones."""


class MarkKind(StrEnum):
    """What stands beside the money."""

    opening = "opening"
    """An account was opened."""
    photograph = "photograph"
    """An ID image was taken."""
    call = "call"
    """A note was written of a call."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One of them."""

    kind: MarkKind
    day: date
    customer_id: str


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """Sums of money in one span of time, each positive and in the bank's own units."""

    first: date
    incoming: float
    """From outside the ring to members."""
    outgoing: float
    """From members to outside."""
    among: float
    """From member to member, counted once."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened when."""

    spans: tuple[TimelineSpan, ...]
    """In the order of time, without a gap; none where the members have no transaction."""
    width: int
    """Days of each."""
    marks: tuple[Mark, ...]
    """In the order of time; some may lie before the first bin or after the last."""
    currencies: tuple[str, ...]
    """In which the sums are, which are added up as they stand; none where the bank does not say."""

    def sums(self) -> TimelineSpan:
        """Everything added up, from the first day on."""
        totals = [sum(getattr(each, name) for each in self.spans) for name in ("incoming", "outgoing", "among")]
        return TimelineSpan(self.spans[0].first if self.spans else date.min, *totals)

    def days_of(self, kind: MarkKind) -> list[date]:
        """The days of one kind of mark, in the order of time."""
        return [mark.day for mark in self.marks if mark.kind is kind]


def timeline(members: Sequence[str], transactions: pl.DataFrame, transfers: pl.DataFrame, bank: Bank) -> Timeline:
    """Lay out what happened in a ring.

    Args:
        members: customer ids.
        transactions: theirs.
        transfers: columns of `records.transfers.TRANSFERS`.
        bank: the accounts, notes and ID images.
    """
    who = list(members)
    inside = pl.col("sender").is_in(who) & pl.col("receiver").is_in(who)
    among = transfers.filter(inside).select(day=pl.col("timestamp").dt.date(), amount="amount")
    outside = transactions.filter(pl.col("customer_id").is_in(who))
    if "counterparty_id" in transactions.columns:
        met = pl.col("counterparty_id").cast(pl.String).str.strip_chars().is_in(who)
        outside = outside.filter(~met.fill_null(value=False))
    moved = outside.select(day=pl.col("timestamp").dt.date(), amount="amount")
    spans, width = _spans(moved, among)
    marks = sorted(_marks(who, bank), key=lambda mark: (mark.day, mark.kind, mark.customer_id))
    named = transactions["currency"].cast(pl.String).drop_nulls() if "currency" in transactions.columns else pl.Series()
    return Timeline(tuple(spans), width, tuple(marks[-MARKS:]), tuple(sorted(named.unique().to_list())))


def _spans(moved: pl.DataFrame, among: pl.DataFrame) -> tuple[list[TimelineSpan], int]:
    days = pl.concat([moved["day"], among["day"]])
    if days.is_empty():
        return [], WIDTHS[0]
    first, last = days.min(), days.max()
    assert isinstance(first, date)  # noqa: S101 - a column of dates that is not empty
    assert isinstance(last, date)  # noqa: S101
    span = (last - first).days + 1
    width = next((days for days in WIDTHS if span <= days * SPANS), -(-span // SPANS))
    sums: list[dict[int, float]] = []
    for table, part in (
        (moved, pl.col("amount").clip(lower_bound=0)),
        (moved, (-pl.col("amount")).clip(lower_bound=0)),
        (among, pl.col("amount")),
    ):
        at = ((pl.col("day") - first).dt.total_days() // width).alias("at")
        sums.append(dict(table.group_by(at).agg(part.sum()).iter_rows()))
    starts = range(-(-span // width))
    return [
        TimelineSpan(first + timedelta(days=at * width), *(each.get(at, 0.0) for each in sums)) for at in starts
    ], width


def _marks(members: list[str], bank: Bank) -> Iterator[Mark]:
    for kind, table, column in (
        (MarkKind.opening, bank.customers, "opened_at"),
        (MarkKind.photograph, bank.id_images, "captured_at"),
        (MarkKind.call, bank.notes, "timestamp"),
    ):
        if column in table.columns:
            own = table.filter(pl.col("customer_id").is_in(members))
            own = own.select(pl.col("customer_id").cast(pl.String), moment=column).drop_nulls()
            for customer, moment in own.iter_rows():
                yield Mark(kind, moment.date() if isinstance(moment, datetime) else moment, customer)

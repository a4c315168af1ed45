"""How far the columns of the records have moved between two nights, and what there is to say of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.drift.contrast_groups import FEWEST, ContrastGroup, Who
from ringsight.drift.profiles import ColumnKind, ColumnValues, Profiles, Ranges, missing
from ringsight.records.bank import Bank
from ringsight.records.contract import tables

COLUMNS = {
    "table": pl.String,
    "column": pl.String,
    "missing_reference": pl.Float64,
    "missing_tonight": pl.Float64,
    "values_reference": pl.Int64,
    "values_tonight": pl.Int64,
    "new_values": pl.Int64,
    "vanished_values": pl.Int64,
    "new_share": pl.Float64,
    "examples": pl.String,
}
"""Of each column: the share that is missing, how many values, how many of them are new and how many have vanished, the
share of tonight's rows with a new one, and some of the new ones where there are few values."""
VOLUMES = {
    "table": pl.String,
    "reference": pl.Int64,
    "tonight": pl.Int64,
    "ratio": pl.Float64,
    "customers_reference": pl.Int64,
    "customers_tonight": pl.Int64,
}
"""Rows of each table, and how many customers have any."""
EXAMPLES = 8


@dataclass(frozen=True, slots=True, eq=False)
class ProfileContrast:
    """How far the mean profile of customers has moved."""

    group: ContrastGroup
    rows: NDArray[np.int64]
    """Of the group's customers, those compared."""
    profiles: NDArray[np.float32]
    """Of `stayed`, tonight's less the reference's; of `came`, each one's own; shape (rows, ranges)."""
    ordered: bool

    @property
    def customers(self) -> int:
        """How many are compared."""
        return len(self.rows)

    @property
    def still(self) -> bool:
        """Whether nothing has moved at all."""
        return bool((self.profiles == (0 if self.group is ContrastGroup.stayed else self.profiles[0])).all())

    def of(self, draws: NDArray[np.float32]) -> NDArray[np.float64]:
        """The largest distance of distributions where values are ordered, else total variation."""
        own = draws[:, self.rows]
        moved = own @ self.profiles
        if self.group is ContrastGroup.stayed:
            moved = moved / len(self.rows)
        else:
            came = own.sum(axis=1, keepdims=True)
            others = len(self.rows) - came
            rest = self.profiles.sum(axis=0) - moved
            moved = moved / np.maximum(came, 1) - rest / np.maximum(others, 1)
            moved[np.minimum(came, others)[:, 0] == 0] = 0
        if self.ordered:
            farthest: NDArray[np.float64] = np.abs(np.cumsum(moved, axis=1, dtype=np.float64)).max(axis=1)
            return farthest
        scale = 1.0 if moved.shape[1] == 1 else 0.5
        apart: NDArray[np.float64] = scale * np.abs(moved).sum(axis=1, dtype=np.float64)
        return apart

    def effect(self, statistic: float, chance: float) -> float:
        """By what share the values have moved, beyond chance."""
        return statistic - chance


def column_contrasts(
    reference: ColumnValues, tonight: ColumnValues, who: Who, group: ContrastGroup
) -> Iterator[tuple[str, ProfileContrast]]:
    """What can be compared of a column, for a group of customers: `values`, and `missing` where any is."""
    ranges = Ranges.of(reference, tonight)
    if ranges is not None:
        profiles = (ranges.profiles(reference, _before(who, group)), ranges.profiles(tonight, _now(who, group)))
        yield from _contrast("values", group, profiles, ranges.ordered)
    if reference.values.null_count() or tonight.values.null_count():
        yield from _contrast(
            "missing", group, (missing(reference, _before(who, group)), missing(tonight, _now(who, group))), False
        )


def _before(who: Who, group: ContrastGroup) -> NDArray[np.str_]:
    return who.stayed if group is ContrastGroup.stayed else who.compared


def _now(who: Who, group: ContrastGroup) -> NDArray[np.str_]:
    return who.stayed if group is ContrastGroup.stayed else who.came


def _contrast(
    what: str, group: ContrastGroup, profiles: tuple[Profiles, Profiles], ordered: bool
) -> Iterator[tuple[str, ProfileContrast]]:
    before, now = profiles
    if group is ContrastGroup.stayed:
        rows = np.flatnonzero(before.known & now.known)
        if len(rows) >= FEWEST:
            yield what, ProfileContrast(group, rows, (now.shares - before.shares)[rows], ordered)
        return
    came, others = np.flatnonzero(now.known), np.flatnonzero(before.known)
    if min(len(came), len(others)) >= FEWEST:
        shares = np.concatenate([now.shares[came], before.shares[others]])
        yield what, ProfileContrast(group, np.concatenate([came, others + len(now.known)]), shares, ordered)


def column_table(
    reference: Mapping[tuple[str, str], ColumnValues], tonight: Mapping[tuple[str, str], ColumnValues]
) -> pl.DataFrame:
    """What there is to say of each column of both nights; columns of `COLUMNS`."""
    rows = [_row(reference[key], tonight[key]) for key in tonight if key in reference]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _row(before: ColumnValues, now: ColumnValues) -> tuple[object, ...]:
    old, new = before.values.drop_nulls().unique(), now.values.drop_nulls().unique()
    told = before.kind is ColumnKind.named
    fresh, gone = new.filter(~new.is_in(old.implode())), old.filter(~old.is_in(new.implode()))
    filled = now.values.drop_nulls()
    share = int(filled.is_in(fresh.implode()).sum()) / len(filled) if told and len(filled) else None
    few = told and max(len(old), len(new)) <= 100
    return (
        *now.key,
        _share_missing(before),
        _share_missing(now),
        len(old) if told else None,
        len(new) if told else None,
        len(fresh) if told else None,
        len(gone) if told else None,
        share,
        ", ".join(fresh.sort().head(EXAMPLES).to_list()) if few else "",
    )


def _share_missing(column: ColumnValues) -> float | None:
    return column.values.null_count() / len(column.values) if len(column.values) else None


def volume_table(reference: Bank, tonight: Bank) -> pl.DataFrame:
    """Rows of each table on both nights; columns of `VOLUMES`."""
    rows = []
    for name, table in tables().items():
        before, now = (
            bank.customers if name == "customers" else bank.table(getattr(table, "modality", ""))
            for bank in (reference, tonight)
        )
        ratio = len(now) / len(before) if len(before) else None
        rows.append(
            (
                name,
                len(before),
                len(now),
                ratio,
                *(each["customer_id"].n_unique() if len(each) else 0 for each in (before, now)),
            )
        )
    return pl.DataFrame(rows, schema=VOLUMES, orient="row")


def named_columns(columns: Sequence[ColumnValues]) -> dict[tuple[str, str], ColumnValues]:
    """Columns by table and name."""
    return {column.key: column for column in columns}

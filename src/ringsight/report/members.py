"""The members of a ring: what the bank knows of them, and their records in short."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ringsight.errors import DataError
from ringsight.explain.matching import IMAGES_EACH, NOTES_EACH
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.written import carried
from ringsight.report.marked_notes import Note, Span, note
from ringsight.report.photographs import Photograph, photograph
from ringsight.report.rhythm import Rhythm, rhythm


@dataclass(frozen=True, slots=True)
class CarriedValue:
    """A value that two members or more carry."""

    column: str
    value: str
    written: tuple[str, ...]
    """How members wrote it, where that is otherwise; sorted."""
    carriers: int
    in_bank: float
    """Share of all customers who carry it."""
    role: ColumnRole
    """`evidence`, or `innocent`: a reason for honest people to be alike."""


@dataclass(frozen=True, slots=True)
class MemberProfile:
    """One member; `number` is shown in the drawing and in the table."""

    number: int
    customer_id: str
    opened: str
    segment: str
    region: str
    evidence: tuple[tuple[str, bool], ...]
    """For each evidence column shown: the values, and whether another member carries one of them."""
    rhythm: Rhythm | None
    notes: tuple[Note, ...]
    images: tuple[Photograph, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The records of some customers, by customer."""

    bank: Bank
    customers: dict[str, dict[str, Any]]
    transactions: dict[str, pl.DataFrame]
    notes: dict[str, pl.DataFrame]
    images: dict[str, pl.DataFrame]


def records_of(bank: Bank, customer_ids: Iterable[str]) -> Records:
    """Gather what `members` and `carried_values` need, in one pass over each table.

    Raises:
        DataError: if the bank has no such customer.
    """
    wanted = pl.DataFrame({"customer_id": sorted(customer_ids)}, schema={"customer_id": pl.String})
    strangers = wanted.join(bank.customers, on="customer_id", how="anti")["customer_id"]
    if len(strangers):
        raise DataError(
            f"customer {strangers[0]!r}, a member of a ring, is not in this bank",
            where=str(bank.path),
            remedy="report a detection together with the bank that was searched",
        )
    return Records(
        bank=bank,
        customers={row["customer_id"]: row for row in _of(bank.customers, wanted).iter_rows(named=True)},
        transactions=_by_customer(_of(bank.transactions, wanted)),
        notes=_by_customer(_latest(_of(bank.notes, wanted), "timestamp", "note_id", NOTES_EACH)),
        images=_by_customer(_latest(_of(bank.id_images, wanted), "captured_at", "image_id", IMAGES_EACH)),
    )


def carried_values(records: Records, members: list[str]) -> list[CarriedValue]:
    """Evidence values of two members or more, then innocent values of half of them or more; most carried first."""
    shared = []
    written = records.bank.written.of(members)
    for role, enough in ((ColumnRole.evidence, 2), (ColumnRole.innocent, max(2, len(members) / 2))):
        for column in records.bank.columns_with(role):
            values = Counter(value for customer in members for value in values_of(records.customers[customer], column))
            for value, carriers in values.items():
                if carriers >= enough:
                    spelt = {each for several in written.get((column, value), {}).values() for each in several}
                    in_bank = _share(records.bank, column, value)
                    shared.append(CarriedValue(column, value, tuple(sorted(spelt)), carriers, in_bank, role))
    return sorted(shared, key=lambda s: (s.role != ColumnRole.evidence, -s.carriers, s.column, s.value))


def carried_columns(shared: Iterable[CarriedValue]) -> list[str]:
    """The evidence columns in which members share a value, sorted."""
    return sorted({value.column for value in shared if value.role is ColumnRole.evidence})


def members(
    records: Records, shown: list[str], shared: list[CarriedValue], spans: Mapping[str, Sequence[Span]], full: int
) -> list[MemberProfile]:
    """Describe the members of one ring.

    Args:
        records: of these customers at least.
        shown: customer ids, in the order of their numbers.
        shared: what `carried_values` found in the ring; the values in its evidence columns are shown.
        spans: by note, the passages that another member's note has too.
        full: for how many members, from the first on, notes and images are shown too.
    """
    common = {(value.column, value.value) for value in shared}
    columns = carried_columns(shared)
    people = []
    for number, customer in enumerate(shown, start=1):
        row = records.customers[customer]
        values = [(column, values_of(row, column)) for column in columns]
        notes, images = (table.get(customer) if number <= full else None for table in (records.notes, records.images))
        people.append(
            MemberProfile(
                number=number,
                customer_id=customer,
                opened=date_of(row.get("opened_at")),
                segment=_value(row, "segment"),
                region=_value(row, "region"),
                evidence=tuple(
                    (", ".join(held), any((column, value) in common for value in held)) for column, held in values
                ),
                rhythm=rhythm(records.transactions[customer]) if customer in records.transactions else None,
                notes=tuple(
                    note(row["note_id"], date_of(row["timestamp"]), row["text"], spans.get(row["note_id"], ()))
                    for row in _rows(notes)
                ),
                images=tuple(photograph(records.bank.pictures, row["image_id"], row["path"]) for row in _rows(images)),
            )
        )
    return people


def _share(bank: Bank, column: str, value: str) -> float:
    return carried(bank.customers, column).filter(pl.col("value") == value)["row"].n_unique() / len(bank.customers)


def _of(table: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("customer_id").cast(pl.String)).join(wanted, on="customer_id", how="semi")


def _latest(table: pl.DataFrame, moment: str, name: str, each: int) -> pl.DataFrame:
    order = [column for column in (moment, name) if column in table.columns]
    return table.sort(order).group_by("customer_id", maintain_order=True).tail(each)


def _by_customer(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): rows for key, rows in table.partition_by("customer_id", as_dict=True).items()}


def _rows(table: pl.DataFrame | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_dicts()


def values_of(row: Mapping[str, object], column: str) -> list[str]:
    """The values of a customer in an entity column."""
    value = row.get(column)
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [str(each) for each in several]


def _value(row: dict[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value)


def date_of(moment: Any) -> str:  # noqa: ANN401 - a date, a timestamp or nothing, as the bank gave it
    """The day of a moment; empty where there is none."""
    return "" if moment is None else str(moment)[:10]

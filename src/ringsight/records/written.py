"""How a bank wrote the values of its customers' columns, beside the one spelling that stands in the bank."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

SPELLINGS = {"customer_id": pl.String, "column": pl.String, "value": pl.String, "written": pl.String}
PLACEHOLDERS = {
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "customers": pl.Int64,
    "masked": pl.Boolean,
}


LISTED = 5
"""Placeholders of a column that are named in a line,"""
COUNTED = 20
"""and where they are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What the bank wrote that does not stand in its customers table."""

    spellings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPELLINGS))
    """Where a customer's value was written otherwise than it stands in the table: customer_id, column, value and what
    was written; sorted."""
    placeholders: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PLACEHOLDERS))
    """Values that stand for nothing, or may: column, value as written, reason, how many customers have it, and whether
    it is masked, which is to say absent from the table; the most frequent first."""
    remarks: tuple[str, ...] = ()
    """What else a person should know of how the columns were read."""

    def of(self, customers: Collection[str]) -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
        """How some customers' values were written: column and value -> customer -> what was written."""
        mine = self.spellings.filter(pl.col("customer_id").is_in(sorted(customers)))
        found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        for customer, column, value, written in mine.iter_rows():
            by_customer = found.setdefault((column, value), {})
            by_customer[customer] = (*by_customer.get(customer, ()), written)
        return found

    def with_further(self, placeholders: pl.DataFrame, remarks: tuple[str, ...]) -> "Written":
        """With placeholders of another column, and further remarks."""
        whole = pl.concat([self.placeholders, placeholders])
        return replace(self, placeholders=whole, remarks=(*self.remarks, *remarks))

    def described(self) -> list[str]:
        """The same in lines to read: what stands for nothing, what may, and the remarks."""
        lines = []
        for masked, said in (
            (True, "masked, for it stands for nothing"),
            (False, "suspected of standing for nothing, and not masked"),
        ):
            for (column,), rows in self.placeholders.filter(masked=masked).group_by("column", maintain_order=True):
                told = [
                    f"{value!r} of {customers:,} customers ({reason})"
                    for value, reason, customers in rows.select("value", "reason", "customers").head(LISTED).iter_rows()
                ]
                more = f", and {rows.height - LISTED:,} more" if rows.height > LISTED else ""
                lines.append(f"{column}: {said}: {', '.join(told)}{more}")
        if not self.placeholders.is_empty():
            lines.append("bank.placeholders=[VALUE] masks a value, bank.not_placeholders=[VALUE] keeps one")
        return [*lines, *self.remarks]

    def counted(self) -> dict[str, dict[str, Any]]:
        """By column how many customers have a value that is masked, and a suspected one; and the values masked.

        Of these the most frequent, with their customers; a suspected value may be somebody's, and is not told.
        """
        found = {}
        for (column,), rows in self.placeholders.group_by("column", maintain_order=True):
            masked = rows.filter("masked")
            found[str(column)] = {
                "masked": int(masked["customers"].sum()),
                "suspected": int(rows.filter(~pl.col("masked"))["customers"].sum()),
                "values": dict(masked.select("value", "customers").head(COUNTED).iter_rows()),
            }
        return dict(sorted(found.items()))


def carried(customers: pl.DataFrame, column: str) -> pl.DataFrame:
    """The values of an entity column, a row for each customer and value.

    Returns:
        `row` (place in the table), `value`, and where the table has it `customer_id`.
    """
    ids = [each for each in customers.columns if each == "customer_id"]
    held = customers.select(*ids, value=pl.col(column)).with_row_index("row")
    if held.schema["value"].is_nested():
        held = held.explode("value")
    return held.with_columns(pl.col("value").cast(pl.String)).drop_nulls("value")

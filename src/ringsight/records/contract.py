"""The data contract: the tables of a bank's folder and their columns (README, "Your data")."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.records.bank import ColumnRole


class Values(StrEnum):
    """What the values of a column are, and so how they are read and checked."""

    key = "key"
    """The id of the row: text or a whole number, never empty, never repeated."""
    owner = "owner"
    """The customer that the record belongs to."""
    time = "time"
    """A moment in UTC."""
    number = "number"
    """A finite number."""
    text = "text"
    """Text that is never blank."""
    label = "label"
    """A string that repeats from row to row; it may be absent."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract."""

    name: str
    required: dict[str, Values]
    """Column -> kind; a row without a usable value is set aside."""
    optional: dict[str, Values]
    """Column -> kind; the column, or a value in it, may be absent."""
    order: tuple[str, ...]
    """Columns that the rows are sorted by."""

    @property
    def columns(self) -> dict[str, Values]:
        """All columns that the contract knows, required ones first."""
        return self.required | self.optional

    @property
    def key(self) -> str:
        """The column that holds the id of a row."""
        return next(iter(self.required))


CUSTOMERS = Table("customers", {"customer_id": Values.key, "opened_at": Values.time}, {}, ("customer_id",))
TRANSACTIONS = Table(
    "transactions",
    {
        "transaction_id": Values.key,
        "customer_id": Values.owner,
        "timestamp": Values.time,
        "amount": Values.number,
    },
    {
        "currency": Values.label,
        "channel": Values.label,
        "category": Values.label,
        "counterparty_id": Values.label,
    },
    ("customer_id", "timestamp", "transaction_id"),
)
NOTES = Table(
    "call_notes",
    {"note_id": Values.key, "customer_id": Values.owner, "timestamp": Values.time, "text": Values.text},
    {"agent_id": Values.label},
    ("customer_id", "timestamp", "note_id"),
)
IMAGES = Table(
    "id_images",
    {"image_id": Values.key, "customer_id": Values.owner, "path": Values.text},
    {"captured_at": Values.time},
    ("customer_id", "captured_at", "image_id"),
)
TABLES = {table.name: table for table in (CUSTOMERS, TRANSACTIONS, NOTES, IMAGES)}

CONVENTIONAL_ROLES = {
    **dict.fromkeys(("device_id", "phone", "email"), ColumnRole.evidence),
    **dict.fromkeys(("address", "employer", "branch", "agent_id", "onboarding"), ColumnRole.innocent),
    **dict.fromkeys(("birth_year", "sex", "nationality", "language", "name"), ColumnRole.protected),
}
"""Customer columns that are recognised by name, in any case of letters."""

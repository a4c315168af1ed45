"""The data contract: the tables of a bank's folder and their columns (README, "Your data")."""

from dataclasses import dataclass
from enum import StrEnum

from ringsight.records.bank import Role


class Kind(StrEnum):
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
    required: dict[str, Kind]
    """Column -> kind; a row without a usable value is set aside."""
    optional: dict[str, Kind]
    """Column -> kind; the column, or a value in it, may be absent."""
    order: tuple[str, ...]
    """Columns that the rows are sorted by."""

    @property
    def columns(self) -> dict[str, Kind]:
        """All columns that the contract knows, required ones first."""
        return self.required | self.optional

    @property
    def key(self) -> str:
        """The column that holds the id of a row."""
        return next(iter(self.required))


CUSTOMERS = Table("customers", {"customer_id": Kind.key, "opened_at": Kind.time}, {}, ("customer_id",))
TRANSACTIONS = Table(
    "transactions",
    {"transaction_id": Kind.key, "customer_id": Kind.owner, "timestamp": Kind.time, "amount": Kind.number},
    {"currency": Kind.label, "channel": Kind.label, "category": Kind.label, "counterparty_id": Kind.label},
    ("customer_id", "timestamp", "transaction_id"),
)
NOTES = Table(
    "call_notes",
    {"note_id": Kind.key, "customer_id": Kind.owner, "timestamp": Kind.time, "text": Kind.text},
    {"agent_id": Kind.label},
    ("customer_id", "timestamp", "note_id"),
)
IMAGES = Table(
    "id_images",
    {"image_id": Kind.key, "customer_id": Kind.owner, "path": Kind.text},
    {"captured_at": Kind.time},
    ("customer_id", "captured_at", "image_id"),
)
TABLES = {table.name: table for table in (CUSTOMERS, TRANSACTIONS, NOTES, IMAGES)}

CONVENTIONAL_ROLES = {
    **dict.fromkeys(("device_id", "phone", "email"), Role.evidence),
    **dict.fromkeys(("address", "employer", "branch", "agent_id", "onboarding"), Role.innocent),
    **dict.fromkeys(("birth_year", "sex", "nationality", "language", "name"), Role.protected),
}
"""Customer columns that are recognised by name, in any case of letters."""

"""The data contract: the tables of a bank's folder and their columns (README, "Your data").

Each table of records holds one modality. `RECORD_TABLES` registers them; whatever works on every modality asks
`modalities` or loops over it.
"""

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
    opening = "opening"
    """A moment in UTC; what is none, or a placeholder of one, is unknown."""
    number = "number"
    """A finite number."""
    text = "text"
    """Text that is never blank."""
    image = "image"
    """The path of an image, relative to the bank's folder and inside it."""
    party = "party"
    """The id of a customer or of somebody else; it may be absent."""
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

    @property
    def image_columns(self) -> list[str]:
        """The columns that hold paths of images."""
        return [column for column, kind in self.required.items() if kind is Values.image]

    @property
    def moment(self) -> str:
        """The column that says when a record was made; empty where none does."""
        return next((column for column, kind in self.columns.items() if kind is Values.time), "")


class Views(StrEnum):
    """How a customer's records are parted into two views."""

    halves = "halves"
    """The first half of the records in their order, and the second; of an odd number the first has one more."""
    alternate = "alternate"
    """Every other record in their order, beginning with the first, and the rest."""


@dataclass(frozen=True, slots=True)
class RecordTable(Table):
    """A table of records, which customers leave: one modality."""

    modality: str
    views: Views


CUSTOMERS = Table("customers", {"customer_id": Values.key}, {"opened_at": Values.opening}, ("customer_id",))
TRANSACTIONS = RecordTable(
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
        "counterparty_id": Values.party,
    },
    ("customer_id", "timestamp", "transaction_id"),
    "transactions",
    Views.halves,
)
NOTES = RecordTable(
    "call_notes",
    {"note_id": Values.key, "customer_id": Values.owner, "timestamp": Values.time, "text": Values.text},
    {"agent_id": Values.label},
    ("customer_id", "timestamp", "note_id"),
    "notes",
    Views.alternate,
)
IMAGES = RecordTable(
    "id_images",
    {"image_id": Values.key, "customer_id": Values.owner, "path": Values.image},
    {"captured_at": Values.time},
    ("customer_id", "captured_at", "image_id"),
    "id_images",
    Views.alternate,
)
RECORD_TABLES: tuple[RecordTable, ...] = (TRANSACTIONS, NOTES, IMAGES)
"""Every modality, in the order in which they are read, trained and shown."""

STORED_TEXTS = ("segment", "region")
"""Customer columns that the vector store keeps beside the vectors, to filter by."""
STORED_BYTES = 512
"""Longest customer id, and longest text of `STORED_TEXTS`, that the vector store takes, in UTF-8; it takes no control
characters in them."""
CONVENTIONAL_ROLES = {
    **dict.fromkeys(("device_id", "phone", "email"), ColumnRole.evidence),
    **dict.fromkeys(("address", "employer", "branch", "agent_id", "onboarding"), ColumnRole.innocent),
    **dict.fromkeys(("birth_year", "sex", "nationality", "language", "name"), ColumnRole.protected),
}
"""Customer columns that are recognised by name, in any case of letters."""


def tables() -> dict[str, Table]:
    """Every table by its name, customers first."""
    return {table.name: table for table in (CUSTOMERS, *RECORD_TABLES)}


def modalities() -> tuple[str, ...]:
    """The names of all modalities, in the order of `RECORD_TABLES`."""
    return tuple(table.modality for table in RECORD_TABLES)

"""A bank, read: the four tables of the data contract, and what each column may be used for.

Tables are Polars frames in the columns of the data contract (README, "Your data"). Timestamps are UTC
and naive of zone. A `Bank` is valid by construction: `reading.read_bank` has set aside what is not.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import SettingsError
from ringsight.records.fingerprints import Fingerprints


class Modality(StrEnum):
    """A kind of trace that a customer leaves."""

    transactions = "transactions"
    notes = "notes"
    id_images = "id_images"


class ColumnRole(StrEnum):
    """What a customer column may be used for.

    `evidence` makes links; `innocent` explains rings and never makes a link;
    `protected` is never a feature or a link, and serves the proxy audit alone.
    """

    evidence = "evidence"
    innocent = "innocent"
    protected = "protected"


@dataclass(kw_only=True, slots=True)
class BankConfig:
    """How to read a bank's folder."""

    path: Path
    """The folder."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table -> {our column: the bank's column}; a `bank.yaml` in the folder may say the same."""
    entities: dict[str, ColumnRole] = field(default_factory=dict)
    """Customer column -> role, on top of the conventional names (README, "Your data")."""
    strata: list[str] = field(default_factory=lambda: ["segment", "region"])
    """Customer columns within which customers may fairly be compared."""
    max_bad_rows: float = 0.05
    """Largest share of unusable rows in a table before the run stops."""
    max_image_pixels: int = 50_000_000
    """An image with more pixels than this is set aside unread."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range.
        """
        self.path = Path(self.path)  # from Python it may be text
        if not 0 <= self.max_bad_rows <= 1:
            raise SettingsError(
                f"bank.max_bad_rows must lie between 0 and 1 (got {self.max_bad_rows})",
                remedy="give a share, for example bank.max_bad_rows=0.05",
            )
        if self.max_image_pixels < 1:
            raise SettingsError(
                f"bank.max_image_pixels must be positive (got {self.max_image_pixels})",
                remedy="leave it out for the default of 50 million",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """The customers of a bank, without their records."""

    path: Path
    """The bank's folder."""
    table: pl.DataFrame
    """customer_id, sorted and unique; opened_at, then metadata and entity columns as the bank gave them."""
    roles: dict[str, ColumnRole]
    """Customer column -> role."""

    @property
    def customer_ids(self) -> NDArray[np.str_]:
        """All customer ids, sorted; shape (customers,)."""
        return self.table["customer_id"].to_numpy().astype(np.str_)


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """A bank's records.

    `customers` is sorted by customer_id, which is unique; every record of the other tables belongs to a
    customer in it. Tables for an absent modality are empty, never missing.
    """

    path: Path
    """The folder that image paths are relative to."""
    customers: pl.DataFrame
    """customer_id, opened_at, then metadata and entity columns as the bank gave them; `stratum` (str)."""
    transactions: pl.DataFrame
    """transaction_id, customer_id, timestamp, amount, and where given currency, channel, category, counterparty_id.
    Repeated strings are Categorical."""
    notes: pl.DataFrame
    """note_id, customer_id, timestamp, text, and where given agent_id."""
    id_images: pl.DataFrame
    """image_id, customer_id, path (relative, inside the folder), and where given captured_at."""
    roles: dict[str, ColumnRole]
    """Customer column -> role."""
    quarantine: pl.DataFrame
    """file, row (1-based, as in the file without its header), column, reason: what was set aside."""
    data_hash: str
    """SHA-256 over the content of every file read, images included."""
    read_as: BankConfig | None = None
    """How the folder was read; None for a bank that was not read from one."""
    files: Fingerprints | None = None
    """The files as they were seen, for reading the bank again; None for a bank that was not read from a folder."""

    def __repr__(self) -> str:
        """The folder, and how much is in it, in a line."""
        counts = {"transactions": self.transactions, "notes": self.notes, "ID images": self.id_images}
        records = ", ".join(f"{len(rows):,} {name}" for name, rows in counts.items())
        return f"Bank({self.path}: {len(self.customers):,} customers, {records}, {len(self.quarantine):,} set aside)"

    @property
    def customer_ids(self) -> NDArray[np.str_]:
        """All customer ids, sorted; shape (customers,)."""
        return self.customers["customer_id"].to_numpy().astype(np.str_)

    def table(self, modality: Modality) -> pl.DataFrame:
        """The records of one modality."""
        match modality:
            case Modality.transactions:
                return self.transactions
            case Modality.notes:
                return self.notes
            case Modality.id_images:
                return self.id_images

    def columns_with(self, role: ColumnRole) -> list[str]:
        """The customer columns declared with `role`, sorted."""
        return sorted(column for column, declared in self.roles.items() if declared is role)

    def with_records(self, *, transactions: pl.DataFrame, notes: pl.DataFrame, id_images: pl.DataFrame) -> "Bank":
        """The same customers with other records: how a view is made."""
        return replace(self, transactions=transactions, notes=notes, id_images=id_images)

"""A bank, read: the tables of the data contract, and what each column may be used for.

Tables are Polars frames in the columns of the data contract (README, "Your data"). Timestamps are UTC
and naive of zone. A `Bank` is valid by construction: `reading.read_bank` has set aside what is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError, SettingsError, require_at_least
from ringsight.records.dialect import Dialect
from ringsight.records.fingerprints import Fingerprints
from ringsight.records.folder_listing import FolderListing
from ringsight.records.joins import IdRule
from ringsight.records.opened_pictures import OpenedPictures
from ringsight.records.passed_over import PASSED_OVER, telling
from ringsight.records.writing import TemporaryFolder
from ringsight.records.written import Written


class ColumnRole(StrEnum):
    """What a customer column may be used for.

    `evidence` makes links; `innocent` explains rings and never makes a link;
    `protected` is never a feature or a link, and serves the proxy audit alone.
    """

    evidence = "evidence"
    innocent = "innocent"
    protected = "protected"


class ValueKind(StrEnum):
    """What the values of an entity column are, and so which spellings are one value."""

    phone = "phone"
    email = "email"
    device = "device"
    iban = "iban"
    identifier = "identifier"
    """Any other value that is given to few: letter case, blanks and Unicode form do not count."""
    text = "text"
    """Words, such as an address or an employer: as `identifier`, and a full stop or comma at the end does not count."""


@dataclass(kw_only=True, slots=True)
class BankConfig:
    """How to read a bank's folder."""

    path: Path
    """The folder; of a bank from data frames, the one that image paths are relative to."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table -> {our column: the bank's column}; a `bank.yaml` in the folder may say the same."""
    entities: dict[str, ColumnRole] = field(default_factory=dict)
    """Customer column -> role, on top of the conventional names (README, "Your data")."""
    kinds: dict[str, ValueKind] = field(default_factory=dict)
    """Entity column -> what its values are, where its name does not say so (README, "Your data")."""
    lists: dict[str, str] = field(default_factory=dict)
    """Entity column -> what separates several values in one cell, for instance `;`."""
    phone_region: str = ""
    """Country, in two letters, of phone numbers without a country code; by default the one that most of a column's
    numbers with a code have, or none."""
    drop_email_tags: bool = True
    """Whether `name+tag@host` is the mailbox `name@host`."""
    placeholders: list[str] = field(default_factory=list)
    """Values of entity columns that stand for nothing, on top of those that are recognised."""
    not_placeholders: list[str] = field(default_factory=list)
    """Values that are recognised as standing for nothing, and do stand for something."""
    strata: list[str] = field(default_factory=lambda: ["segment", "region"])
    """Customer columns within which customers may fairly be compared."""
    tables: dict[str, str] = field(default_factory=dict)
    """Table -> its file, folder or pattern (`tx_*.csv`) inside the bank's, where it is not called as the table is."""
    dialects: dict[str, Dialect] = field(default_factory=dict)
    """Table, or `all` -> how it is written, for Python; on the command line `bank.yaml` says it. A table's own counts
    in place of that of all."""
    ids_ignore: list[IdRule] = field(default_factory=list)
    """What of an id does not count when a record's customer is looked up: blanks, fractions, leading_zeros,
    letter_case."""
    customers_from: list[str] = field(default_factory=list)
    """Tables whose records say who the customers are, where there is no table of customers."""
    numbered: list[str] = field(default_factory=list)
    """Tables of records without an id of their own: the number of the row is it."""
    owners: dict[str, str] = field(default_factory=dict)
    """Table of records -> what parts several customers in its customer_id, for instance `;`: each is an owner."""
    holders: dict[str, str] = field(default_factory=dict)
    """Where it stands which customers hold an account, where records name accounts: file, its columns account and
    customer, and, by default transactions, of which tables."""
    declared: Path | None = None
    """A `bank.yaml` that lies elsewhere, for folders that change every night or cannot be written to; it counts before
    the folder's own."""
    max_bad_rows: float = 0.05
    """Largest share of unusable rows in a table before the run stops."""
    max_image_pixels: int = 50_000_000
    """An image with more pixels than this is set aside unread."""
    least_contrast: float = 3.0
    """Grey levels of 255 by which the parts of an image must vary, as a standard deviation; one that shows less, as a
    blank scan does, has no vector. 0 lets every image count."""
    most_carriers: int = 20
    """An image that more customers than this have, the same or compressed anew, stands for a missing one, and has no
    vector. Above any ring; a bound above the number of customers lets every image count."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if a bound is out of range.
        """
        self.path = Path(self.path)  # from Python it may be text
        self.declared = self.declared and Path(self.declared)
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
        require_at_least("bank", self, {"least_contrast": 0, "most_carriers": 2})


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """The customers of a bank, without their records."""

    path: Path
    """The bank's folder."""
    table: pl.DataFrame
    """customer_id, sorted and unique; the other columns as in `Bank.customers`."""
    roles: dict[str, ColumnRole]
    """Customer column -> role."""
    read_as: BankConfig | None = None
    """How the table was read; None for one that was not."""

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
    """customer_id; where given opened_at, null where unknown; then metadata as the bank gave it, and entity columns in
    one spelling of each value, as strings, or as lists of strings where a customer has several; `stratum` (str)."""
    records: Mapping[str, pl.DataFrame]
    """Modality -> its records, in the columns of the contract and sorted in its order. Repeated strings are
    Categorical."""
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
    listing: FolderListing | None = None
    """What became of each file of the folder; None for a bank that was not read from one."""
    remarks: tuple[str, ...] = ()
    """What is to be said of the tables, beside what was set aside."""
    passed_over: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PASSED_OVER))
    """Records that say nothing (`records.passed_over`): they are in `records`, and have no vector."""
    unread_known: bool = False
    """Whether the notes that the base cannot read are among them; that is known once there is a base."""
    temporary: TemporaryFolder | None = None
    """The folder of a bank that was read from data frames, which goes with the bank; None for one that stays."""
    written: Written = field(default_factory=Written)
    """How the bank wrote the values of its entity columns, and which of them stand for nothing."""

    def __repr__(self) -> str:
        """The folder, and how much is in it, in a line."""
        named = {modality: modality.replace("_", " ") for modality in self.records} | {"id_images": "ID images"}
        records = ", ".join(f"{len(rows):,} {named[modality]}" for modality, rows in self.records.items())
        return f"Bank({self.name}: {len(self.customers):,} customers, {records}, {len(self.quarantine):,} set aside)"

    @property
    def pictures(self) -> OpenedPictures:
        """Small copies of the ID images."""
        return self.files.pictures if self.files else OpenedPictures(self.path)

    @property
    def name(self) -> str:
        """The folder, or that it was read from frames."""
        return "from frames" if self.temporary else str(self.path)

    @property
    def customer_ids(self) -> NDArray[np.str_]:
        """All customer ids, sorted; shape (customers,)."""
        return self.customers["customer_id"].to_numpy().astype(np.str_)

    @property
    def transactions(self) -> pl.DataFrame:
        """transaction_id, customer_id, timestamp, amount; where given currency, channel, category, counterparty_id."""
        return self.table("transactions")

    @property
    def notes(self) -> pl.DataFrame:
        """note_id, customer_id, timestamp, text; where given agent_id."""
        return self.table("notes")

    @property
    def id_images(self) -> pl.DataFrame:
        """image_id, customer_id, path (relative, inside the folder); where given captured_at."""
        return self.table("id_images")

    def table(self, modality: str) -> pl.DataFrame:
        """The records of one modality.

        Raises:
            DataError: if there is no such modality.
        """
        if modality not in self.records:
            raise DataError(
                f"there is no modality {modality!r}",
                where=str(self.path),
                remedy=f"the modalities are {', '.join(self.records)}",
            )
        return self.records[modality]

    def columns_with(self, role: ColumnRole) -> list[str]:
        """The customer columns declared with `role`, sorted."""
        return sorted(column for column, declared in self.roles.items() if declared is role)

    def telling(self) -> "Bank":
        """The same customers with the records that say something, which are all that is learned from and embedded."""
        return self if self.passed_over.is_empty() else self.with_records(**telling(self.records, self.passed_over))

    def with_records(self, **tables: pl.DataFrame) -> "Bank":
        """The same customers, with other records of the modalities named: how a view is made.

        Raises:
            DataError: if there is no such modality.
        """
        for modality in tables:
            self.table(modality)
        return replace(self, records={**self.records, **tables})

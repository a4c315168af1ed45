"""Records that name an account, and a table that says which customers hold it."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ringsight.errors import DataError, SettingsError
from ringsight.records import contract
from ringsight.records.contract import CUSTOMERS, Values
from ringsight.records.declarations import Declarations, without_blanks
from ringsight.records.folder_listing import files_in, given_files, places_of
from ringsight.records.given_table import GivenTable
from ringsight.records.joins import named_customers
from ringsight.records.joint_owners import LISTED
from ringsight.records.plain_files import PlainFiles
from ringsight.records.quarantine import Sieve
from ringsight.records.table_declarations import HOLDERS
from ringsight.records.table_reading import read_table, schema_of

ACCOUNT = "account"


def held_accounts(folder: Path, declarations: Declarations) -> pl.DataFrame:
    """Whose each account is.

    Returns:
        account, and owners: the ids of the customers who hold it, joined by `LISTED`.

    Raises:
        DataError: if the table or a column of it is absent, or it cannot be read.
        SettingsError: if what was said is incomplete.
    """
    said = declarations.holders
    lacking = [word for word in ("file", "account", "customer") if not said.get(word)]
    if lacking:
        raise SettingsError(
            f"does not say {', '.join(lacking)}",
            where=HOLDERS,
            remedy="as in holders: {file: owners.csv, account: ACCOUNT_ID, customer: CUSTOMER_ID}",
        )
    given = _given(folder, said["file"], declarations)
    known = without_blanks(list(schema_of(given)))
    for word in ("account", "customer"):
        if said[word] not in known:
            raise DataError(
                f"the column {said[word]!r}, which {HOLDERS} names, is absent; found: {', '.join(known)}",
                where=given.where,
                remedy=f"correct {HOLDERS} in bank.yaml",
            )
    table = contract.Table(HOLDERS, {ACCOUNT: Values.owner, CUSTOMERS.key: Values.owner}, {}, ())
    sources = {ACCOUNT: known[said["account"]], CUSTOMERS.key: known[said["customer"]]}
    rows = read_table(given, table, sources).rows.select(pl.col(ACCOUNT, CUSTOMERS.key).cast(pl.String)).drop_nulls()
    rows = rows.with_columns(pl.all().str.strip_chars()).unique().sort(ACCOUNT, CUSTOMERS.key)
    return rows.group_by(ACCOUNT, maintain_order=True).agg(owners=pl.col(CUSTOMERS.key).str.join(LISTED))


def name_holders(sieve: Sieve, folder: Path, declarations: Declarations) -> None:
    """Put the customers who hold an account for the account that a record names; changed in place.

    An account that nobody holds stays as it is, and is no customer.

    Args:
        sieve: the rows of a table of records.
        folder: the bank's.
        declarations: what the bank says of its tables.

    Raises:
        DataError: as `held_accounts` does.
        SettingsError: as `held_accounts` does.
    """
    if sieve.given.name not in naming_accounts(declarations.holders):
        return
    held, owner = held_accounts(folder, declarations), CUSTOMERS.key
    named = named_customers(sieve.rows[owner], held[ACCOUNT], declarations.ids_ignore).cast(pl.String)
    sieve.rows = sieve.rows.with_columns(named.replace(held[ACCOUNT], held["owners"]).cast(pl.Categorical).alias(owner))


def naming_accounts(said: Mapping[str, str]) -> list[str]:
    """The tables whose records name accounts: none where no `holders` are told, and transactions by default."""
    if not said:
        return []
    return [name.strip() for name in said.get("of", contract.TRANSACTIONS.name).split(",")]


def _given(folder: Path, file: str, declarations: Declarations) -> GivenTable:
    """The table of holders, which is no table of the contract."""
    places = places_of(HOLDERS, files_in(folder)[0], file, folder)
    ((place, found),) = places.items()
    several = () if found == [place] else given_files(folder, place, found)
    return GivenTable(HOLDERS, folder / place, False, several, declarations.dialect_of(HOLDERS), PlainFiles())

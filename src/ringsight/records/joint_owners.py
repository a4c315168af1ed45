"""Records that name several customers, as those of a joint account do.

Such a record counts for each of its owners, so that these are alike by construction. What they have in common is
declared: it is an innocent value of theirs, as the address of a household is, and no evidence of one hand.
"""

import hashlib
from collections.abc import Sequence

import polars as pl

from ringsight.errors import DataError
from ringsight.records.contract import CUSTOMERS, Table
from ringsight.records.given_table import GivenTable
from ringsight.records.joins import IdRule, met_customers
from ringsight.records.quarantine import ROW, Sieve

JOINT = "joint_owners"
"""The customer column that holds, for each customer, the groups of owners whom records name together."""
LISTED = "\x1f"
"""Between the owners of a cell that was a list."""
SEPARATORS = (";", "|", "/", ",", "&", "+")
"""What may part the owners in a cell; nothing is parted unless `owners` says so."""
DIGITS = 8
"""Hexadecimal digits by which a group of owners is called; it names none of them."""


def part_owners(sieve: Sieve, table: Table, separator: str) -> None:
    """Give each owner of a record a row of its own; changed in place.

    The record of the first owner keeps its id, those of the others have the owner in it: `T1 (C2)`.

    Args:
        sieve: the rows as they were read.
        table: of the contract.
        separator: between the owners in a cell; empty where only lists hold several.
    """
    key, owner = table.key, CUSTOMERS.key
    cells = sieve.rows[owner].cast(pl.String)
    signs = [sign for sign in (LISTED, separator) if sign]
    several = pl.any_horizontal(pl.lit(cells).str.contains(sign, literal=True) for sign in signs)
    joint = pl.select(several.fill_null(False)).to_series()
    if not joint.any():
        return
    owners = parted(cells.filter(joint), separator)
    rows = sieve.rows.filter(joint).with_columns(owners.alias(owner)).with_row_index("ringsight.joint").explode(owner)
    further = ~pl.col("ringsight.joint").is_first_distinct()
    rows = rows.with_columns(
        pl.when(further).then(pl.format("{} ({})", pl.col(key), pl.col(owner))).otherwise(pl.col(key)).alias(key),
        pl.col(owner).cast(pl.Categorical),
    ).drop("ringsight.joint")
    sieve.total += rows.height - int(joint.sum())
    sieve.rows = pl.concat([sieve.rows.filter(~joint), rows]).sort(ROW, maintain_order=True)


def parted(cells: pl.Series, separator: str) -> pl.Series:
    """The owners whom each cell names, each once; lists of strings."""
    parts = cells.str.replace_all(separator or LISTED, LISTED, literal=True).str.split(LISTED)
    owners = parts.list.eval(pl.element().str.strip_chars().filter(pl.element().str.contains(r"\S")))
    return owners.list.unique(maintain_order=True)


def joint_groups(sieve: Sieve) -> pl.DataFrame:
    """The groups of customers whom records name together, from rows that were checked; (owners, records), sorted."""
    named = sieve.rows.filter(pl.col(ROW).is_duplicated())
    groups = named.group_by(ROW).agg(owners=pl.col(CUSTOMERS.key).cast(pl.String).unique().sort())
    groups = groups.filter(pl.col("owners").list.len() > 1)
    counted = groups.with_columns(key=pl.col("owners").list.join(LISTED)).group_by("key").len("records").sort("key")
    return counted.select(pl.col("key").str.split(LISTED).alias("owners"), pl.col("records").cast(pl.Int64))


def joint_remark(groups: pl.DataFrame) -> list[str]:
    """What is to be said of a table's joint records; nothing where there are none."""
    if groups.is_empty():
        return []
    return [
        f"customer_id: {groups['records'].sum():,} rows name several customers and count for each of them; such owners "
        f"are {groups.height:,} groups, and what they share is an innocent explanation ({JOINT})"
    ]


def with_joint_owners(customers: pl.DataFrame, groups: Sequence[pl.DataFrame], given: GivenTable) -> pl.DataFrame:
    """The customers with the column `JOINT`, a list of strings, where records name several of them together.

    Raises:
        DataError: if the bank has a column of that name.
    """
    found = pl.concat(groups).select("owners").unique() if groups else pl.DataFrame()
    if found.is_empty():
        return customers
    if JOINT in customers.columns:
        raise DataError(
            f"a column may not be called {JOINT!r} where records name several customers, which it then stands for",
            where=given.where,
            remedy=f"rename it, or map it: {given.mapping('my_joint_owners', JOINT)}",
        )
    calls = [hashlib.sha256(LISTED.join(owners).encode()).hexdigest()[:DIGITS] for owners in found["owners"]]
    named = found.with_columns(pl.Series(JOINT, [f"joint {call}" for call in calls]))
    of_each = named.explode("owners").group_by(customer_id="owners").agg(pl.col(JOINT).sort())
    return customers.join(of_each, on="customer_id", how="left", maintain_order="left")


def parting_sign(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> str:
    """The sign that parts several customers in the cells of records that name none; empty if none does.

    Args:
        given: the cells that name no customer, without nulls; as text.
        owners: the ids of all customers.
        rules: what of an id does not count.
    """
    for sign in SEPARATORS:
        cells = given.filter(given.str.contains(sign, literal=True))
        if not cells.is_empty():
            parts = cells.str.split(sign).explode().str.strip_chars()
            if met_customers(parts, owners, rules) > len(parts) / 2:
                return sign
    return ""


def owners_remark(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule], table: str) -> list[str]:
    """What is to be said of cells that name no customer, where most would name several if they were parted."""
    sign = parting_sign(given, owners, rules)
    if not sign:
        return []
    cells = int(given.str.contains(sign, literal=True).sum())
    return [f"customer_id: {cells:,} rows name several customers, parted by {sign!r} ({owners_words(table, sign)})"]


def owners_words(table: str, sign: str) -> str:
    """How a bank says so."""
    return f"owners: {{{table}: {sign!r}}}, in bank.yaml"

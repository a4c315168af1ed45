"""Customers with entity columns by hand: each has a phone, a mailbox and a device of its own, where it has one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from ringsight.records.bank import ColumnRole
from ringsight.records.canonical.one_spelling import with_canonical_entities
from ringsight.records.given_table import GivenTable
from ringsight.records.value_declarations import ValueDeclarations
from ringsight.records.written import Written

ROLES = {
    **dict.fromkeys(("phone", "email", "device_id"), ColumnRole.evidence),
    **dict.fromkeys(("address", "branch", "employer"), ColumnRole.innocent),
    "sex": ColumnRole.protected,
}


def made_customers(seed: int, customers: int = 300, absent: float = 0.15) -> pl.DataFrame:
    """Customers who share nothing; of each evidence column some have no value."""
    rng = np.random.default_rng(seed)
    number = [f"+49 15{each:09d}" for each in rng.integers(10**9, size=customers)]
    device = [f"{each:016X}" for each in rng.integers(2**62, size=customers)]
    email = [f"p{each}.q@mail.example" for each in rng.permutation(10 * customers)[:customers]]
    own = {"phone": number, "email": email, "device_id": device}
    return pl.DataFrame(
        {
            "customer_id": [f"c{n:04d}" for n in range(customers)],
            **{
                name: pl.Series([None if rng.random() < absent else each for each in held], dtype=pl.String)
                for name, held in own.items()
            },
            "address": [f"{n} Mill Lane" for n in range(customers)],
            "branch": rng.choice(["north", "south", "east"], customers),
            "employer": rng.choice(["Acme", "Rondo", "Cardo"], customers),
            "sex": rng.choice(["f", "m", "x"], customers),
        }
    )


def with_values(customers: pl.DataFrame, rows: np.ndarray, values: Mapping[str, str]) -> pl.DataFrame:
    """The same in which some customers share values."""
    here = pl.Series(np.isin(np.arange(customers.height), rows))
    return customers.with_columns(
        **{name: pl.when(here).then(pl.lit(value)).otherwise(name) for name, value in values.items()}
    )


def read(customers: pl.DataFrame, declared: ValueDeclarations | None = None) -> tuple[pl.DataFrame, Written]:
    """The table as a bank reads it."""
    given = GivenTable("customers", Path("customers.csv"))
    return with_canonical_entities(customers, ROLES, declared or ValueDeclarations(), given)

"""From customers as a bank writes them to flags: a ring in eight spellings is found, placeholders make none."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from simulated_bank import Simulation, bank_of, flags, simulate

from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.canonical.one_spelling import with_canonical_entities
from ringsight.records.given_table import GivenTable
from ringsight.records.value_declarations import ValueDeclarations

pytestmark = pytest.mark.slow
QUICK = DetectConfig(permutations=40)
ROLES = dict.fromkeys(("phone", "email", "device_id"), ColumnRole.evidence)
EIGHT = list(range(0, 160, 20))
SPELT = {
    "phone": "0151/23760489|0049 151 23760489|0151 23760489|+4915123760489|+49 (0)151 23760489|49-151-23760489|"
    "(0151) 237 604 89|+49 151 23760489",
    "email": "MARÍA@POST.EXAMPLE|maría@post.example|mailto:maría@post.example|maría@post.example.|"
    "mari\u0301a@post.example|María@post.example|maría+x@post.example|maría@post.example\u200b",
    "device_id": "a1b2c3d4e5f6|A1B2C3D4-E5F6|0xa1b2c3d4e5f6|A1B2C3D4E5F6|a1:b2:c3:d4:e5:f6|a1b2c3d4-E5F6|"
    "{A1B2C3D4-E5F6}|a1b2c3d4-e5f6",
}
NOTHING = {"phone": "0000000000", "email": "unknown@unknown.example", "device_id": "N/A"}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(5, customers=160, rings=0)


def written(simulation: Simulation, values: dict[str, list[object]]) -> pl.DataFrame:
    """Everybody with values of their own, but eight unrelated customers."""
    rng = np.random.default_rng(0)
    customers = simulation.bank.customers
    own: dict[str, list[object]] = {
        "phone": [f"+49 15{each:09d}" for each in rng.integers(10**9, size=160)],
        "email": [f"p{each}@mail.example" for each in range(160)],
        "device_id": [f"{each:016X}" for each in rng.integers(2**62, size=160)],
    }
    for column, several in values.items():
        for row, value in zip(EIGHT, several, strict=True):
            own[column][row] = value
    return customers.with_columns(**{name: pl.Series(each, strict=False) for name, each in own.items()})


def read(customers: pl.DataFrame) -> Bank:
    given = GivenTable("customers", Path("customers.csv"))
    return bank_of(with_canonical_entities(customers, ROLES, ValueDeclarations(), given)[0], ROLES)


def flagged(simulation: Simulation, bank: Bank) -> list[set[str]]:
    return flags(detect(bank, simulation.embeddings, QUICK, seed=0))


def eight(simulation: Simulation) -> set[str]:
    return set(simulation.bank.customer_ids[EIGHT].tolist())


def test_a_ring_in_eight_spellings_is_the_ring_in_one(simulation: Simulation):
    spelt = written(simulation, {column: list(each.split("|")) for column, each in SPELT.items()})
    assert flagged(simulation, read(spelt)) == [eight(simulation)]
    assert flagged(simulation, bank_of(spelt, ROLES)) == []


def test_a_clump_of_placeholders_is_no_ring(simulation: Simulation):
    clump = written(simulation, {column: [each] * 8 for column, each in NOTHING.items()})
    assert flagged(simulation, bank_of(clump, ROLES)) == [eight(simulation)], "as values they would be one"
    assert flagged(simulation, read(clump)) == []


def test_one_phone_of_several_is_enough(simulation: Simulation):
    spelt = written(simulation, {column: list(each.split("|")) for column, each in SPELT.items()})
    number = np.random.default_rng(1).integers(10**9, size=160)
    further = pl.Series([f"+49 30{each:09d}" for each in number])
    bank = read(spelt.with_columns(phone=pl.concat_list(further, "phone")))
    assert bank.customers["phone"].dtype == pl.List(pl.String)
    assert flagged(simulation, bank) == [eight(simulation)]

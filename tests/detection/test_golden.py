"""What was found in a small bank is found again: the same rings, members, links and figures.

`tests/data/golden` holds the customers of a synthetic bank, the agents of its notes, embeddings drawn at random with
four rings planted in them, and the tables that were written. Where a change of detection is meant to change them, write
them anew and say in the commit what changed and why: `python tests/detection/test_golden.py`.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ringsight.detection.detect import detect
from ringsight.detection.results import TABLES, Results
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import Embeddings

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SPACES = ("id_images", "notes", "transactions")
KEPT = ("rings", "members", "perhaps", "links", "agreement", "conditions", "pairs")
"""Tables that are compared."""


def golden_bank() -> Bank:
    """The bank, with nothing of its records but who wrote which note: detection reads no more."""
    nothing = pl.DataFrame()
    roles = json.loads((GOLDEN / "roles.json").read_text(encoding="utf-8"))
    return Bank(
        path=Path("/nowhere"),
        customers=pl.read_parquet(GOLDEN / "customers.parquet"),
        records={"transactions": nothing, "notes": pl.read_parquet(GOLDEN / "notes.parquet"), "id_images": nothing},
        roles={column: ColumnRole(role) for column, role in roles.items()},
        quarantine=nothing,
        data_hash="data",
    )


def golden_embeddings() -> dict[str, Embeddings]:
    embeddings = {}
    for space in SPACES:
        table = pl.read_parquet(GOLDEN / "embeddings" / f"{space}.parquet")
        ids = table["customer_id"].to_numpy().astype(np.str_)
        embeddings[space] = Embeddings(space, ids, table["vector"].to_numpy(), "model", "data")
    return embeddings


def found() -> Results:
    return detect(golden_bank(), golden_embeddings(), DetectConfig(permutations=60, guard_upper_bits=2.0), 1)


@pytest.fixture(scope="module")
def results() -> Results:
    return found()


@pytest.mark.parametrize("name", KEPT)
def test_tables_are_the_same(results: Results, name: str):
    before = pl.read_csv(GOLDEN / f"{name}.csv", schema=TABLES[name])
    assert_frame_equal(getattr(results, name), before, abs_tol=1e-6)


def test_the_bank_has_rings_above_and_below_the_line_and_ties_of_every_source(results: Results):
    assert set(results.rings["flagged"]) == {True, False}
    assert set(results.links["source"]) == {*SPACES, "device_id", "phone"}


if __name__ == "__main__":
    tables = found()
    for table in KEPT:
        getattr(tables, table).write_csv(GOLDEN / f"{table}.csv")

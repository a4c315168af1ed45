"""What an earlier version found in a small bank is found again: the same rings, members, links and figures.

`tests/data/golden` holds the customers of a synthetic bank, the agents of its notes, embeddings drawn at random with
four rings planted in them, and the tables that the earlier version wrote.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ringsight.detection.detect import DetectConfig, detect
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import Embeddings

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SPACES = ("id_images", "notes", "transactions")
RENAMED = {"score_beyond": "adjusted_score", "q_beyond": "adjusted_q_value", "bits_apart": "isolation_score"}


def golden_bank() -> Bank:
    """The bank, with nothing of its records but who wrote which note: detection reads no more."""
    nothing = pl.DataFrame()
    roles = json.loads((GOLDEN / "roles.json").read_text(encoding="utf-8"))
    return Bank(
        path=Path("/nowhere"),
        customers=pl.read_parquet(GOLDEN / "customers.parquet"),
        transactions=nothing,
        notes=pl.read_parquet(GOLDEN / "notes.parquet"),
        id_images=nothing,
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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same detection with the code of today, written."""
    folder = tmp_path_factory.mktemp("golden")
    detect(golden_bank(), golden_embeddings(), DetectConfig(permutations=60), 1).write(folder)
    return folder


def test_members_are_the_same_to_the_byte(run: Path):
    assert (run / "members.csv").read_bytes() == (GOLDEN / "members.csv").read_bytes()


def test_rings_are_the_same_to_the_byte_but_for_renamed_columns(run: Path):
    header, rows = (GOLDEN / "rings.csv").read_text(encoding="utf-8").split("\n", maxsplit=1)
    renamed = ",".join(RENAMED.get(column, column) for column in header.split(","))
    assert (run / "rings.csv").read_text(encoding="utf-8") == f"{renamed}\n{rows}"

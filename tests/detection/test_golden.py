"""What an earlier version found in a small bank is found again: the same rings, members, links and figures.

`tests/data/golden` holds the customers of a synthetic bank, the agents of its notes, embeddings drawn at random with
four rings planted in them, and the tables that the earlier version wrote.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from finished_runs import finished
from polars.testing import assert_frame_equal

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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same detection with the code of today, written."""
    folder = tmp_path_factory.mktemp("golden")
    finished(folder, detect(golden_bank(), golden_embeddings(), DetectConfig(permutations=60), 1))
    return folder


def test_members_are_the_same_to_the_byte(run: Path):
    assert (run / "members.csv").read_bytes() == (GOLDEN / "members.csv").read_bytes()


def test_rings_are_the_same_to_the_byte_but_for_renamed_columns(run: Path):
    header, rows = (GOLDEN / "rings.csv").read_text(encoding="utf-8").split("\n", maxsplit=1)
    renamed = ",".join(RENAMED.get(column, column) for column in header.split(","))
    assert (run / "rings.csv").read_text(encoding="utf-8") == f"{renamed}\n{rows}"


def test_links_are_the_same_pairs_with_the_same_bits_in_the_same_order(run: Path):
    """Earlier a link was one row with a column for each modality and one for all entity columns."""
    before = pl.read_csv(GOLDEN / "links.csv")
    after = pl.read_csv(run / "links.csv")
    assert after.columns == ["ring_id", "customer_a", "customer_b", "source", "bits"]
    assert (after["bits"] > 0).all()
    pair = ["ring_id", "customer_a", "customer_b"]
    assert not after.select(*pair, "source").is_duplicated().any()
    column = pl.when(pl.col("source").is_in(SPACES)).then("bits_" + pl.col("source")).otherwise(pl.lit("bits_entities"))
    wide = after.with_columns(column=column).pivot("column", index=pair, values="bits", aggregate_function="sum")
    assert_frame_equal(wide.select(before.columns), before, check_row_order=True, abs_tol=2e-6)
    assert after.equals(after.sort(pl.col("ring_id").rle_id(), "customer_a", "customer_b", "source"))


def test_entity_columns_are_sources_by_their_own_names(run: Path):
    after = pl.read_csv(run / "links.csv")
    assert set(after["source"]) == {*SPACES, "device_id", "phone"}


def test_agreement_is_the_same_but_for_its_words(run: Path):
    before = pl.read_csv(GOLDEN / "agreement.csv").rename({"trace": "source"})
    after = pl.read_csv(run / "agreement.csv")
    assert dict(after.select("source", "modality").unique().iter_rows()) == {
        **dict.fromkeys(("device_id", "phone"), ""),
        **{space: space for space in SPACES},
    }
    assert_frame_equal(after.drop("modality"), before.with_columns(pl.col("kind").replace("modality", "space")))

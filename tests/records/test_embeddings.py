"""Embeddings keep their contract, on construction and through a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from ringsight.errors import DataError, ModelError
from ringsight.records.embeddings import Embeddings


def embeddings(ids: list[str], vectors: NDArray[np.float32] | None = None) -> Embeddings:
    if vectors is None:
        vectors = np.random.default_rng(0).normal(size=(len(ids), 4)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(
        space="notes", customer_ids=np.array(ids, dtype=np.str_), vectors=vectors, model_hash="m", data_hash="d"
    )


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b", "längst"]])
def test_a_file_gives_back_what_was_written(tmp_path: Path, ids: list[str]) -> None:
    written = embeddings(ids)
    written.write(tmp_path / "notes.parquet")
    read = Embeddings.read(tmp_path / "notes.parquet")
    assert read.customer_ids.tolist() == ids and np.array_equal(read.vectors, written.vectors)
    assert (read.space, read.model_hash, read.data_hash, read.dim) == ("notes", "m", "d", 4)


def test_a_space_belongs_to_a_modality_and_keeps_it_in_a_file(tmp_path: Path) -> None:
    learned = embeddings(["a"])
    facet = replace(learned, space="wording", modality="notes")
    assert (learned.modality, learned.learned) == ("notes", True)
    assert (facet.modality, facet.learned) == ("notes", False)
    facet.write(tmp_path / "wording.parquet")
    assert Embeddings.read(tmp_path / "wording.parquet").modality == "notes"


def test_a_file_of_a_former_version_is_of_the_modality_of_its_name(tmp_path: Path) -> None:
    embeddings(["a"]).write(tmp_path / "notes.parquet")
    table = pq.read_table(tmp_path / "notes.parquet")
    metadata = {key: value for key, value in table.schema.metadata.items() if key != b"modality"}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "former.parquet")
    assert Embeddings.read(tmp_path / "former.parquet").modality == "notes"


@pytest.mark.parametrize("ids", [["b", "a"], ["a", "a"]])
def test_ids_must_be_sorted_and_unique(ids: list[str]) -> None:
    with pytest.raises(ModelError, match="sorted and unique"):
        embeddings(ids)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 2.0])
def test_a_vector_that_is_not_of_length_one_names_its_customer(value: float) -> None:
    vectors = np.array([[1, 0], [value, 0]], dtype=np.float32)
    with pytest.raises(ModelError, match="customer b is not finite and of length 1"):
        embeddings(["a", "b"], vectors)


def test_shapes_must_agree() -> None:
    with pytest.raises(ModelError, match="one row for each of 2 customers"):
        embeddings(["a", "b"], np.ones((1, 1), dtype=np.float32))


@pytest.mark.parametrize("ids", [[], ["b", "d"]])
def test_rows_are_found_or_minus_one(ids: list[str]) -> None:
    rows = embeddings(ids).rows_in(np.array(["d", "a", "b", "c", "e"]))
    assert rows.tolist() == [ids.index(wanted) if wanted in ids else -1 for wanted in "dabce"]


def test_a_file_that_is_missing_or_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Embeddings.read(tmp_path / "none.parquet")
    pq.write_table(pa.table({"customer_id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="not an embeddings file"):
        Embeddings.read(tmp_path / "other.parquet")

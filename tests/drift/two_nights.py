"""Two nights of one tiny bank as finished runs, made by hand: nothing is trained and nothing detected."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from finished_runs import begun
from made_results import results_with
from numpy.typing import NDArray

from ringsight.detection.results import Results
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run
from ringsight.testing import tiny_frames

CUSTOMERS = 60


def bank_at(folder: Path, count: int = CUSTOMERS, **changed: pl.DataFrame) -> Bank:
    """The tiny bank without ID images, some of its tables changed, written and read."""
    folder.mkdir(parents=True)
    frames = tiny_frames(count)
    del frames["id_images"]
    for name, frame in (frames | changed).items():
        frame.write_csv(folder / f"{name}.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    return read_bank(BankConfig(path=folder), fewest=1)


def space_of(ids: NDArray[np.str_], seed: int, name: str = JOINT, model: str = "model") -> Embeddings:
    """Vectors drawn at random."""
    vectors = np.random.default_rng(seed).standard_normal((len(ids), 6))
    return unit(ids, vectors, name, model)


def unit(ids: NDArray[np.str_], vectors: NDArray[np.float64], name: str = JOINT, model: str = "model") -> Embeddings:
    """Vectors brought to length 1."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(name, ids, vectors.astype(np.float32), model, "data")


def rings(flagged: int, others: int = 1, first: int = 0) -> Results:
    """So many rings of three; the first of them flagged."""
    count = flagged + others
    names = [f"R{first + number}" for number in range(count)]
    members = [f"C{(3 * (first + at // 3) + at % 3) % CUSTOMERS:02d}" for at in range(3 * count)]
    table = pl.DataFrame({"ring_id": names, "size": 3, "flagged": [at < flagged for at in range(count)]})
    return results_with(
        {"flagged": flagged, "rings": count, "customers": CUSTOMERS},
        rings=table,
        members=pl.DataFrame({"ring_id": [name for name in names for _ in range(3)], "customer_id": members}),
    )


def night(
    folder: Path,
    bank: Bank,
    spaces: Mapping[str, Embeddings] | None = None,
    results: Results | None = None,
    previous: Path | None = None,
) -> Run:
    """A finished run over a bank."""
    results = results or rings(1)
    results.summary["data_hash"] = bank.data_hash
    results.summary["model_hashes"] = {name: each.model_hash for name, each in (spaces or {}).items()}
    run = begun(folder, results, bank=bank)
    if previous is not None:
        Run.begin(folder, bank, previous=previous).write_results(results)
    run.write_embeddings(spaces or {})
    run.finish()
    return run

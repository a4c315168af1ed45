"""Finished runs on disk, of results made by hand: what tests of everything downstream stand on."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ringsight.detection.lineage import Lineage
from ringsight.detection.results import Results
from ringsight.pipeline.explain import explain
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities
from ringsight.records.embeddings import Embeddings
from ringsight.records.quarantine import QUARANTINE
from ringsight.runs.run import Run

NOTHING = Bank(
    Path("/nowhere"),
    customers=pl.DataFrame(),
    records={modality: pl.DataFrame() for modality in modalities()},
    roles={},
    quarantine=pl.DataFrame(schema=QUARANTINE),
    data_hash="data",
)
"""A bank without anybody."""


def begun(folder: Path, results: Results, lineage: Lineage | None = None, bank: Bank = NOTHING) -> Run:
    """A run that has written its results, and is not finished."""
    run = Run.begin(folder, bank)
    run.write_results(results, lineage)
    return run


def finished(folder: Path, results: Results, lineage: Lineage | None = None, bank: Bank = NOTHING) -> Run:
    """A run that has written its results, and nothing else."""
    run = begun(folder, results, lineage, bank)
    run.finish()
    return run


def explained(folder: Path, results: Results, bank: Bank, embeddings: Mapping[str, Embeddings] | None = None) -> Run:
    """A run with ledgers and a report."""
    run = begun(folder, results, bank=bank)
    explain(run, results, bank, embeddings or {})
    run.finish()
    return run

"""What a run was made of and came to: settings, code, hashes, seed, curves, figures, cards, and who sees its model."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.errors import StoreError
from ringsight.evaluation.truth import Truth, read_truth
from ringsight.records.bank import Bank
from ringsight.runs.files import read_json
from ringsight.runs.run import Run
from ringsight.tracking.measured import measures_of
from ringsight.vectors.opening import open_filled

WATCHED = "watch.json"
"""What `ringsight watch` writes of a night, for programs."""
CURVES = {"part": pl.String, "epoch": pl.Int64, "name": pl.String, "value": pl.Float64}


class Promotion(StrEnum):
    """What readers of the store see of a model: the stage of a registry."""

    promoted = "promoted"
    """It is the one that they see."""
    former = "former"
    """They saw it before, and will again after a rollback."""
    waiting = "waiting"
    """It is in the store, and was not promoted yet, or not lately."""
    unknown = "unknown"
    """It is in no store that can be opened."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedRun:
    """Everything that is tracked of one run. Nothing of it names a customer."""

    run: str
    """Name of the run's folder."""
    digest: str
    """SHA-256 over what the run found."""
    settings: Mapping[str, Any]
    """What was in force, as plain values."""
    commit: str
    """Of ringsight; empty where it did not run from a checkout."""
    versions: Mapping[str, str]
    """Of the libraries that results depend on."""
    data_hash: str
    """Of all records, images included."""
    model_hash: str
    """Of the whole model; empty where there is none."""
    part_hashes: Mapping[str, str]
    """By part of the model."""
    promotion: Promotion
    seed: int
    curves: pl.DataFrame
    """Columns of `CURVES`: what each part measured, epoch by epoch."""
    measures: Mapping[str, float]
    """By name; `measured` says what each is."""
    cards: Mapping[str, str]
    """Of each part, in Markdown."""
    fairness: pl.DataFrame
    """Columns of `detection.results.FAIRNESS`."""
    watched: Mapping[str, Any]
    """What `ringsight watch` left of the night, as plain values; empty where it was not watched."""


def tracked_run(
    run: Run, truth: Truth | Path | None = None, *, views: bool = True, bank: Bank | None = None
) -> TrackedRun:
    """Gather what is tracked of a finished run.

    Args:
        run: finished.
        truth: known rings; with it, ring mates among the five nearest are counted in every space.
        views: whether customers are looked for by the other half of their records, which embeds the bank twice.
        bank: that was searched; by default where the run found it.

    Raises:
        DataError: if the run is not finished, or the bank's records are not those that it searched.
        ModelError: if the model is damaged.
    """
    summary = run.results.summary
    known = read_truth(truth) if isinstance(truth, Path) else truth
    searched = (bank or run.searched_bank()) if views else None
    hashes = {file.parent.name: file.read_text(encoding="ascii").strip() for file in _of_parts(run, "hash")}
    model_hash = next(iter(summary["model_hashes"].values()), "")
    return TrackedRun(
        run=run.folder.resolve().name,
        digest=run.digest(),
        settings=run.settings(),
        commit=run.commit,
        versions=summary.get("versions", {}),
        data_hash=summary["data_hash"],
        model_hash=model_hash,
        part_hashes=hashes,
        promotion=_promotion(run, model_hash),
        seed=summary["seed"],
        curves=_curves(_of_parts(run, "curve.csv")),
        measures=measures_of(run, known, searched),
        cards={file.parent.name: file.read_text(encoding="utf-8") for file in _of_parts(run, "card.md")},
        fairness=run.results.fairness,
        watched=_watched(run),
    )


def _of_parts(run: Run, file: str) -> list[Path]:
    return sorted(run.model.glob(f"[!.]*/{file}"))


def _curves(files: list[Path]) -> pl.DataFrame:
    long = [
        pl.read_csv(file)
        .unpivot(index="epoch", variable_name="name", value_name="value")
        .with_columns(pl.col("value").cast(pl.Float64), part=pl.lit(file.parent.name))
        .drop_nulls()
        .select(pl.col(name).cast(kind) for name, kind in CURVES.items())
        for file in files
    ]
    return pl.concat(long) if long else pl.DataFrame(schema=CURVES)


def _promotion(run: Run, model_hash: str) -> Promotion:
    """What the run's store says of its model."""
    try:
        with open_filled(run.store()) as store:
            mine = [model for model in store.models() if model.model_hash == model_hash]
    except StoreError:
        return Promotion.unknown
    if not mine:
        return Promotion.unknown
    return Promotion.promoted if mine[0].promoted else Promotion.former if mine[0].former else Promotion.waiting


def _watched(run: Run) -> dict[str, Any]:
    file = run.paths.watch / WATCHED
    return read_json(file) if file.is_file() else {}

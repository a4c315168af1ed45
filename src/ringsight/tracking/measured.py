"""The figures of a run that can be compared with those of another: numbers with a name, none of them a loss alone."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from ringsight.evaluation.measures import Share
from ringsight.evaluation.retrieval import K, own_views, ring_mates
from ringsight.evaluation.truth import Truth
from ringsight.records.bank import Bank
from ringsight.records.views import split_views
from ringsight.runs.files import read_json
from ringsight.runs.run import Run

MOST = 2_000
"""Customers who are looked for by one half of their records, drawn at random: with more, each is harder to find."""


def measures_of(run: Run, truth: Truth | None = None, bank: Bank | None = None) -> dict[str, float]:
    """Every figure of a finished run, by name; what was not measured is left out.

    Args:
        run: finished.
        truth: with it, ring mates among the five nearest, by space.
        bank: that was searched; with it, how many customers are found again by the other half of their records.

    Raises:
        DataError: if the run is not finished.
        ModelError: if the model is damaged.
    """
    found = _of_detection(run) | _of_parts(run.model) | _of_evaluation(run)
    if truth is not None:
        mates = {space: ring_mates(each, truth) for space, each in run.embeddings().items()}
        found |= _shares(f"ring_mates_at_{K}", mates)
    if bank is not None:
        found |= _shares("own_views", _views(bank, run.model))
    return found


def _of_detection(run: Run) -> dict[str, float]:
    summary = run.results.summary
    names = ("customers", "rings", "flagged", "explained", "held", "expected_false_flags", "fdr", "rate_stated")
    found = {name: float(summary[name]) for name in names if summary.get(name) is not None}
    shifts = {f"guard_shift_at_{each['quantile']:g}": float(each["shift"]) for each in summary.get("guard") or []}
    return {f"detection.{name}": value for name, value in (found | shifts).items()}


def _of_parts(model: Path) -> dict[str, float]:
    """What each part measured on customers held out of its training."""
    files = sorted(model.glob("[!.]*/metrics.json"))
    return {f"{file.parent.name}.{name}": value for file in files for name, value in sorted(read_json(file).items())}


def _of_evaluation(run: Run) -> dict[str, float]:
    """What `ringsight evaluate` wrote, where it did."""
    if not run.paths.evaluation.is_file():
        return {}
    told = read_json(run.paths.evaluation)
    shares = {"rings_found": told["rings"], "members_named": told["named"]["flagged"]["recall"]}
    values = {name: share["share"] for name, share in shares.items()} | {"false_share": told["false_share"]}
    return {f"evaluation.{name}": float(value) for name, value in values.items() if value is not None}


def _views(bank: Bank, model: Path) -> dict[str, Share]:
    from ringsight.fusion.embed import embed_bank  # torch takes seconds to import

    if not model.is_dir():  # the bank has entity columns alone
        return {}
    first, second = (embed_bank(view, model) for view in split_views(_sampled(bank)))
    return {space: own_views(each, second[space]) for space, each in first.items() if each.learned and space in second}


def _sampled(bank: Bank) -> Bank:
    customers = bank.customer_ids
    if len(customers) <= MOST:
        return bank
    drawn = np.random.default_rng(0).choice(customers, MOST, replace=False).tolist()
    kept = {name: table.filter(pl.col("customer_id").is_in(drawn)) for name, table in bank.records.items()}
    return bank.with_records(**kept)


def _shares(name: str, shares: Mapping[str, Share]) -> dict[str, float]:
    return {f"{name}.{space}": share.value for space, share in shares.items() if share.value is not None}

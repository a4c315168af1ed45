"""A finished run that is to be imported: which of its rings become cases, and how much money is at stake in each.

Cases are the flagged rings, the rings held because a protected column explains them, and a random sample of the rings
below the line. A ring keeps its id from run to run, and with it what analysts have decided on it, split off or merged.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ringsight.cases.case import Origin
from ringsight.cases.settings import CaseSettings
from ringsight.detection.results import Results
from ringsight.errors import DataError
from ringsight.records.bank import Bank, ColumnRole
from ringsight.runs.run import open_run

ASSURED = ("fdr", "expected_false_flags", "guard", "shared_directions", "unrated")
"""What a summary says of the whole list."""


@dataclass(frozen=True, slots=True)
class ListedRing:
    """A ring that becomes, or stays, a case."""

    origin: Origin
    ring: Mapping[str, Any]
    """Its row of `Results.rings`."""
    members: Mapping[str, float]
    """Customer id -> exposure."""


@dataclass(frozen=True, slots=True)
class IncomingRun:
    """What a run brings to the case book."""

    digest: str
    """Hash of the run's results and of where they lie."""
    run: str
    bank: str
    listed: tuple[ListedRing, ...]
    """In the order of the results."""
    facts: Mapping[str, Any]
    """For the log: what the list assures (of the summary: `ASSURED`), its calibration, flags, below (rings below the
    line), drawn (ring ids of the sample)."""


def read_incoming_run(folder: Path, bank: Path, settings: CaseSettings) -> IncomingRun:
    """Read a finished run and the bank that it searched.

    The bank is read as the run read it.

    Raises:
        DataError: if the run is not finished, or the bank's records are not those that it searched.
    """
    searched = open_run(folder)
    results, records = searched.results, searched.searched_bank(bank)
    origins = _origins(results, settings)
    exposure = exposures(records, settings)
    members = dict(results.members.group_by("ring_id").agg("customer_id").iter_rows())
    listed = [
        ListedRing(origins[ring["ring_id"]], ring, {c: exposure.get(c, 0.0) for c in sorted(members[ring["ring_id"]])})
        for ring in results.rings.iter_rows(named=True)
        if ring["ring_id"] in origins
    ]
    run, of_bank = str(folder.resolve()), str(bank.resolve())
    return IncomingRun(
        digest=hashlib.sha256(f"{searched.digest()}\n{run}\n{of_bank}".encode()).hexdigest(),
        run=run,
        bank=of_bank,
        listed=tuple(listed),
        facts={
            **{name: results.summary[name] for name in ASSURED if name in results.summary},
            "calibration": results.calibration.to_dicts(),
            "flags": int(results.rings["flagged"].sum()),
            "below": _below(results).height,
            "drawn": sorted(ring for ring, origin in origins.items() if origin is Origin.sample),
        },
    )


def exposures(bank: Bank, settings: CaseSettings) -> dict[str, float]:
    """Customer id -> exposure: a declared column, or the sum of absolute amounts in the last days of the records.

    Amounts are summed whatever their currency. A customer without a transaction in that time is left out.

    Raises:
        DataError: if the declared column is absent, protected or not numeric.
    """
    if settings.exposure_column:
        return _declared(bank, settings.exposure_column)
    if bank.transactions.is_empty():
        return {}
    recent = pl.col("timestamp") > pl.col("timestamp").max() - pl.duration(days=settings.exposure_days)
    sums = bank.transactions.filter(recent).group_by("customer_id").agg(pl.col("amount").abs().sum())
    return {str(customer): float(amount) for customer, amount in sums.iter_rows()}


def _declared(bank: Bank, column: str) -> dict[str, float]:
    where = f"{bank.path}, customers, column {column}"
    if column not in bank.customers.columns or bank.roles.get(column) is ColumnRole.protected:
        raise DataError("is absent or protected", where=where, remedy="name another column as cases.exposure_column")
    amounts = bank.customers[column].cast(pl.Float64, strict=False).abs().fill_nan(None)
    if amounts.null_count() > bank.customers[column].null_count():
        raise DataError(
            "is not numeric throughout",
            where=where,
            remedy="correct it, or leave cases.exposure_column empty",
        )
    return dict(zip(bank.customers["customer_id"].to_list(), amounts.fill_null(0.0).to_list(), strict=True))


def _below(results: Results) -> pl.DataFrame:
    return results.rings.filter(~pl.col("flagged") & (pl.col("held") == ""))


def _origins(results: Results, settings: CaseSettings) -> dict[str, Origin]:
    """Ring id -> why it is a case.

    The sample is the rings with the smallest hashes of seed and ring id: random among rings, but the next run draws the
    same rings again, and none has to be decided twice.
    """
    above = results.rings.filter(pl.col("flagged") | (pl.col("held") != ""))
    origins = {
        ring_id: Origin.flagged if flagged else Origin.held
        for ring_id, flagged in above.select("ring_id", "flagged").iter_rows()
    }
    by_chance = sorted(
        _below(results)["ring_id"].to_list(),
        key=lambda ring_id: hashlib.sha256(f"{settings.seed}\n{ring_id}".encode()).digest(),
    )
    return origins | dict.fromkeys(by_chance[: settings.sample], Origin.sample)

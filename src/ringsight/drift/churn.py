"""What became of rings and flags between two nights, and of the guard."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binomtest, ks_2samp

from ringsight.detection.lineage import Lineage, RingEvent, follow
from ringsight.detection.results import Results

FIGURES = {"figure": pl.String, "reference": pl.Float64, "tonight": pl.Float64}
EVENTS = {"event": pl.String, "rings": pl.Int64, "flagged": pl.Int64}
SIZES = {"size": pl.Int64, "reference": pl.Int64, "tonight": pl.Int64}
RATE = "rate stated (1) or not (0)"
SAME = "as it was"
"""Of a ring with the same members on both nights."""


@dataclass(frozen=True, slots=True, eq=False)
class Churn:
    """Rings and flags of two nights."""

    figures: pl.DataFrame
    """Columns of `FIGURES`; null where a night does not say."""
    events: pl.DataFrame
    """Columns of `EVENTS`: what became of rings, and how many of them are flagged (of one that is gone, were); a ring
    that grew and merged counts under both."""
    sizes: pl.DataFrame
    """Columns of `SIZES`: how many rings have so many members."""
    flags_p_value: float | None
    """Of as many flags more or fewer, if flags fell on both nights at one rate per customer (conditional binomial test,
    Przyborowski and Wilenski 1940). Rings stay from night to night, so that chance moves less than it allows: a small
    value is sure, a large one says little. None without a flag."""
    sizes_p_value: float | None
    """Of sizes so different (Kolmogorov and Smirnov), as if rings were new every night; None without rings."""
    flagged_gone: float | None
    """Share of the reference's flagged rings that are gone; None where there was none."""


def churn(reference: Results, tonight: Results) -> Churn:
    """Hold the rings of two nights against each other, by their members."""
    everybody = set(reference.members["customer_id"]) | set(tonight.members["customer_id"])
    _, before = follow(reference, Lineage.beginning(), everybody)
    _, now = follow(tonight, before, everybody)
    events = now.events
    changed = events.filter(pl.col("event") != RingEvent.gone.value)["ring_id"].n_unique()
    flags = [int(each.rings["flagged"].sum()) for each in (reference, tonight)]
    was = set(before.lineage.filter("flagged")["ring_id"])
    gone = set(events.filter(pl.col("event") == RingEvent.gone.value)["ring_id"])
    return Churn(
        figures=_figures(reference.summary, tonight.summary, (reference, tonight)),
        events=_counted(events, len(tonight.rings) - changed),
        sizes=_sizes(reference, tonight),
        flags_p_value=_flags_p_value(flags, [each.summary.get("customers") for each in (reference, tonight)]),
        sizes_p_value=_sizes_p_value(reference, tonight),
        flagged_gone=len(was & gone) / len(was) if was else None,
    )


def _counted(events: pl.DataFrame, same: int) -> pl.DataFrame:
    counts = [
        (
            event.value,
            int((events["event"] == event.value).sum()),
            int(events.filter(event=event.value)["flagged"].sum()),
        )
        for event in RingEvent
    ]
    return pl.DataFrame([(SAME, same, None), *counts], schema=EVENTS, orient="row")


def _figures(before: dict[str, Any], now: dict[str, Any], both: tuple[Results, Results]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = [(RATE, before.get("rate_stated"), now.get("rate_stated"))]
    for name in ("customers", "rings", "flagged", "flagged_customers", "expected_false_flags", "explained", "held"):
        rows.append((name.replace("_", " "), before.get(name), now.get(name)))
    for name in ("communities", "alike_pairs"):
        rows.append((name.replace("_", " "), before.get(name), now.get(name)))
    for name, figure in (
        ("members of a ring, mean", lambda each: _mean(each.rings["size"])),
        ("links of a member in their ring, mean", _degree),
        ("bits of a link, mean", lambda each: _mean(_bits(each))),
    ):
        rows.append((name, *map(figure, both)))
    shifts = [{check["quantile"]: check["shift"] for check in each.get("guard", [])} for each in (before, now)]
    for quantile in sorted(shifts[0].keys() | shifts[1].keys()):
        rows.append((f"guard's shift at quantile {quantile:g}, bits", *(each.get(quantile) for each in shifts)))
    table = [(name, *(None if each is None else float(each) for each in values)) for name, *values in rows]
    return pl.DataFrame(table, schema=FIGURES, orient="row")


def _bits(results: Results) -> pl.Series:
    pair = ["ring_id", "customer_a", "customer_b"]
    return results.links.group_by(pair).agg(pl.col("bits").sum())["bits"]


def _degree(results: Results) -> float | None:
    """Ties per member: twice the linked pairs over the members."""
    pairs = results.links.select("ring_id", "customer_a", "customer_b").n_unique() if len(results.links) else 0
    return 2 * pairs / len(results.members) if len(results.members) else None


def _mean(values: pl.Series) -> float | None:
    return float(np.mean(values.to_numpy())) if len(values) else None


def _sizes(reference: Results, tonight: Results) -> pl.DataFrame:
    counts = [each.rings["size"].value_counts(name="rings") for each in (reference, tonight)]
    joined = (
        counts[0].join(counts[1], on="size", how="full", coalesce=True, suffix="_tonight").sort("size").fill_null(0)
    )
    return joined.rename({"rings": "reference", "rings_tonight": "tonight"}).cast(pl.Schema(SIZES))


def _flags_p_value(flags: list[int], customers: list[int | None]) -> float | None:
    before, now = customers
    if not sum(flags) or not before or not now:
        return None
    return float(binomtest(flags[1], sum(flags), now / (before + now)).pvalue)


def _sizes_p_value(reference: Results, tonight: Results) -> float | None:
    if not len(reference.rings) or not len(tonight.rings):
        return None
    return float(ks_2samp(reference.rings["size"].to_numpy(), tonight.rings["size"].to_numpy()).pvalue)

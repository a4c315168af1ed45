"""`ringsight evaluate`: a finished run held against the truth, the only command that reads one."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from ringsight.evaluation.measures import FALSE_UNLESS_TIED, HALF_EACH_WAY, Evaluation, Share
from ringsight.jobs.command import Command
from ringsight.pipeline.evaluate import evaluate, false_positives

SHOWN = 12
"""Groups that are printed; all are in false_positives.csv."""
WAYS = {
    "flagged": "all members of flags",
    "left_out": "without those to leave out",
    "with_perhaps": "with who else fits",
    "both": "with both steps",
}
"""What the ways of `Evaluation.named` are called."""


@dataclass(kw_only=True, slots=True)
class EvaluateJob:
    """What `ringsight evaluate` can be told."""

    run: Path
    """Folder of a finished run."""
    truth: Path
    """labels.csv or labels.parquet (customer_id, ring_id), or the folder that holds it."""
    bank: Path | None = None
    """The bank's folder: with it, false-positive rates of its protected groups are compared."""


def run(config: EvaluateJob) -> Evaluation:
    """Print the figures, and write them to evaluation.json in the run's folder.

    Raises:
        DataError: if the run is not finished, or the truth is unreadable or of another bank.
    """
    evaluation = evaluate(config.run, config.truth)
    Console().print(evaluation_table(evaluation))
    if config.bank is not None:
        Console().print(rates_table(false_positives(config.run, config.truth, config.bank)))
    return evaluation


def evaluation_table(evaluation: Evaluation) -> Table:
    """Lay the evaluation out for the terminal."""
    table = Table(title="Held against the truth", caption=f"{HALF_EACH_WAY}; {FALSE_UNLESS_TIED}")
    table.add_column("figure")
    table.add_column("benign groups false", justify="right")
    table.add_column("benign groups set aside", justify="right")
    table.add_row("true rings found", _text(evaluation.rings))
    asked = "" if evaluation.rate_asked is None else f" (asked: at most {evaluation.rate_asked:.1%})"
    table.add_row(
        f"false flags{asked}",
        _text(evaluation.false_flags, nothing="0.0% (no flag)"),
        _text(evaluation.false_flags_benign_aside, nothing="0.0% (no flag)"),
    )
    if sum(evaluation.explained.values()):
        counts = ", ".join(f"{count} {verdict}" for verdict, count in evaluation.explained.items() if count)
        table.add_row("set aside, explained by an innocent column", counts, "")
    for at in evaluation.precision:
        table.add_row(f"precision at {at.cases} cases", _text(at.benign_false), _text(at.benign_aside))
    table.add_section()
    for way, named in evaluation.named.items():
        table.add_row(f"people named rightly, {WAYS[way]}", _text(named.precision, nothing="nobody named"))
        table.add_row(f"ring members named, {WAYS[way]}", _text(named.recall))
    for trait, shares in evaluation.found_by.items():
        table.add_section()
        for value, share in shares.items():
            table.add_row(f"found, {trait} {value}", _text(share))
    return table


def rates_table(rates: pl.DataFrame) -> Table:
    """The rates for the terminal, the highest ratios first."""
    table = Table(title="False positives by protected group, against all others", caption="95 % bootstrap over rings")
    for name in ("column", "value"):
        table.add_column(name)
    for name in ("customers", "flagged", "rate", "ratio", "interval"):
        table.add_column(name, justify="right")
    for rate in rates.sort("ratio_low", descending=True).head(SHOWN).iter_rows(named=True):
        counts = (str(rate["customers"]), str(rate["flagged"]), f"{rate['share']:.1%}")
        interval = f"{rate['ratio_low']:.2f} to {rate['ratio_high']:.2f}" if rate["ratio"] is not None else ""
        ratio = f"{rate['ratio']:.2f}" if rate["ratio"] is not None else "no flag"
        table.add_row(rate["column"], rate["value"], *counts, ratio, interval)
    return table


def _text(share: Share, nothing: str = "undefined") -> str:
    return nothing if share.value is None else f"{share.part} of {share.whole} ({share.value:.1%})"


COMMAND = Command("evaluate", EvaluateJob, run)

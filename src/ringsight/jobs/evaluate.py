"""`ringsight evaluate`: a finished run held against the truth, the only command that reads one."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from ringsight.detection.conditions import declared_conditions
from ringsight.detection.fairness import audit
from ringsight.detection.results import Results
from ringsight.evaluation.measures import HALF_EACH_WAY, Evaluation, Share, Truth, evaluate, read_truth
from ringsight.jobs.command import Command
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.writing import write_atomically

SHOWN = 12
"""Groups that are printed; all are in false_positives.csv."""


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
    results, truth = Results.read(config.run), read_truth(config.truth)
    evaluation = write_evaluation(results, truth, config.run)
    Console().print(evaluation_table(evaluation))
    if config.bank is not None:
        rates = false_positive_rates(results, truth, config.bank)
        with write_atomically(config.run / "false_positives.csv") as partial:
            rates.write_csv(partial)
        Console().print(rates_table(rates))
    return evaluation


def false_positive_rates(results: Results, truth: Truth, bank: Path) -> pl.DataFrame:
    """Compare false-positive rates of protected groups: the audit of the list over innocent customers alone."""
    records = read_bank(BankConfig(path=bank))
    guilty = sorted(set().union(*truth.rings.values()))
    row = {str(customer): number for number, customer in enumerate(records.customer_ids)}
    flagged = results.rings.filter("flagged")["ring_id"]
    members = [np.array([row[c] for c in results.members_of(ring)], dtype=np.int64) for ring in flagged]
    return audit(declared_conditions(records), members, ~np.isin(records.customer_ids, guilty), seed=0)


def evaluation_table(evaluation: Evaluation) -> Table:
    """Lay the evaluation out for the terminal."""
    table = Table(title="Held against the truth", caption=HALF_EACH_WAY)
    table.add_column("figure")
    table.add_column("benign groups false", justify="right")
    table.add_column("benign groups set aside", justify="right")
    table.add_row("true rings found", _text(evaluation.rings))
    table.add_row("true members in the flag that found their ring", _text(evaluation.members_found))
    table.add_row("true members in any flag", _text(evaluation.members_flagged))
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


def write_evaluation(results: Results, truth: Truth, folder: Path) -> Evaluation:
    """Evaluate the results of the run in `folder`, and write `folder`/evaluation.json."""
    evaluation = evaluate(results, truth)
    with write_atomically(folder / "evaluation.json") as partial:
        partial.write_text(json.dumps(evaluation.to_json(), indent=2) + "\n", encoding="utf-8")
    return evaluation


def _text(share: Share, nothing: str = "undefined") -> str:
    return nothing if share.value is None else f"{share.part} of {share.whole} ({share.value:.1%})"


COMMAND = Command("evaluate", EvaluateJob, run)

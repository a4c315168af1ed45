"""After the last step, where the truth is known: a finished run is held against it."""

from pathlib import Path

import numpy as np
import polars as pl

from ringsight.detection.conditions import declared_conditions
from ringsight.detection.fairness import fairness
from ringsight.evaluation import measures
from ringsight.evaluation.measures import Evaluation
from ringsight.evaluation.truth import Truth, read_truth
from ringsight.records.bank import Bank
from ringsight.runs.run import Run, open_run


def evaluate(run: Run | Path | str, truth: Truth | Path | str) -> Evaluation:
    """Hold a finished run against the truth, and write the figures into its folder.

    Args:
        run: finished.
        truth: labels.csv or labels.parquet (customer_id, ring_id), or the folder that holds one.

    Raises:
        DataError: if the run is not finished, or the truth is unreadable or of another bank.
    """
    run, truth = _opened(run), _read(truth)
    evaluation = measures.evaluate(run.results, truth)
    run.write_evaluation(evaluation.to_json())
    return evaluation


def false_positives(
    run: Run | Path | str, truth: Truth | Path | str, bank: Bank | Path | str | None = None
) -> pl.DataFrame:
    """Compare false-positive rates of protected groups, and write them into the run's folder.

    It is the fairness audit of the list over innocent customers alone.

    Args:
        run: finished.
        truth: as `evaluate` takes it.
        bank: that was searched; by default where the run found it.

    Returns:
        Columns of `detection.results.FAIRNESS`.

    Raises:
        DataError: if the run is not finished, or the bank's records are not those that it searched.
    """
    run, truth = _opened(run), _read(truth)
    records = bank if isinstance(bank, Bank) else run.searched_bank(None if bank is None else Path(bank))
    guilty = sorted(set().union(*truth.rings.values()))
    row = {str(customer): number for number, customer in enumerate(records.customer_ids)}
    flagged = run.results.rings.filter("flagged")["ring_id"]
    members = [np.array([row[c] for c in run.results.members_of(ring)], dtype=np.int64) for ring in flagged]
    rates = fairness(declared_conditions(records), members, ~np.isin(records.customer_ids, guilty), seed=0)
    run.write_false_positives(rates)
    return rates


def _opened(run: Run | Path | str) -> Run:
    return run if isinstance(run, Run) else open_run(run)


def _read(truth: Truth | Path | str) -> Truth:
    return truth if isinstance(truth, Truth) else read_truth(Path(truth))

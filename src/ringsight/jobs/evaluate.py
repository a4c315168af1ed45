"""`ringsight evaluate`: a finished run held against the truth, the only door that reads one."""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ringsight.jobs.door import Door
from ringsight.records.writing import write_atomically
from ringsight.rings.evaluation import Evaluation, evaluate, evaluation_table, read_truth
from ringsight.rings.results import Results


@dataclass(kw_only=True, slots=True)
class EvaluateJob:
    """What `ringsight evaluate` can be told."""

    run: Path
    """Folder of a finished run."""
    truth: Path
    """labels.csv or labels.parquet (customer_id, ring_id), or the folder that holds it."""


def run(config: EvaluateJob) -> Evaluation:
    """Print the figures, and write them to evaluation.json in the run's folder.

    Raises:
        DataError: if the run is not finished, or the truth is unreadable or of another bank.
    """
    evaluation = write_evaluation(config.run, config.truth)
    Console().print(evaluation_table(evaluation))
    return evaluation


def write_evaluation(folder: Path, truth: Path) -> Evaluation:
    """Evaluate the run in `folder` and write `folder`/evaluation.json."""
    evaluation = evaluate(Results.read(folder), read_truth(truth))
    with write_atomically(folder / "evaluation.json") as partial:
        partial.write_text(json.dumps(evaluation.to_json(), indent=2) + "\n", encoding="utf-8")
    return evaluation


DOOR = Door("evaluate", EvaluateJob, run)

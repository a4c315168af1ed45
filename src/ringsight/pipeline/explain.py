"""The last step: a ledger for every ring to look at, and the report."""

from collections.abc import Mapping

from ringsight.detection.results import Results
from ringsight.explain.ledger import ledgers_of, reviewed
from ringsight.progress import stage
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.report import write_report
from ringsight.runs.run import Run


def explain(run: Run, results: Results, bank: Bank, embeddings: Mapping[str, Embeddings]) -> None:
    """Write the ledgers of the rings that a person should look at, and the report, into a run.

    Raises:
        DataError: if a member of a ring is not in the bank.
    """
    with stage("report", f"writing {run.paths.report}"):
        ledgers = ledgers_of(results, bank, reviewed(results))
        run.write_ledgers(ledgers)
        write_report(results, bank, embeddings, run.paths.report, ledgers)

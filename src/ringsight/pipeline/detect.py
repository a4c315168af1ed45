"""The fifth step: embeddings become rings, some of them flagged."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from ringsight.detection import detect as detection
from ringsight.detection.carry_over import carry_over
from ringsight.detection.lineage import Lineage, follow
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.pipeline.settings import RunConfig, in_force_anywhere
from ringsight.progress import Callback, report_to, say, stage
from ringsight.records.bank import Bank
from ringsight.records.decisions import read_decisions
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run

LIBRARIES = (
    "ringsight",
    "torch",
    "pytorch-lightning",
    "transformers",
    "pymilvus",
    "graspologic-native",
    "numpy",
    "scipy",
    "polars",
    "phonenumbers",
)
"""Libraries whose versions a result depends on."""


def detect(
    bank: Bank,
    embeddings: Mapping[str, Embeddings],
    config: DetectConfig | None = None,
    *,
    seed: int = 0,
    progress: Callback | None = None,
) -> Results:
    """Find rings, and flag those whose agreement neither chance nor an innocent column can explain.

    Args:
        bank: customers, strata, and columns by role.
        embeddings: by space.
        config: the rate asked, permutations, candidates.
        seed: of permutations, random groups and communities.
        progress: is told of the work.

    Raises:
        SettingsError: if the bank leaves nothing to compare.
        DataError: if the decisions cannot be used.
    """
    config = config or DetectConfig()
    worlds = f"looking for rings in the bank, and in up to {config.permutations:,} worlds of chance"
    with report_to(progress), stage("detect", worlds):
        return detection.detect(bank, embeddings, config, seed)


def find_rings(
    run: Run, bank: Bank, embeddings: Mapping[str, Embeddings], previous: Lineage, settings: RunConfig
) -> Results:
    """Detect, and write the results into a run; rings that `previous` knows keep their ids.

    Raises:
        RingsightError: as `detect` does.
    """
    config = settings.detect
    results, lineage = follow(detect(bank, embeddings, config, seed=settings.seed), previous, bank.customer_ids)
    versions = {library: version(library) for library in LIBRARIES}
    facts = {"versions": versions, "settings": in_force_anywhere(bank, settings)}
    results = replace(results, summary=results.summary | facts)
    if config.decisions is not None:
        _write_decided(config.decisions, results, run)
    run.write_results(results, lineage)
    if lineage.run:
        say(lineage.described())
    return results


def _write_decided(decisions: Path, results: Results, run: Run) -> None:
    """Write on which rings the decisions bear, and tell if some contradict others."""
    carried = carry_over(read_decisions(decisions), results.members)
    run.write_decided(carried)
    against = int((carried["against"] != "").sum())
    if against:
        say(f"{against} decisions are contradicted by others: see the column `against` of {run.paths.decided}.")

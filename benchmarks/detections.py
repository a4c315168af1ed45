"""What ringsight finds in a prepared bank: detected once, at the highest rate, and read off at every other."""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
from banks import Prepared, Site

import ringsight.detection
import ringsight.graph
from ringsight.detection.detect import detect
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.runs.run import Run

HIGHEST_RATE = 0.2
SEED = 0


def detected(site: Site, prepared: Prepared) -> Results:
    """Detect, or take what an earlier run of the same code left beside the same embeddings."""
    folder = site.run / "detection"
    made_of = {"code": code_hash(), "data_hash": prepared.bank.data_hash}
    run = Run(folder)
    if run.finished:
        kept = run.results
        models = {name: prepared.embeddings[name].model_hash for name in kept.summary["model_hashes"]}
        if made_of.items() <= kept.summary.items() and models == kept.summary["model_hashes"]:
            return kept
    results = detect(prepared.bank, prepared.embeddings, DetectConfig(fdr=HIGHEST_RATE), SEED)
    results = replace(results, summary=results.summary | made_of)
    run = Run.begin(folder, prepared.bank)
    run.write_results(results)
    run.finish()
    return results


@cache
def code_hash() -> str:
    """SHA-256 over the modules that links and rings are made by."""
    digest = hashlib.sha256()
    for floor in (ringsight.graph, ringsight.detection):
        for path in sorted(Path(floor.__path__[0]).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def flagged_at(results: Results, rate: float) -> list[frozenset[str]]:
    """Members of the rings that a detection at `rate` would flag, most significant first.

    Args:
        results: of a detection at that rate or a higher one.
        rate: false-discovery rate.
    """
    assert rate <= results.summary["fdr"], "conditions are known up to the rate of the detection"  # noqa: S101
    held = results.conditions.filter((pl.col("kind") == "protected") & (pl.col("q_value") > rate))["ring_id"]
    flags = results.rings.filter((pl.col("adjusted_q_value") <= rate) & ~pl.col("ring_id").is_in(held.implode()))
    return members_of(results, flags["ring_id"].to_list())


def members_of(results: Results, ring_ids: list[str]) -> list[frozenset[str]]:
    """Members of each of the rings, in their order."""
    members = dict(results.members.group_by("ring_id").agg("customer_id").iter_rows())
    return [frozenset(members[ring]) for ring in ring_ids]

"""Detection, whole: evidence -> candidates -> two nulls -> innocent explanations -> error rate -> `Results`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight import progress
from ringsight.detection.candidates import CandidateConfig, Candidates, Evidence, gather_evidence
from ringsight.detection.conditions import declared_conditions
from ringsight.detection.error_rate import Chance
from ringsight.detection.fairness import audit
from ringsight.detection.isolation import judged
from ringsight.detection.judge import Judge
from ringsight.detection.nulls import Surprise, distinct, drawn, learn_surprise, permuted
from ringsight.detection.results import NULL, Results
from ringsight.detection.tables import Verdicts, agreement_table, condition_table, link_table, member_table, ring_table
from ringsight.detection.weights import learn_weights
from ringsight.errors import SettingsError
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.decisions import read_decisions
from ringsight.records.embeddings import JOINT, Embeddings


@dataclass(kw_only=True, slots=True)
class DetectConfig:
    """How rings are found and flagged."""

    fdr: float = 0.05
    """False-discovery rate asked of the flagged rings."""
    permutations: int = 200
    """Chance worlds: the first half calibrates scores, the second half judges them."""
    block_proxies: bool = True
    """Whether a ring that a protected column explains is held, unflagged, until a person has looked."""
    decisions: Path | None = None
    """Table of decided pairs (customer_a, customer_b, decision) that weigh the traces; without one all count alike."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    """How candidate rings are proposed."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            SettingsError: if the rate is not a rate, or too few permutations could never reach it.
        """
        if not 0 < self.fdr < 1:
            raise SettingsError(f"detect.fdr must lie between 0 and 1 (got {self.fdr})")
        needed = 2 * int(np.ceil(1 / self.fdr))
        if self.permutations < needed:
            raise SettingsError(
                f"detect.permutations={self.permutations} can never show a false-discovery rate of {self.fdr}",
                remedy=f"ask for at least {needed} permutations; 200 or more give steadier rates",
            )


def detect(bank: Bank, embeddings: Mapping[str, Embeddings], config: DetectConfig, seed: int) -> Results:
    """Find rings and flag those whose agreement neither chance nor an innocent column can explain.

    Args:
        bank: customers, strata, and columns by role.
        embeddings: by space; of each modality the learned space counts, its facets do not yet.
        config: rate, permutations, candidates.
        seed: of permutations, random groups and Leiden.

    Raises:
        SettingsError: if the bank leaves nothing to compare.
        DataError: if the decisions cannot be used.
    """
    modalities = _learned(embeddings)
    evidence = gather_evidence(
        bank.customers, modalities, bank.columns_with(ColumnRole.evidence), config.candidates, seed
    )
    decisions = None if config.decisions is None else read_decisions(config.decisions)
    weights = learn_weights(evidence.traces, decisions, bank.customer_ids)
    evidence = replace(evidence, weights=weights.values)
    strata = bank.customers["stratum"].to_numpy().astype(np.str_)
    conditions = declared_conditions(bank)
    evidence = judged(evidence, conditions)
    worlds = [
        _world(evidence, strata, np.random.default_rng([seed, world]))
        for world in progress.steps(range(config.permutations), "permuting within strata")
    ]
    calibration, judging = worlds[: config.permutations // 2], worlds[config.permutations // 2 :]
    surprise = learn_surprise(calibration, len(evidence.traces) + 1, evidence.isolation)
    judge = Judge(evidence, surprise, conditions, strata, least=float(np.log2(0.5 / config.fdr)))
    rings = judge.rings(evidence.observed())
    null = _null_table(judging, surprise)
    chance = Chance(null["score"].to_numpy(), len(judging))
    verdicts = Verdicts(rings, judge, chance, bank.customer_ids, config.fdr, config.block_proxies)
    table = ring_table(verdicts)
    flagged = [rings.candidates.members[ring] for ring in np.flatnonzero(table["flagged"].to_numpy())]
    return Results(
        rings=table,
        members=member_table(verdicts),
        links=link_table(verdicts),
        agreement=agreement_table(verdicts),
        conditions=condition_table(verdicts),
        audit=audit(judge.conditions, flagged, np.ones(len(bank.customers), dtype=np.bool_), seed),
        null=null,
        summary=_summary(bank, modalities, table, chance, config)
        | {"seed": seed, "weights": weights.described(evidence.traces)},
    )


def _learned(embeddings: Mapping[str, Embeddings]) -> dict[str, Embeddings]:
    """The learned space of each modality, by name: one a modality, without facets and the joint space."""
    return {space: each for space, each in sorted(embeddings.items()) if each.learned and space != JOINT}


def _world(evidence: Evidence, strata: NDArray[np.str_], rng: np.random.Generator) -> Candidates:
    owners = permuted(evidence.traces, strata, rng)
    return evidence.candidates(owners, drawn(evidence.isolation, rng))


def _null_table(worlds: list[Candidates], surprise: Surprise) -> pl.DataFrame:
    rows = []
    for number, world in enumerate(worlds):
        scores = surprise.bits(world)
        rows += [(number, len(world.members[i]), float(scores[i])) for i in distinct(world.members, scores)]
    return pl.DataFrame(rows, schema=NULL, orient="row")


def _summary(
    bank: Bank,
    modalities: Mapping[str, Embeddings],
    rings: pl.DataFrame,
    chance: Chance,
    config: DetectConfig,
) -> dict[str, Any]:
    flagged = rings.filter(pl.col("flagged"))
    false = chance.expected_false(flagged["adjusted_score"].to_numpy())
    return {
        "customers": len(bank.customers),
        "customers_with": {name: len(embeddings.customer_ids) for name, embeddings in modalities.items()},
        "strata": bank.customers["stratum"].n_unique(),
        "rings": len(rings),
        "flagged": len(flagged),
        "flagged_by_null": dict(sorted(flagged["null"].value_counts().iter_rows())),
        "flagged_customers": int(flagged["size"].sum()),
        "explained": int((rings["explanation"] != "").sum()),
        "held": int((rings["held"] != "").sum()),
        "fdr": config.fdr,
        "expected_false_flags": float(false.max(initial=0.0)),
        "permutations": config.permutations,
        "data_hash": bank.data_hash,
        "model_hashes": {name: embeddings.model_hash for name, embeddings in modalities.items()},
        "quarantined_rows": len(bank.quarantine),
    }

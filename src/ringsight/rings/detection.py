"""Detection, whole: evidence -> candidates -> null -> error rate -> `Results`."""

import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.progress import track

from ringsight.errors import SettingsError
from ringsight.graph.evidence import EntityTrace, ModalityTrace, Rows, Trace
from ringsight.graph.links import bits_above_chance, carried_bits, threshold_bits
from ringsight.records.bank import Bank, Modality, Role
from ringsight.records.embeddings import Embeddings
from ringsight.rings.agreement import Groups
from ringsight.rings.candidates import CandidateConfig, Candidates, Evidence, gather_evidence
from ringsight.rings.error_rate import expected_false, p_values, q_values
from ringsight.rings.null import as_observed, distinct, learn_surprise, permuted
from ringsight.rings.results import BITS, LINKS, MEMBERS, NULL, RINGS, Results

PERMUTATION = "permutation"
"""The null in which every trace changes hands within its stratum."""


@dataclass(kw_only=True, slots=True)
class DetectConfig:
    """How rings are found and flagged."""

    fdr: float = 0.05
    """False-discovery rate asked of the flagged rings."""
    permutations: int = 200
    """Chance worlds: the first half calibrates scores, the second half judges them."""
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
    """Find rings and flag those whose agreement chance cannot explain.

    Args:
        bank: customers, strata and entity columns.
        embeddings: by modality.
        config: rate, permutations, candidates.
        seed: of permutations, random groups and Leiden.

    Raises:
        SettingsError: if the bank leaves nothing to compare.
    """
    modalities = {modality.value: embeddings[modality] for modality in Modality if modality in embeddings}
    evidence = gather_evidence(bank.customers, modalities, bank.columns_with(Role.evidence), config.candidates, seed)
    observed = evidence.candidates(as_observed(evidence.traces))
    strata = bank.customers["stratum"].to_numpy().astype(np.str_)
    worlds = [
        evidence.candidates(permuted(evidence.traces, strata, np.random.default_rng([seed, world])))
        for world in track(
            range(config.permutations),
            "Permuting traces within strata",
            transient=True,
            disable=not sys.stdout.isatty(),
        )
    ]
    calibration, judging = worlds[: config.permutations // 2], worlds[config.permutations // 2 :]
    surprise = learn_surprise(calibration, len(evidence.traces) + 1)
    scores = surprise.bits(observed)
    kept = distinct(observed, scores)
    members = [observed.members[i] for i in kept]
    null = _null_table(judging, surprise.bits)
    rings = _ring_table(bank.customer_ids, members, scores[kept], null, len(judging), config)
    return Results(
        rings=rings,
        members=_member_table(bank.customer_ids, rings, members),
        links=_link_table(bank.customer_ids, rings, members, evidence),
        null=null,
        summary=_summary(bank, modalities, rings, null, len(judging), config, seed),
    )


def _null_table(worlds: list[Candidates], score: Callable[[Candidates], NDArray[np.float64]]) -> pl.DataFrame:
    rows = []
    for number, world in enumerate(worlds):
        scores = score(world)
        rows += [(number, len(world.members[i]), float(scores[i])) for i in distinct(world, scores)]
    return pl.DataFrame(rows, schema=NULL, orient="row")


def _ring_table(
    ids: NDArray[np.str_],
    members: list[Rows],
    scores: NDArray[np.float64],
    null: pl.DataFrame,
    worlds: int,
    config: DetectConfig,
) -> pl.DataFrame:
    chance = null["score"].to_numpy()
    q = q_values(scores, chance, worlds)
    return pl.DataFrame(
        {
            "ring_id": [ring_id(ids[rows]) for rows in members],
            "size": [len(rows) for rows in members],
            "score": scores,
            "p_value": p_values(scores, chance),
            "q_value": q,
            "flagged": q <= config.fdr,
            "null": [PERMUTATION] * len(members),
        },
        schema=RINGS,
    )


def ring_id(customer_ids: NDArray[np.str_]) -> str:
    """A name that the same members always get."""
    return "R" + hashlib.sha256("\n".join(sorted(customer_ids.tolist())).encode()).hexdigest()[:10]


def _member_table(ids: NDArray[np.str_], rings: pl.DataFrame, members: list[Rows]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ring_id": np.repeat(rings["ring_id"].to_numpy().astype(np.str_), rings["size"].to_numpy()).tolist(),
            "customer_id": [str(ids[row]) for rows in members for row in rows],
        },
        schema=MEMBERS,
    )


def _link_table(ids: NDArray[np.str_], rings: pl.DataFrame, members: list[Rows], evidence: Evidence) -> pl.DataFrame:
    groups = Groups.of(members)
    a, b = groups.members[groups.left], groups.members[groups.right]
    a, b = np.minimum(a, b), np.maximum(a, b)
    owners = as_observed(evidence.traces)
    bits = {name: np.zeros(len(a)) for name in BITS}
    tied = np.zeros(len(a), dtype=bool)
    above_chance = np.zeros(len(a))
    for trace in evidence.traces:
        carried = carried_bits(trace, owners[trace.name], a, b)
        bits[_column_of(trace)] += carried
        above_chance += bits_above_chance(trace, owners[trace.name], a, b)
        tied |= carried >= _link_bits(trace, evidence.config)
    tied |= above_chance >= evidence.combined_threshold
    named = rings["ring_id"].to_numpy()[groups.group[groups.left]]
    table = pl.DataFrame(
        {"ring_id": named[tied], "customer_a": ids[a[tied]], "customer_b": ids[b[tied]]}
        | {name: values[tied] for name, values in bits.items()}
    )
    return table.cast(pl.Schema(LINKS))


def _column_of(trace: Trace) -> str:
    return f"bits_{trace.name}" if isinstance(trace, ModalityTrace) else "bits_entities"


def _link_bits(trace: Trace, config: CandidateConfig) -> float:
    match trace:
        case ModalityTrace():
            return threshold_bits(trace, config.neighbours)
        case EntityTrace():
            return float(trace.bits[trace.bits > 0].min(initial=np.inf))


def _summary(
    bank: Bank,
    modalities: Mapping[str, Embeddings],
    rings: pl.DataFrame,
    null: pl.DataFrame,
    worlds: int,
    config: DetectConfig,
    seed: int,
) -> dict[str, Any]:
    flagged = rings.filter(pl.col("flagged"))
    chance = null["score"].to_numpy()
    false = expected_false(flagged["score"].to_numpy(), chance, worlds)
    return {
        "customers": len(bank.customers),
        "customers_with": {name: len(embeddings.customer_ids) for name, embeddings in modalities.items()},
        "strata": bank.customers["stratum"].n_unique(),
        "rings": len(rings),
        "flagged": len(flagged),
        "flagged_customers": int(flagged["size"].sum()),
        "fdr": config.fdr,
        "expected_false_flags": float(false.max(initial=0.0)),
        "permutations": config.permutations,
        "seed": seed,
        "data_hash": bank.data_hash,
        "model_hashes": {name: embeddings.model_hash for name, embeddings in modalities.items()},
        "quarantined_rows": len(bank.quarantine),
    }

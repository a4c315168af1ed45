"""Detection, whole: evidence → candidates → chance worlds → scores → innocent explanations → list → `Results`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl

from ringsight import progress
from ringsight.detection.agreement import Calibration, Ties, calibrate
from ringsight.detection.alike_pairs import PAIR_RATE, AlikePairs, alike_pairs
from ringsight.detection.candidates import Candidates, propose
from ringsight.detection.conditional import Conditioning
from ringsight.detection.conditions import (
    Condition,
    around_circles,
    declared_conditions,
    explained_innocently,
)
from ringsight.detection.corroboration import Corroboration, Measured, as_observed, corroborate
from ringsight.detection.evidence import Evidence, gather_evidence, strata_of
from ringsight.detection.fairness import fairness
from ringsight.detection.guard import MEDIAN, UPPER, Guard, Unrated, guard
from ringsight.detection.inside import Inside, inside_agreement, judge_inside
from ringsight.detection.judge import Judge
from ringsight.detection.listing import Listing
from ringsight.detection.membership import Membership
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.detection.shared_directions import (
    ConditionalShuffle,
    SharedDirections,
    beyond_shared,
    find_shared_directions,
    modality_block,
    named_directions,
)
from ringsight.detection.tables import Tables, communities, null_table, pair_table
from ringsight.detection.transfer_groups import TransferGroups, find_transfer_groups
from ringsight.detection.weights import Weights, learn_weights
from ringsight.detection.worlds import CalibrationWorlds, ChanceWorlds, calibrating
from ringsight.graph.relations import HUB, transfer_source
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.decisions import read_decisions
from ringsight.records.embeddings import Embeddings
from ringsight.records.passed_over import counted
from ringsight.records.transfers import transfers_between
from ringsight.workers import side_by_side

TRIM = 0.01
"""Share of the customers without whom a shared direction must hold too."""


def detect(bank: Bank, embeddings: Mapping[str, Embeddings], config: DetectConfig, seed: int) -> Results:
    """Find rings and flag those whose agreement neither chance, nor segments, nor an innocent column can explain.

    Args:
        bank: customers, strata, and columns by role.
        embeddings: by space; the joint space has no part in it, so that nothing counts twice.
        config: rate, chance worlds, candidates.
        seed: of everything that is drawn.

    Raises:
        SettingsError: if the bank leaves nothing to compare, or a setting names a space or modality that is not there.
        DataError: if the decisions cannot be used.
    """
    evidence, weights = _weighed(bank, embeddings, config, seed)
    shared, shuffle = _shared(evidence)
    raw, beyond = _measured(evidence, shared)
    worlds = ChanceWorlds(evidence, shuffle)
    pairs = alike_pairs(worlds, raw).listed(PAIR_RATE)
    money = _money(evidence, config)
    candidates = propose(evidence, config.candidates)
    candidates = (money.added(candidates) if money else candidates).without(pairs.b, config.candidates.min_size)
    conditions = declared_conditions(bank)
    ways = [raw] if beyond is raw else [raw, beyond]
    numbers = range(calibrating(candidates.groups.count, config.permutations))
    steps = progress.steps(numbers, "letting records change hands within strata")
    calibration = worlds.calibration(steps, candidates, ways)
    observed = [corroborate(evidence, candidates, way, as_observed(evidence)) for way in ways]
    seen = (beyond, observed[-1], calibration[-1])
    inside = _inside(evidence, (candidates, money), conditions, beyond, config)
    judge = _judge(worlds, candidates, (conditions, inside), seen, config)
    listing = Listing(judge, judge.settled[0])
    in_rings = candidates.groups.take(listing.rings[listing.flagged_or_held]).members
    free = (candidates.groups.among(in_rings) == 0) & ~around_circles(candidates.groups, conditions, config.largest)
    bounds = {MEDIAN: config.guard_bits, UPPER: config.guard_upper_bits}
    watch = guard(candidates, observed[0].full, calibration[0].full, free, bounds)
    watch = replace(watch, known=_unrated(evidence))
    return _results(bank, listing, (watch, shared, weights, pairs.undeclared(bank.customers)), embeddings, config)


def _weighed(
    bank: Bank, embeddings: Mapping[str, Embeddings], config: DetectConfig, seed: int
) -> tuple[Evidence, Weights]:
    """The evidence of a bank, its sources weighed by decisions."""
    entities = bank.columns_with(ColumnRole.evidence)
    owners = bank.transactions["customer_id"].unique().to_list() if len(bank.transactions) else []
    transfers = transfer_source(transfers_between(bank), owners, bank.customers, strata_of(bank.customers), HUB)
    evidence = gather_evidence(bank.customers, embeddings, entities, config.candidates, seed, transfers)
    decisions = None if config.decisions is None else read_decisions(config.decisions)
    weights = learn_weights(evidence.sources, decisions, bank.customer_ids, seed)
    return replace(evidence, weights=weights.ways), weights


def _shared(evidence: Evidence) -> tuple[SharedDirections, ConditionalShuffle]:
    """What modalities share, and the odds by which records change hands."""
    cells = [evidence.cells_of(modality) for modality in evidence.modalities]
    blocks = []
    for modality in evidence.modalities:
        spaces = [evidence.spaces[number] for number in evidence.spaces_of(modality)]
        blocks.append(
            modality_block([space.vectors for space in spaces], [space.row for space in spaces], evidence.strata)
        )
    shared = find_shared_directions(blocks, cells, TRIM, np.random.default_rng([evidence.seed, 1]))
    return shared, ConditionalShuffle(shared, cells)


def _measured(evidence: Evidence, shared: SharedDirections) -> tuple[Measured, Measured]:
    """How bits are counted: as they are, and beyond what is shared; the same where nothing is."""
    raw = Measured(evidence.spaces, _calibrations(evidence.spaces, evidence.seed))
    if not shared.count:
        return raw, raw
    rng = np.random.default_rng([evidence.seed, 3])
    ties: list[Ties] = [beyond_shared(space, shared.coordinates, rng) for space in evidence.spaces]
    return raw, Measured(ties, _calibrations(ties, evidence.seed))


def _calibrations(ties: Sequence[Ties], seed: int) -> list[Calibration]:
    return list(side_by_side(lambda each: calibrate(each, seed), ties))


def _money(evidence: Evidence, config: DetectConfig) -> TransferGroups | None:
    """The groups among whom money moves, where customers send each other any."""
    if evidence.transfers is None:
        return None
    return find_transfer_groups(evidence.transfers, (config.candidates.min_size, config.largest), evidence.seed)


def _inside(
    evidence: Evidence,
    proposed: tuple[Candidates, TransferGroups | None],
    conditions: Sequence[Condition],
    measured: Measured,
    config: DetectConfig,
) -> Inside:
    """How surprising candidates are by what proposed them."""
    candidates, money = proposed
    agreement, judged = inside_agreement(evidence, candidates, measured.ties, config)
    honest = ~explained_innocently(candidates.groups, conditions)
    inside = judge_inside(candidates, agreement, judged, honest, config)
    return money.judged(candidates, honest, config.tail_bits, inside) if money else inside


def _judge(
    worlds: ChanceWorlds,
    candidates: Candidates,
    told: tuple[Sequence[Condition], Inside],
    seen: tuple[Measured, Corroboration, CalibrationWorlds],
    config: DetectConfig,
) -> Judge:
    evidence, shuffle = worlds.evidence, worlds.shuffle
    measured, observed, calibration = seen
    conditions, inside = told
    return Judge(
        candidates=candidates,
        corroboration=observed,
        inside=inside,
        calibration=calibration,
        judging=lambda world, some: worlds.corroboration(config.permutations // 2 + world, some, measured),
        conditions=conditions,
        conditioning=Conditioning(evidence, measured, shuffle),
        membership=Membership(evidence, measured, shuffle, config),
        config=config,
        seed=evidence.seed,
    )


def _results(
    bank: Bank,
    listing: Listing,
    found: tuple[Guard, SharedDirections, Weights, AlikePairs],
    embeddings: Mapping[str, Embeddings],
    config: DetectConfig,
) -> Results:
    watch, shared, weights, pairs = found
    judge, ids = listing.judge, bank.customer_ids
    tables = Tables(listing, ids, watch.rate_stated)
    rings = tables.rings()
    flagged = judge.candidates.groups.take(listing.rings[listing.flagged])
    apart, apart_members = communities(judge, flagged.members, ids)
    summary = {
        **_counts(bank, embeddings, rings, config),
        **_transfers(judge.conditioning.evidence),
        "expected_false_flags": _expected(listing) if watch.rate_stated else None,
        "rate_stated": watch.rate_stated,
        "unrated": watch.unrated,
        "guard": [asdict(check) for check in watch.checks],
        "shared_directions": named_directions(shared, bank.customers),
        "communities": len(apart),
        "worlds": {"calibrating": len(judge.calibration.full), "judging": len(judge.chance)},
        "alike_pairs": len(pairs.a),
        "seed": judge.seed,
        "weights": weights.described(judge.conditioning.evidence.sources),
    }
    return Results(
        rings=rings,
        members=tables.members(),
        perhaps=tables.perhaps(),
        links=tables.links(config.candidates),
        agreement=tables.agreement(),
        conditions=tables.conditions(),
        communities=apart,
        community_members=apart_members,
        pairs=pair_table(pairs, ids, watch.rate_stated),
        fairness=fairness(
            judge.conditions,
            [flagged[ring] for ring in range(flagged.count)],
            np.ones(len(ids), dtype=np.bool_),
            judge.seed,
        ),
        null=null_table(judge),
        calibration=watch.calibration,
        summary=summary,
    )


def _unrated(evidence: Evidence) -> Unrated | None:
    """Why no rate can be stated of such evidence, whatever it shows."""
    if not evidence.spaces:
        return Unrated.entities_alone if evidence.entities else Unrated.one_kind
    return Unrated.one_kind if evidence.kinds < 2 else None


def _transfers(evidence: Evidence) -> dict[str, Any]:
    """What customers send each other; nothing where they send nothing."""
    source = evidence.transfers
    if source is None:
        return {}
    relations = source.relations
    told = {
        "transfers": len(relations.moment),
        "relations": relations.count,
        "customers": int((relations.pays + relations.paid_by > 0).sum()),
        "hubs": int(source.hubs.sum()),
    }
    return {"between_customers": told}


def _expected(listing: Listing) -> float:
    """Flags expected to be false: the most that chance shows down to the last flag."""
    return float(listing.chance.expected_false(listing.adjusted.full[listing.flagged]).max(initial=0.0))


def _counts(
    bank: Bank, embeddings: Mapping[str, Embeddings], rings: pl.DataFrame, config: DetectConfig
) -> dict[str, Any]:
    flagged = rings.filter(pl.col("flagged"))
    return {
        "customers": len(bank.customers),
        "customers_with": {name: len(each.customer_ids) for name, each in sorted(embeddings.items())},
        "strata": bank.customers["stratum"].n_unique(),
        "rings": len(rings),
        "flagged": len(flagged),
        "flagged_by_basis": dict(sorted(flagged["basis"].value_counts().iter_rows())),
        "flagged_customers": int(flagged["size"].sum()),
        "explained": int((rings["explanation"] != "").sum()),
        "held": int((rings["held"] != "").sum()),
        "fdr": config.fdr,
        "data_hash": bank.data_hash,
        "model_hashes": {name: each.model_hash for name, each in sorted(embeddings.items())},
        "quarantined_rows": len(bank.quarantine),
        "placeholders": bank.written.counted(),
        "passed_over": counted(bank.passed_over),
    }

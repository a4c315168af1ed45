"""Candidates: spaces, pairs of spaces of one modality and entity columns propose, two modalities together never."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_bank import Simulation, bank_of, simulate

from ringsight.detection.candidates import Candidates, Proposer, propose
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.groups import Groups
from ringsight.detection.settings import CandidateConfig
from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings

N = 150
CONFIG = CandidateConfig(neighbours=10)


def facet(name: str, modality: str, seed: int, alike: np.ndarray, spread: float) -> Embeddings:
    """A space of one modality in which some customers are alike."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(N, 16))
    vectors[alike] = vectors[alike[0]] + spread * vectors[alike]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:04d}" for i in range(N)])
    return Embeddings(name, ids, vectors.astype(np.float32), "model", "data", modality)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(3, customers=N, rings=2)


def gathered(simulation: Simulation, embeddings: dict[str, Embeddings], **columns: Sequence[str | None]) -> Evidence:
    customers = simulation.bank.customers.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    return gather_evidence(customers, embeddings, list(columns), CONFIG, seed=0)


def test_who_proposes(simulation: Simulation):
    nobody = np.arange(1)
    spaces = [facet(name, "transactions", seed, nobody, 1.0) for seed, name in enumerate(["amounts", "days", "shops"])]
    embeddings = {each.space: each for each in spaces} | {"notes": simulation.embeddings["notes"]}
    devices = [f"d{i // 3}" if i < 30 else None for i in range(N)]
    evidence = gathered(simulation, embeddings, device=devices)
    proposers = propose(evidence, CONFIG).proposers
    assert [(each.name, each.modality) for each in proposers] == [
        ("notes", "notes"),
        ("amounts", "transactions"),
        ("days", "transactions"),
        ("shops", "transactions"),
        ("amounts + days", "transactions"),
        ("amounts + shops", "transactions"),
        ("days + shops", "transactions"),
        ("device", ""),
    ]
    for each in proposers:
        assert {evidence.spaces[space].modality for space in each.spaces} <= {each.modality}
        assert (each.entity >= 0) == (not each.spaces)


def test_two_spaces_together_propose_what_neither_shows_alone(simulation: Simulation):
    ring = np.arange(20, 27)
    best: dict[str, list[float]] = {"days": [], "shops": [], "days + shops": []}
    for seed in range(5):
        spaces = [facet(name, "transactions", 2 * seed + at, ring, 1.2) for at, name in enumerate(["days", "shops"])]
        candidates = propose(gathered(simulation, {each.space: each for each in spaces}), CONFIG)
        for number, proposer in enumerate(candidates.proposers):
            groups = [set(candidates.groups[int(row)].tolist()) for row in candidates.of(number)]
            overlap = [len(set(ring.tolist()) & group) / len(set(ring.tolist()) | group) for group in groups]
            best[proposer.name].append(max(overlap, default=0.0))
    assert np.mean(best["days + shops"]) > 0.1 + max(np.mean(best["days"]), np.mean(best["shops"]))


def test_candidates_are_sorted_distinct_and_large_enough(simulation: Simulation):
    candidates = propose(gathered(simulation, simulation.embeddings), CONFIG)
    seen = set()
    for number in range(candidates.groups.count):
        members = candidates.groups[number]
        assert len(members) >= CONFIG.min_size
        assert (np.diff(members) > 0).all()
        seen.add((int(candidates.proposer[number]), members.tobytes()))
    assert len(seen) >= 0.9 * candidates.groups.count  # a branch may be a community too


def test_planted_rings_are_among_them(simulation: Simulation):
    candidates = propose(gathered(simulation, simulation.embeddings), CONFIG)
    ids = simulation.bank.customer_ids
    groups = [set(ids[candidates.groups[row]].tolist()) for row in range(candidates.groups.count)]
    for ring in simulation.rings:
        assert any(len(ring & group) / len(ring | group) >= 0.8 for group in groups)


def test_some_customers_can_be_left_out():
    proposers = (Proposer("one", "notes", spaces=(0,)), Proposer("other", "notes", spaces=(1,)))
    groups = Groups.of([np.array(each) for each in ([1, 2, 3, 4], [1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 7])])
    candidates = Candidates(proposers, groups, np.array([0, 0, 1, 1, 1])).without(np.array([4]), minimum=3)
    left = [(int(candidates.proposer[row]), candidates.groups[row].tolist()) for row in range(candidates.groups.count)]
    assert left == [(0, [1, 2, 3]), (1, [1, 2, 3])]  # the first two are one candidate now, the others too small


def test_with_nobody_left_out_nothing_changes(simulation: Simulation):
    candidates = propose(gathered(simulation, simulation.embeddings), CONFIG)
    same = candidates.without(np.zeros(0, np.int64), CONFIG.min_size)
    assert set(zip(same.proposer.tolist(), map(bytes, map(np.ndarray.tobytes, _each(same))), strict=True)) == set(
        zip(candidates.proposer.tolist(), map(bytes, map(np.ndarray.tobytes, _each(candidates))), strict=True)
    )


def _each(candidates: Candidates) -> list[np.ndarray]:
    return [candidates.groups[row] for row in range(candidates.groups.count)]


def test_a_bank_with_nothing_to_compare_is_refused(simulation: Simulation):
    with pytest.raises(SettingsError, match="nothing to compare"):
        gathered(simulation, {})
    tiny = simulation.embeddings["notes"]
    two = replace(tiny, customer_ids=tiny.customer_ids[:2], vectors=tiny.vectors[:2])
    with pytest.raises(SettingsError, match="no space has 3 customers"):
        gathered(simulation, {"notes": two}, device=[None] * N)


def test_a_space_and_a_column_of_one_name_are_refused(simulation: Simulation):
    with pytest.raises(SettingsError, match="'notes' is the name of two evidence sources"):
        gathered(simulation, simulation.embeddings, notes=["same"] * 3 + [f"own {i}" for i in range(N - 3)])


def test_records_change_hands_among_those_who_have_the_same(simulation: Simulation):
    have = np.arange(N) % 2 == 0
    some = simulate(3, customers=N, rings=0, present={"notes": have}).embeddings["notes"]
    other = facet("wording", "notes", 1, np.arange(1), 1.0)
    evidence = gathered(simulation, {"notes": some, "wording": other})
    cells = evidence.cells_of("notes")
    strata = evidence.strata
    for cell in np.unique(cells):
        rows = np.flatnonzero(cells == cell)
        assert len(np.unique(strata[rows])) == 1
        assert len(np.unique(have[rows])) == 1
    assert len(np.unique(cells)) == 2 * len(np.unique(strata))


@pytest.mark.parametrize(
    "wrong", [{"neighbours": 0}, {"entity_cap": 1}, {"min_size": 2}, {"scales": []}, {"scales": [0]}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]):
    with pytest.raises(SettingsError, match=f"detect.candidates.{next(iter(wrong))}"):
        CandidateConfig(**wrong)  # type: ignore[arg-type]


def test_a_bank_of_one_stratum_needs_no_other(simulation: Simulation):
    customers = simulation.bank.customers.with_columns(stratum=pl.lit("all"))
    evidence = gather_evidence(bank_of(customers).customers, simulation.embeddings, [], CONFIG, seed=0)
    assert set(evidence.strata.tolist()) == {0}

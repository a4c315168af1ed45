"""Alike pairs: one person twice is found, a ring is not taken apart, and strangers are seldom taken for one."""

import numpy as np
import polars as pl
import pytest

from ringsight.detection.agreement import calibrate
from ringsight.detection.alike_pairs import AlikePairs, alike_pairs
from ringsight.detection.corroboration import Measured
from ringsight.detection.evidence import gather_evidence
from ringsight.detection.settings import CandidateConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections
from ringsight.detection.worlds import ChanceWorlds
from ringsight.records.embeddings import Embeddings

N = 300
MODALITIES = ("id_images", "notes", "transactions")


def pairs_of(
    seed: int,
    twice: list[tuple[int, int]] | None = None,
    ring: np.ndarray | None = None,
    noise: float = 0.3,
    modalities: tuple[str, ...] = MODALITIES,
) -> AlikePairs:
    """Alike pairs of random customers.

    Args:
        seed: of the vectors.
        twice: pairs of customers who are alike in everything.
        ring: customers who are alike in everything.
        noise: how much those who are alike differ.
        modalities: that the bank has.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i:04d}" for i in range(N)])
    embeddings = {}
    for name in modalities:
        vectors = rng.normal(size=(N, 16))
        for one, other in twice or []:
            vectors[other] = vectors[one] + noise * vectors[other]
        if ring is not None:
            vectors[ring] = vectors[ring[0]] + noise * vectors[ring]
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        embeddings[name] = Embeddings(name, ids, unit.astype(np.float32), "model", "data")
    customers = pl.DataFrame({"customer_id": ids, "stratum": "all"})
    evidence = gather_evidence(customers, embeddings, [], CandidateConfig(neighbours=20), seed=seed)
    nothing = SharedDirections(tuple(np.zeros((N, 0)) for _ in modalities), np.zeros(0), 0.0)
    shuffle = ConditionalShuffle(nothing, [evidence.cells_of(modality) for modality in evidence.modalities])
    measured = Measured(evidence.spaces, [calibrate(space, 0) for space in evidence.spaces])
    return alike_pairs(ChanceWorlds(evidence, shuffle), measured)


def listed(found: AlikePairs, rate: float = 0.05) -> set[tuple[int, int]]:
    kept = found.listed(rate)
    return set(zip(kept.a.tolist(), kept.b.tolist(), strict=True))


def test_who_are_alike_in_the_only_modality_there_is_are_not_told_from_chance():
    assert listed(pairs_of(0, TWICE, modalities=("notes",))) == set()


TWICE = [(3, 90), (17, 41), (100, 250), (120, 121)]


@pytest.mark.slow
def test_one_person_twice_is_found_and_strangers_keep_to_the_rate():
    found = [listed(pairs_of(seed, TWICE)) for seed in range(8)]
    assert np.mean([len(pairs & set(TWICE)) for pairs in found]) > 3.5
    assert np.mean([len(pairs - set(TWICE)) / max(len(pairs), 1) for pairs in found]) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_ring_is_no_pair(seed: int):
    ring = np.array([5, 6, 7, 8])
    found = listed(pairs_of(seed, TWICE, ring=ring))
    assert not [pair for pair in found if set(pair) <= set(ring.tolist())]


@pytest.mark.slow
def test_strangers_are_seldom_taken_for_one():
    assert sum(bool(listed(pairs_of(seed))) for seed in range(20)) <= 3


@pytest.mark.slow
def test_pairs_are_in_order_and_each_customer_is_in_one():
    found = pairs_of(0, TWICE)
    assert (np.diff(found.bits) <= 0).all()
    assert (np.diff(found.q_values) >= 0).all()
    assert (found.a < found.b).all()
    everybody = np.concatenate([found.a, found.b])
    assert len(np.unique(everybody)) == len(everybody)
    assert ((found.q_values >= 0) & (found.q_values <= 1)).all()


@pytest.mark.slow
def test_the_closer_the_surer():
    near, far = (pairs_of(1, TWICE, noise=noise) for noise in (0.05, 1.0))
    assert near.bits[:3].mean() > far.bits[:3].mean()

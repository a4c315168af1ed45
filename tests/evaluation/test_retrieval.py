"""Who is among the nearest: ring mates, of as many as there could be, and one's own other half."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ringsight.evaluation.measures import Share
from ringsight.evaluation.retrieval import own_views, ring_mates
from ringsight.evaluation.truth import Truth
from ringsight.records.embeddings import Embeddings

RINGS = {"R1": frozenset("abc"), "R2": frozenset("xy")}
TRUTH = Truth(Path("labels.csv"), frozenset("abcdefxy"), RINGS, {}, {})


def on_a_circle(ids: str, degrees: list[float]) -> Embeddings:
    angles = np.radians(degrees)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return Embeddings("notes", np.array(list(ids)), vectors, "m", "d")


def drawn(rng: np.random.Generator, customers: int, dim: int = 16) -> NDArray[np.float32]:
    vectors = rng.normal(size=(customers, dim))
    units: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


def test_ring_mates_count_of_as_many_as_there_could_be():
    space = on_a_circle("abcdef", [0, 1, 2, 90, 91, 92])
    assert ring_mates(space, TRUTH, k=2) == Share(6, 6)
    assert ring_mates(space, TRUTH, k=1) == Share(3, 3)
    apart = on_a_circle("abcdef", [0, 120, 240, 1, 121, 241])
    assert ring_mates(apart, TRUTH, k=1) == Share(0, 3)


def test_members_who_are_not_in_the_space_are_neither_looked_for_nor_missed():
    assert ring_mates(on_a_circle("abdx", [0, 1, 90, 180]), TRUTH, k=2) == Share(2, 2)


@pytest.mark.parametrize("ids", ["", "a", "dx"])
def test_a_space_without_two_of_a_ring_says_nothing(ids: str):
    assert ring_mates(on_a_circle(ids, [0.0] * len(ids)), TRUTH).value is None


def test_a_customer_is_found_again_where_both_halves_are_alike():
    rng = np.random.default_rng(0)
    ids, vectors = np.array([f"C{n:03}" for n in range(60)]), drawn(rng, 60)
    whole = Embeddings("notes", ids, vectors, "m", "d")
    assert own_views(whole, whole) == Share(60, 60)
    strangers = Embeddings("notes", ids, drawn(rng, 60), "m", "d")
    assert own_views(whole, strangers).part < 6  # one by lot
    half = Embeddings("notes", ids[30:], vectors[30:], "m", "d")
    assert own_views(whole, half) == Share(30, 30)


def test_views_that_nobody_is_in_both_of_say_nothing():
    assert own_views(on_a_circle("ab", [0, 1]), on_a_circle("cd", [0, 1])).value is None

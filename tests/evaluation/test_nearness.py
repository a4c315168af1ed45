"""Who is near whom by all spaces of a model together."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ringsight.evaluation.nearness import found_near
from ringsight.records.embeddings import JOINT, Embeddings

IDS = np.array([f"c{number:02d}" for number in range(60)])


def space(name: str, vectors: NDArray[np.float64], ids: NDArray[np.str_] = IDS) -> Embeddings:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(name, ids, unit.astype(np.float32), "model", "data")


@pytest.fixture
def vectors() -> NDArray[np.float64]:
    """Random, but for c00 and c01, who are alike."""
    drawn = np.random.default_rng(0).normal(size=(60, 16))
    drawn[1] = drawn[0] + 0.05 * drawn[1]
    return drawn


def test_those_alike_are_near_and_strangers_hardly_ever(vectors: NDArray[np.float64]):
    strangers = [(a, b) for a in IDS[2:20].tolist() for b in IDS[20:40].tolist()]
    near = found_near({"notes": space("notes", vectors)}, [("c01", "c00"), *strangers])
    assert near[0] == 1
    assert near[1:].mean() < 0.2


def test_all_spaces_count_but_the_joint_one(vectors: NDArray[np.float64]):
    other = space("transactions", np.random.default_rng(1).normal(size=(60, 16)))
    assert found_near({"transactions": other, JOINT: space(JOINT, vectors)}, [("c00", "c01")]) == [0]
    assert found_near({"transactions": other, "notes": space("notes", vectors)}, [("c00", "c01")]) == [1]


def test_customers_of_whom_nothing_is_known_are_near_nobody(vectors: NDArray[np.float64]):
    spaces = {"notes": space("notes", vectors)}
    assert found_near(spaces, [("c00", "gone"), ("a", "zz"), ("c00", "c01")]).tolist() == [0, 0, 1]
    assert found_near({}, [("c00", "c01")]).tolist() == [0]
    assert found_near(spaces, []).tolist() == []

"""A map says how far to trust it, and marks who is what."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from two_nights import space_of, unit

from ringsight.drift.night_map import night_map
from ringsight.drift.settings import Flat
from ringsight.errors import SettingsError

IDS = np.array([f"C{number:02d}" for number in range(25)])
LABELS = {
    "segment": {customer: "ab"[number % 2] for number, customer in enumerate(IDS.tolist())},
    "ring": {"C00": "R1", "C01": "R1"},
}


def test_what_is_flat_already_is_drawn_as_it_is():
    angles = np.linspace(0, 2, len(IDS))
    drawn = night_map(unit(IDS, np.stack([np.cos(angles), np.sin(angles)], axis=1)), LABELS, Flat.tsne, 100, 5, 0)
    assert drawn is not None
    (trust,) = drawn.trust  # too few for t-SNE
    assert trust.kept == 1
    assert trust.trustworthiness == pytest.approx(1, abs=0.01)
    assert trust.chance == pytest.approx(5 / 24)
    assert [(panel.kind, panel.name, len(panel.marked)) for panel in drawn.panels] == [
        ("segment", "a", 13),
        ("segment", "b", 12),
        ("ring", "members of flagged rings", 2),
    ]


def test_in_many_dimensions_neighbours_are_lost_and_the_map_says_so():
    drawn = night_map(space_of(IDS, 0), {}, Flat.tsne, 100, 5, 0)
    assert drawn is not None
    assert drawn.trust[0].kept < 0.9


@pytest.mark.parametrize("space", [space_of(IDS[:3], 0), unit(IDS, np.ones((25, 4)))], ids=["three", "constant"])
def test_what_cannot_be_drawn_is_left_out(space: Any):  # noqa: ANN401
    assert night_map(space, LABELS, Flat.tsne, 100, 5, 0) is None


def test_a_large_space_is_drawn_in_part():
    drawn = night_map(space_of(IDS, 0), {}, Flat.tsne, 20, 5, 0)
    assert drawn is not None
    assert len(drawn.customer_ids) == 20


def test_umap_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(SettingsError, match=r"ringsight\[umap\]"):
        night_map(space_of(IDS, 0), {}, Flat.umap, 100, 5, 0)


def test_umap_draws_where_it_is_there(monkeypatch: pytest.MonkeyPatch):
    class Stub:
        def __init__(self, **settings: object) -> None:
            assert settings["random_state"] == 3

        def fit_transform(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
            return vectors[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Stub))
    drawn = night_map(space_of(IDS, 0), {}, Flat.umap, 100, 5, 3)
    assert drawn is not None
    assert drawn.method == "UMAP"
